package function

import (
	"slices"

	"mayfly/transform/message"
	"mayfly/transform/reduce"
)

// sourceName gives the source by which the steps of the configuration are chosen: empty for Mayfly's own formats.
func (d *decoded) sourceName() string {
	if d.mapped == nil {
		return ""
	}
	return d.source
}

// open gives the messages that are not refused, with their items.
func (d *decoded) open() (messages []*message.Message, of []*item) {
	for i := range d.items {
		if it := &d.items[i]; it.err == nil && it.message >= 0 {
			messages, of = append(messages, &d.messages[it.message]), append(of, it)
		}
	}
	return messages, of
}

// reduce makes fewer messages of the readings of a request. The item of a message remembers for how many it stands. The
// error is for a request that takes too much memory.
func (s *Service) reduce(d *decoded) error {
	if s.reducer == nil {
		return nil
	}
	messages, of := d.open()
	stand, err := s.reducer.Reduce(d.sourceName(), messages, d.request.Room)
	for i, n := range stand {
		if of[i].joined = n - 1; n == reduce.Unchanged {
			d.leftOut++
		}
	}
	d.items = slices.DeleteFunc(d.items, func(it item) bool { return it.joined < 0 })
	return err
}
