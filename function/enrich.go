package function

import (
	"context"

	"mayfly/function/internal/config"
	"mayfly/function/internal/enriching"
	"mayfly/function/internal/metrics"
	"mayfly/transform/enrich"
	"mayfly/transform/message"
)

// newEnricher makes what adds to messages; nil where nothing does.
func (s *Service) newEnricher(c *config.Config) *enriching.Enricher {
	finders := make(map[string]enriching.Finder, len(c.Tables))
	for i := range c.Tables {
		finders[c.Tables[i].Name] = enriching.Rows{Table: c.Tables[i].Rows}
	}
	return enriching.New(&enriching.Options{
		Steps: &c.Enrich, Tables: finders,
		Count: func(step string, outcome enrich.Outcome) {
			s.metrics.Add(metrics.Enrichments, 1, step, string(outcome))
		},
	})
}

// enrich adds to the messages what tables and look-ups have for them. A message that must have a row and has none is
// refused, alone.
func (s *Service) enrich(ctx context.Context, d *decoded) {
	if s.enricher == nil {
		return
	}
	source := ""
	if d.mapped != nil {
		source = d.source
	}
	var messages []*message.Message
	var of []*item
	for i := range d.items {
		if it := &d.items[i]; it.err == nil && it.message >= 0 {
			messages, of = append(messages, &d.messages[it.message]), append(of, it)
		}
	}
	for i, err := range s.enricher.Enrich(ctx, source, messages) {
		of[i].err = err
	}
}
