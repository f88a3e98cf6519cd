package downlink_test

import (
	"encoding/json"
	"testing"

	"mayfly/transform/downlink"
	"mayfly/transform/message"
)

// A result is JSON, and small, whatever a device tells.
func FuzzReadResult(f *testing.F) {
	f.Add("c-1", "200", []byte(`{"on":true}`))
	f.Add("c-1", "", []byte(`{"status":"404","payload":"no"}`))
	f.Fuzz(func(t *testing.T, id, status string, body []byte) {
		r := &message.Request{Body: body, Query: map[string][]string{"status": {status}}}
		m, err := downlink.ReadResult(r, "dev-1", id)
		if err != nil {
			return
		}
		if !json.Valid(m.Body) || m.Correlates != id || len(m.Body) > 6*len(body)+1000 {
			t.Errorf("%q %q %q: %s", id, status, body, m.Body)
		}
	})
}
