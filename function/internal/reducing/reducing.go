package reducing

import (
	"mayfly/function/internal/config"
	"mayfly/transform/message"
	"mayfly/transform/reduce"
)

// Reducer reduces readings. It is safe for concurrent use.
type Reducer struct{ of *config.Reducers }

// Of returns nil where nothing is reduced.
func Of(c *config.Config) *Reducer {
	if c.Reduce == nil {
		return nil
	}
	return &Reducer{c.Reduce}
}

// What a message takes while it is reduced, in bytes: the values of its body, and what is kept of it.
const (
	perMessage = 1024
	perByte    = 20
)

// Reduce reduces the messages of a request, in place: see [reduce.Reducer.Apply]. The source is empty for messages in
// Mayfly's own formats. room, which may be nil, is asked for the memory that it takes; the error is the room's.
func (r *Reducer) Reduce(source string, messages []*message.Message, room message.Room) ([]int, error) {
	stand := make([]int, len(messages))
	of := map[*reduce.Reducer][]int{}
	var bytes int64
	for i, m := range messages {
		if how := r.of.For(source, m.Fleet); how != nil {
			of[how] = append(of[how], i)
			bytes += perMessage + perByte*int64(len(m.Body))
			continue
		}
		stand[i] = 1
	}
	if room != nil {
		if err := room.Take(bytes); err != nil {
			return nil, err
		}
		defer room.Give(bytes)
	}
	for how, indexes := range of {
		part := make([]*message.Message, len(indexes))
		for i, at := range indexes {
			part[i] = messages[at]
		}
		for i, n := range how.Apply(part) {
			stand[indexes[i]] = n
		}
	}
	return stand, nil
}
