package media

import "mayfly/transform/message"

// budget counts the values of a body, so that none becomes much larger in memory
// than it is.
type budget struct{ values, containers int }

func (b *budget) value() error {
	if b.values++; b.values > message.MaxValues {
		return tooMuch()
	}
	return nil
}

func (b *budget) container() error {
	if b.containers++; b.containers > message.MaxContainers {
		return tooMuch()
	}
	return b.value()
}

func tooMuch() *message.Error {
	return &message.Error{Kind: message.Invalid, Detail: "the body holds too many values", Fields: []message.FieldError{
		{Path: "body", Rule: "max", Hint: "may hold 250000 values at most, 100000 of them objects and arrays"},
	}}
}
