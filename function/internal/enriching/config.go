package enriching

import (
	"context"
	"net/http"
	"time"

	"mayfly/function/internal/config"
	"mayfly/function/internal/lookup"
	"mayfly/function/internal/metrics"
	"mayfly/function/internal/tables"
	"mayfly/internal/secret"
	"mayfly/transform/enrich"
)

// Dependencies are what an Enricher needs from outside.
type Dependencies struct {
	Tables    *tables.Set
	Metrics   *metrics.Set
	Transport http.RoundTripper // of look-ups; nil: one that only reaches what it may
	Secrets   *secret.Loader
	Now       func() time.Time
	Heap      int64 // of the process; 0: not limited

	// LookupCall observes the calls of look-ups, as lookup.Options has it; may be nil.
	LookupCall func(context.Context, string, *http.Request) func(*http.Response, error)
}

// Of makes what adds to messages as a configuration says; nil where nothing does.
func Of(c *config.Config, d *Dependencies) *Enricher {
	finders := make(map[string]Finder, len(c.Tables))
	for i := range c.Tables {
		name := c.Tables[i].Name
		finders[name] = Rows{d.Tables.Table(name)}
	}
	o := &Options{
		Now:   d.Now,
		Steps: &c.Enrich, Tables: finders,
		Count: func(step string, outcome enrich.Outcome) {
			d.Metrics.Add(metrics.Enrichments, 1, step, string(outcome))
		},
	}
	if set := lookups(c, d); set != nil {
		o.Lookups = &measured{set, d}
	}
	return New(o)
}

// lookups makes the look-ups of a configuration; nil where there are none.
func lookups(c *config.Config, d *Dependencies) *lookup.Set {
	memory := int64(lookup.DefaultMemory)
	if d.Heap > 0 {
		memory = min(memory, d.Heap/16)
	}
	return lookup.New(&lookup.Options{
		Definitions: c.Lookups, Secrets: d.Secrets, Transport: d.Transport, Now: d.Now, Memory: int(memory),
		Observe: d.LookupCall,
	})
}

// measured counts look-ups, and measures the time that messages wait for them.
type measured struct {
	set *lookup.Set
	*Dependencies
}

// Get implements [Looker].
func (m *measured) Get(ctx context.Context, name string, in *lookup.Input) lookup.Result {
	began := m.Now()
	got := m.set.Get(ctx, name, in)
	outcome := string(got.State)
	if got.State == lookup.Failed {
		outcome = got.Err.Kind.Name()
	}
	m.Metrics.Add(metrics.Lookups, 1, name, outcome)
	m.Metrics.Observe(metrics.LookupDuration, m.Now().Sub(began), name)
	return got
}
