package transform

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"mayfly/transform/codec"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
	"mayfly/transform/rules"
	"mayfly/transform/sources"
)

// Transformer reads bodies.
type Transformer struct {
	validate *rules.Rules
	sources  map[string]*lazySource
	order    []string              // in which Detect asks: the user's own first, then the built-in ones
	index    func() *sources.Index // of them
	language func() *mapping.Language
	engine   codec.Engine    // runs scripts
	machine  mapping.Machine // runs what plans do not cover; nil: this process
	tables   mapping.Tables  // whose rows expressions find; may be nil
}

// lazySource is a source. A built-in one is compiled when it is first needed: a cold
// start does not pay for sources that it does not use.
type lazySource struct {
	compile *Transformer // nil where the source is there
	name    string
	once    sync.Once
	source  *Source
	err     error
	hints   []string
}

func (l *lazySource) get() (*Source, error) {
	l.once.Do(func() {
		if l.compile != nil {
			l.source, l.err = l.compile.builtin(l.name)
		}
	})
	return l.source, l.err
}

// New makes a Transformer with the built-in sources.
func New() *Transformer {
	t := &Transformer{
		validate: &rules.Rules{},
		order:    sources.Names(),
		engine:   codec.InProcess{},
	}
	t.sources = make(map[string]*lazySource, len(t.order))
	t.language = sync.OnceValue(func() *mapping.Language { return t.languageOf(message.Zone{}, "") })
	lazy := make([]lazySource, len(t.order))
	for i, name := range t.order {
		l := &lazy[i]
		l.compile, l.name, l.hints = t, name, sources.Hints(name)
		t.sources[name] = l
	}
	t.indexed()
	return t
}

// indexed has the sources that may be a request's looked for anew.
func (t *Transformer) indexed() {
	t.index = sync.OnceValue(func() *sources.Index {
		return sources.NewIndex(t.order, func(name string) []string { return t.sources[name].hints })
	})
}

// WithCodecs sets what runs scripts, [codec.InProcess] otherwise, and expressions where it
// is a [mapping.Machine]. It is for the start, before sources are added.
func (t *Transformer) WithCodecs(engine codec.Engine) *Transformer {
	t.engine = engine
	t.machine, _ = engine.(mapping.Machine)
	return t
}

// Language is that of expressions without a source.
func (t *Transformer) Language() *mapping.Language { return t.language() }

// WithTables has the function row find rows of tables. It is for the start, before sources are added.
func (t *Transformer) WithTables(tables mapping.Tables) { t.tables = tables }

// Tables are those; nil without any.
func (t *Transformer) Tables() mapping.Tables { return t.tables }

func (t *Transformer) languageOf(zone message.Zone, name string) *mapping.Language {
	return mapping.NewLanguage(zone).WithTables(t.tables).On(t.machine, name)
}

// SourceNames lists the sources, sorted.
func (t *Transformer) SourceNames() []string { return slices.Sorted(maps.Keys(t.sources)) }

// Source gives a source by its name; nil where there is none. The error says
// why a source does not compile.
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
