package httpquery

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"

	"mayfly/transform/message"
)

// about are the parameters of the device route that say something about the message.
var about = []string{"modelId", "gatewayId", "component", "messageId", "timestamp", "fleet", "wait", "hono-ttd"}

// AsForm makes a form of the query of a request without a body, for senders that can write their measurements nowhere
// else. What says something about the message stays in the query. It reports whether there is anything left.
func AsForm(r *message.Request) bool {
	if len(bytes.TrimSpace(r.Body)) > 0 {
		return true
	}
	form := url.Values{}
	for name, values := range r.Query {
		if !slices.Contains(about, name) {
			form[name] = values
		}
	}
	r.Body = []byte(form.Encode())
	header := http.Header(r.Header).Clone()
	header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header = header
	return len(form) > 0
}
