package message_test

import (
	"errors"
	"testing"

	"mayfly/transform/message"
)

// purse is a room of some bytes.
type purse struct{ left int64 }

var errEmpty = errors.New("empty")

func (p *purse) Take(n int64) error {
	if n > p.left {
		return errEmpty
	}
	p.left -= n
	return nil
}

func (p *purse) Give(n int64) { p.left += n }

// A meter asks for memory in steps, stops at what there is, and gives back what was
// taken since a mark.
func TestMeter(t *testing.T) {
	t.Parallel()
	room := &purse{left: 1 << 20}
	r := &message.Request{Room: room, MaxMessages: 3}
	m := r.Meter()
	if err := m.Bytes(1000); err != nil || room.left != 1<<20 {
		t.Errorf("a small body: %v, %d left", err, room.left)
	}
	if err := m.Bytes(100_000); err != nil || room.left > 1<<20-100_000 {
		t.Errorf("a larger one: %v, %d left", err, room.left)
	}
	before, mark := room.left, m.Mark()
	inner := (&message.Request{}).Within(r)
	if err := inner.Meter().Values(2000); err != nil || room.left == before {
		t.Errorf("a part: %v, %d left", err, room.left)
	}
	if m.Back(mark); room.left != before {
		t.Errorf("%d left, want %d", room.left, before)
	}
	if err := m.Bytes(2 << 20); !errors.Is(err, errEmpty) {
		t.Errorf("past the room: %v", err)
	}
	if m.Messages(3) != nil || !message.Is(m.Messages(4), message.TooLarge) {
		t.Error("3 messages are allowed, 4 are not")
	}
	lone := new(message.Request).Meter()
	if err := lone.Bytes(message.MaxMemory); err != nil {
		t.Error(err)
	}
	if err := lone.Bytes(1); !message.Is(err, message.TooLarge) {
		t.Errorf("past the bound of one body: %v", err)
	}
	for name, count := range map[string]func(*message.Meter) error{
		"values":  func(m *message.Meter) error { return m.Values(message.MaxValues) },
		"objects": func(m *message.Meter) error { return containers((*message.Meter).Object, m) },
		"arrays":  func(m *message.Meter) error { return containers((*message.Meter).Array, m) },
	} {
		m := new(message.Request).Meter()
		if err := count(m); err != nil {
			t.Errorf("%s to the bound: %v", name, err)
		}
		if errors.Join(m.Values(1), m.Object()) == nil {
			t.Errorf("%s past the bound", name)
		}
	}
}

func containers(one func(*message.Meter) error, m *message.Meter) error {
	for range message.MaxContainers {
		if err := one(m); err != nil {
			return err
		}
	}
	return nil
}
