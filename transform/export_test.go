package transform

import "slices"

// Only has Detect ask some of the sources alone.
func (t *Transformer) Only(names []string) *Transformer {
	t.order = slices.DeleteFunc(t.order, func(name string) bool { return !slices.Contains(names, name) })
	t.indexed()
	return t
}
