package enriching

import (
	"mayfly/function/internal/config"
	"mayfly/function/internal/metrics"
	"mayfly/function/internal/tables"
	"mayfly/transform/enrich"
)

// Of makes what adds to messages as a configuration says; nil where nothing does.
func Of(c *config.Config, from *tables.Set, counted *metrics.Set) *Enricher {
	finders := make(map[string]Finder, len(c.Tables))
	for i := range c.Tables {
		name := c.Tables[i].Name
		finders[name] = Rows{from.Table(name)}
	}
	return New(&Options{
		Steps: &c.Enrich, Tables: finders,
		Count: func(step string, outcome enrich.Outcome) {
			counted.Add(metrics.Enrichments, 1, step, string(outcome))
		},
	})
}
