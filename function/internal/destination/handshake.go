package destination

import "net/http"

// AnswerHandshake answers the handshake by which a sender of CloudEvents asks
// whether it may deliver here (cloudevents/spec, http-webhook.md section 4). It
// comes without credentials and gives nothing away: deliveries are authorised
// each.
func AnswerHandshake(w http.ResponseWriter, r *http.Request) bool {
	origin := r.Header.Get("Webhook-Request-Origin")
	if r.Method != http.MethodOptions || origin == "" {
		return false
	}
	h := w.Header()
	h.Set("Webhook-Allowed-Origin", origin)
	if rate := r.Header.Get("Webhook-Request-Rate"); rate != "" {
		h.Set("Webhook-Allowed-Rate", rate)
	}
	h.Set("Allow", http.MethodPost)
	w.WriteHeader(http.StatusOK)
	return true
}
