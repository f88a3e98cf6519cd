package function

import (
	"net/http"

	"mayfly/function/internal/delivery"
	"mayfly/function/internal/enriching"
	"mayfly/transform/message"
)

// enrich adds to the messages what tables and look-ups have for them. A message that must have a row and has none is
// refused, alone. While look-ups are waited for, the hubs of the devices are found. done ends that.
func (s *Service) enrich(r *http.Request, d *decoded) (done func()) {
	if s.enricher == nil {
		return func() {}
	}
	// By what was sent: a resend may be enriched in another way.
	delivery.Identify(d.messages, r.Header.Get("Idempotency-Key"))
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
	done = func() {}
	ctx := r.Context()
	answerBy := recordOf(ctx).arrived.Add(d.patience)
	if s.enricher.Lookups != nil {
		hubs := s.delivery.Prepare(ctx, messages, answerBy)
		done = hubs.End
		defer hubs.Over()
	}
	for i, err := range s.enricher.Enrich(ctx, &enriching.Request{
		Source: source, Messages: messages, Until: enriching.Until(ctx, s.now(), answerBy), Room: d.request.Room,
	}) {
		of[i].err = err
	}
	return done
}
