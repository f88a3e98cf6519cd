package transform

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Transformer reads bodies.
type Transformer struct {
	validate *rules
	sources  map[string]*lazySource
	order    []string // as Detect asks: the user's own first, then the built-in ones
	language func() *language
	bare     bool // without samples
}

// lazySource is compiled when it is first asked for: a cold start pays for no
// source that nobody uses.
type lazySource struct {
	load  func() (*Source, error)
	hints func() []string
	once  sync.Once
	made  *Source
	err   error
}

func (l *lazySource) get() (*Source, error) {
	l.once.Do(func() { l.made, l.err = l.load() })
	return l.made, l.err
}

// New makes a Transformer with the built-in sources.
func New() *Transformer {
	t := &Transformer{validate: &rules{}, sources: map[string]*lazySource{}, language: sync.OnceValue(newLanguage)}
	for _, name := range builtinNames() {
		t.sources[name] = &lazySource{
			load:  func() (*Source, error) { return t.builtin(name) },
			hints: sync.OnceValue(func() []string { return hintsOf(builtinText(name)) }),
		}
		t.order = append(t.order, name)
	}
	slices.Sort(t.order)
	return t
}

// WithoutSamples leaves the samples of the built-in sources unread. They are most
// of a source's text and prove it to people; a first request need not wait for
// them. It is for the start.
func (t *Transformer) WithoutSamples() *Transformer {
	t.bare = true
	return t
}

// SourceNames lists the sources, sorted.
func (t *Transformer) SourceNames() []string { return slices.Sorted(maps.Keys(t.sources)) }

// Source gives a source by its name; nil when there is none. The error is of a
// source that does not compile.
func (t *Transformer) Source(name string) (*Source, error) {
	l, ok := t.sources[name]
	if !ok {
		return nil, nil
	}
	s, err := l.get()
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", name, err)
	}
	return s, nil
}
