package media

import "mayfly/transform/message"

// budget counts what a body becomes with the meter of its request. Without one, as in
// tests, it has a meter of its own.
type budget struct {
	meter *message.Meter
	// records says that the elements of a list are not messages, but become fewer.
	records bool
	notes   *Notes // what is left out goes here
}

func budgetOf(r *message.Request, notes *Notes) budget { return budget{meter: r.Meter(), notes: notes} }

func (b *budget) of() *message.Meter {
	if b.meter == nil {
		b.meter = (&message.Request{}).Meter()
	}
	return b.meter
}

// value counts a value that is not an array or object, with a text of some bytes.
func (b *budget) value(text int) error {
	if err := b.of().Values(1); err != nil {
		return err
	}
	return b.meter.Bytes(text)
}

// name counts the place of a member in an object, with a name of some bytes.
func (b *budget) name(text int) error {
	if err := b.of().Members(1); err != nil {
		return err
	}
	return b.meter.Bytes(text)
}

// member counts a value with its name in an object.
func (b *budget) member(name, text int) error { return b.of().Member(name, text) }

// object counts an object with n members, whose values are counted besides.
func (b *budget) object(n int) error {
	if err := b.of().Object(); err != nil {
		return err
	}
	return b.meter.Members(n)
}

// array counts an array with n elements, whose values are counted besides.
func (b *budget) array(n int) error {
	if err := b.of().Array(); err != nil {
		return err
	}
	return b.meter.Elements(n)
}
