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

// Reduce reduces the messages of a request, in place: see [reduce.Reducer.Apply]. The source is empty for messages in
// Mayfly's own formats.
func (r *Reducer) Reduce(source string, messages []*message.Message) []int {
	stand := make([]int, len(messages))
	of := map[*reduce.Reducer][]int{}
	for i, m := range messages {
		if how := r.of.For(source, m.Fleet); how != nil {
			of[how] = append(of[how], i)
			continue
		}
		stand[i] = 1
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
	return stand
}
