package config

import (
	"fmt"

	"mayfly/transform/reduce"
)

// Reducers say how the readings of a request are reduced; nil where they are not.
type Reducers struct {
	global  *reduce.Reducer
	sources map[string]*reduce.Reducer // before the fleet's
	fleets  map[string]*reduce.Reducer // before the global one
}

// For returns the reducer of a message. The source is empty for messages in Mayfly's own formats.
func (r *Reducers) For(source, fleet string) *reduce.Reducer {
	if how, ok := r.sources[source]; ok {
		return how
	}
	if how, ok := r.fleets[fleet]; ok {
		return how
	}
	return r.global
}

// checkReduce makes the reducers of the file.
func (c *Config) checkReduce(file *File) {
	out := &Reducers{sources: map[string]*reduce.Reducer{}, fleets: map[string]*reduce.Reducer{}}
	some := false
	compile := func(prefix string, spec *reduce.Spec) *reduce.Reducer {
		r, faults := reduce.New(spec)
		for _, fault := range faults {
			file.add(prefix+"reduce."+fault.Field, "%s", fault.Problem)
		}
		some = some || r != nil
		return r
	}
	if file.Reduce != nil {
		out.global = compile("", file.Reduce)
	}
	for i := range c.Sources {
		if s := &c.Sources[i]; s.Reduce != nil {
			out.sources[s.Name] = compile(fmt.Sprintf("sources[%d].", i), s.Reduce)
		}
	}
	for i := range file.Fleets {
		if f := &file.Fleets[i]; f.Reduce != nil {
			out.fleets[f.Name] = compile(fmt.Sprintf("fleets[%d].", i), f.Reduce)
		}
	}
	if some {
		c.Reduce = out
	}
}
