package function

import (
	"context"

	"mayfly/transform/message"
)

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
