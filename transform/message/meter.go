package message

import (
	"cmp"
	"fmt"
)

// Room is memory that the bodies of many requests share. Take asks for some more of
// it, in bytes, before it is used; its error, an [Error] of kind Busy or TooLarge,
// ends the request. Give gives it back. Whoever made the room takes back the rest.
type Room interface {
	Take(bytes int64) error
	Give(bytes int64)
}

// What values take in memory, in bytes, their texts apart: a little more than measured,
// since lists and maps grow by copying.
const (
	scalarBytes  = 64
	elementBytes = 32 // in its list
	memberBytes  = 80 // in its object, the name apart
	arrayBytes   = 96
	objectBytes  = 384
	messageBytes = 512

	meterStep = 32 << 10 // of memory is asked for at a time, so that it costs little
)

// Meter bounds what the body of one request becomes: in values, in messages, and in
// memory. It serves one goroutine.
type Meter struct {
	room        Room // nil: memory is not counted
	maxMessages int
	max         int64 // bytes

	values, containers int
	owed, taken        int64 // bytes that are not yet, and those that are asked for
}

// Meter gives the meter of the request: always the same one.
func (r *Request) Meter() *Meter {
	if r.meter == nil {
		r.meter = &Meter{
			room: r.Room, maxMessages: cmp.Or(r.MaxMessages, MaxMessages),
			max: max(MaxMemory, 8*int64(len(r.Body))),
		}
	}
	return r.meter
}

// Within makes a request that is a part of another one, such as the data of an event,
// count with it.
func (r *Request) Within(whole *Request) *Request {
	r.meter = whole.Meter()
	return r
}

// Bytes counts memory.
func (m *Meter) Bytes(n int) error {
	m.owed += int64(n)
	switch {
	case m.taken+m.owed > m.max:
		return &Error{Kind: TooLarge, Detail: "the body takes too much memory; send less at a time"}
	case m.owed < meterStep || m.room == nil:
		return nil
	}
	if err := m.room.Take(m.owed); err != nil {
		return err
	}
	m.taken += m.owed
	m.owed = 0
	return nil
}

// Values counts n values that are not arrays or objects.
func (m *Meter) Values(n int) error {
	if m.values += n; m.values > MaxValues {
		return tooManyValues()
	}
	return m.Bytes(n * scalarBytes)
}

// Array counts an array, without its elements.
func (m *Meter) Array() error { return m.container(arrayBytes) }

// Object counts an object, without its members.
func (m *Meter) Object() error { return m.container(objectBytes) }

func (m *Meter) container(bytes int) error {
	if m.containers++; m.containers > MaxContainers {
		return tooManyValues()
	}
	if m.values++; m.values > MaxValues {
		return tooManyValues()
	}
	return m.Bytes(bytes)
}

// Elements counts the places of n elements in an array. The values count besides.
func (m *Meter) Elements(n int) error { return m.Bytes(n * elementBytes) }

// Members counts the places of n members in an object. Names and values count besides.
func (m *Meter) Members(n int) error { return m.Bytes(n * memberBytes) }

// Member counts a member of an object that is not an array or object, with a name and a
// text of some bytes.
func (m *Meter) Member(name, text int) error {
	if err := m.Members(1); err != nil {
		return err
	}
	if err := m.Bytes(name + text); err != nil {
		return err
	}
	return m.Values(1)
}

// Message counts a message with a body of n bytes.
func (m *Meter) Message(n int) error { return m.Bytes(messageBytes + n) }

// Messages refuses a body that holds n messages, or has held n so far, if it may not
// hold so many.
func (m *Meter) Messages(n int) error {
	if n <= m.maxMessages {
		return nil
	}
	return &Error{Kind: TooLarge, Detail: fmt.Sprintf("the body holds more than %d messages", m.maxMessages)}
}

// Mark is what a meter has counted.
type Mark struct {
	values, containers int
	owed, taken        int64
}

// Mark remembers what was counted, for Back.
func (m *Meter) Mark() Mark { return Mark{m.values, m.containers, m.owed, m.taken} }

// Back forgets what was counted since the mark: what it was is not in use any more.
func (m *Meter) Back(to Mark) {
	if more := m.taken - to.taken; more > 0 {
		m.room.Give(more)
	}
	m.values, m.containers, m.owed, m.taken = to.values, to.containers, 0, to.taken
}

func tooManyValues() *Error {
	return &Error{Kind: Invalid, Detail: "the body holds too many values", Fields: []FieldError{
		{Path: "body", Rule: "max", Hint: fmt.Sprintf("may hold %d values at most, %d of them objects and arrays",
			MaxValues, MaxContainers)},
	}}
}

// Estimate tells about how many bytes a value takes in memory, of which limit are
// looked at. What is in it several times counts each time.
func Estimate(value any, limit int) int {
	switch value := value.(type) {
	case string:
		return scalarBytes + len(value)
	case []any:
		n := arrayBytes
		for _, element := range value {
			if n += elementBytes; n > limit {
				return n
			}
			n += Estimate(element, limit-n)
		}
		return n
	case map[string]any:
		n := objectBytes
		for name, member := range value {
			if n += memberBytes + len(name); n > limit {
				return n
			}
			n += Estimate(member, limit-n)
		}
		return n
	}
	return scalarBytes
}
