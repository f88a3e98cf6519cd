package function

import (
	"net/http"

	"mayfly/function/internal/delivery"
	"mayfly/function/internal/enriching"
)

// enrich adds to the messages what tables and look-ups have for them. A message that must have a row and has none is
// refused, alone. While look-ups are waited for, the hubs of the devices are found. done ends that.
func (s *Service) enrich(r *http.Request, d *decoded) (done func()) {
	if s.enricher == nil {
		return func() {}
	}
	// By what was sent: a resend may be enriched in another way.
	delivery.Identify(d.messages, r.Header.Get("Idempotency-Key"))
	messages, of := d.open()
	done = func() {}
	ctx := r.Context()
	answerBy := recordOf(ctx).arrived.Add(d.patience)
	if s.enricher.Lookups != nil {
		hubs := s.delivery.Prepare(ctx, messages, answerBy)
		done = hubs.End
		defer hubs.Over()
	}
	for i, err := range s.enricher.Enrich(ctx, &enriching.Request{
		Source: d.sourceName(), Messages: messages, Until: enriching.Until(ctx, s.now(), answerBy),
		Room: d.request.Room,
	}) {
		of[i].err = err
	}
	return done
}
