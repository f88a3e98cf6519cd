package transform

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// Transformer reads bodies.
type Transformer struct {
	validate *rules
	sources  func() *sources // made when first asked for
	language func() *mapping.Language
	bare     bool // without samples
}

// sources are all that there are.
type sources struct {
	named map[string]*lazySource
	order []string // as Detect asks: the user's own first, then the built-in ones
}

// lazySource is a source. A built-in one is compiled when it is first asked for: a
// cold start does not pay for sources that it does not use.
type lazySource struct {
	builtin string // its name; empty for a user's own
	of      *Transformer

	compile sync.Once
	made    *Source
	err     error

	look  sync.Once
	hints []string
}

func (l *lazySource) get() (*Source, error) {
	if l.builtin != "" {
		l.compile.Do(func() { l.made, l.err = l.of.builtin(l.builtin) })
	}
	return l.made, l.err
}

// hinted tells whether a request may be of this source.
func (l *lazySource) hinted(r *message.Request) bool {
	if l.builtin != "" {
		l.look.Do(func() { l.hints = hintsOf(builtinText(l.builtin)) })
	}
	return hinted(l.hints, r)
}

// New makes a Transformer with the built-in sources.
func New() *Transformer {
	t := &Transformer{validate: &rules{}, language: sync.OnceValue(mapping.NewLanguage)}
	t.sources = sync.OnceValue(func() *sources {
		names := builtinNames()
		s := &sources{named: make(map[string]*lazySource, len(names)), order: names}
		for _, name := range names {
			s.named[name] = &lazySource{builtin: name, of: t}
		}
		return s
	})
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
func (t *Transformer) SourceNames() []string { return slices.Sorted(maps.Keys(t.sources().named)) }

// Source gives a source by its name; nil where there is none. The error says
// why a source does not compile.
func (t *Transformer) Source(name string) (*Source, error) {
	l, ok := t.sources().named[name]
	if !ok {
		return nil, nil
	}
	s, err := l.get()
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", name, err)
	}
	return s, nil
}
