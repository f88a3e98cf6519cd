package destination

import (
	"encoding/json"
	"net/http"
	"strings"
)

// AnswerValidation answers the event by which Event Grid asks whether it may deliver here, in its own schema
// (azure-docs, event-grid/end-point-validation-event-grid-events-schema.md). Its sender has been authenticated.
func AnswerValidation(w http.ResponseWriter, r *http.Request, body []byte) bool {
	if !strings.EqualFold(r.Header.Get("Aeg-Event-Type"), "SubscriptionValidation") {
		return false
	}
	var events []struct {
		Type string `json:"eventType"`
		Data struct {
			Code string `json:"validationCode"`
		} `json:"data"`
	}
	if json.Unmarshal(body, &events) != nil || len(events) != 1 || events[0].Data.Code == "" ||
		events[0].Type != "Microsoft.EventGrid.SubscriptionValidationEvent" {
		return false
	}
	answer, _ := json.Marshal(map[string]string{"validationResponse": events[0].Data.Code}) // texts always marshal
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(append(answer, '\n'))
	return true
}

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
