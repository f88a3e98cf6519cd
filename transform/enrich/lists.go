package enrich

// Lists are the steps of a configuration.
type Lists struct {
	Global  []*Compiled
	Sources map[string][]*Compiled // before the fleet's; an empty list is one
	Fleets  map[string][]*Compiled // before the global ones
}

// For returns the steps of a message. The source is empty for messages in Mayfly's own formats.
func (l *Lists) For(source, fleet string) []*Compiled {
	if steps, ok := l.Sources[source]; ok {
		return steps
	}
	if steps, ok := l.Fleets[fleet]; ok {
		return steps
	}
	return l.Global
}

// All returns every step of every list.
func (l *Lists) All() []*Compiled {
	all := append([]*Compiled(nil), l.Global...)
	for _, lists := range []map[string][]*Compiled{l.Sources, l.Fleets} {
		for _, steps := range lists {
			all = append(all, steps...)
		}
	}
	return all
}
