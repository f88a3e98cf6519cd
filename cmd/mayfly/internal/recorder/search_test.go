package recorder

import (
	"net/http"
	"testing"

	"mayfly/function"
)

// TestSearch: the terms of the search language.
func TestSearch(t *testing.T) {
	t.Parallel()
	e := &entry{method: http.MethodPost, path: "/api/tts", query: "x=a%20b", status: 422,
		body: []byte(`{"Temperature":21.5,"text":"Grüße"}`), outcome: &function.Finished{Source: "tts",
			Path: "/api/ingest", Devices: []string{"Pump-17"}, Code: "invalid-message", Status: 422, Ignored: 1}}
	for _, tt := range []struct {
		search string
		want   bool
	}{
		{"", true}, {"source:tts", true}, {"source:t*s", true}, {"source:tt", false}, {"source:*", true},
		{"status:422", true}, {"status:4xx", true}, {"status:5xx", false}, {"-status:5xx", true},
		{"device:pump-*", true}, {"device:PUMP-17", true}, {"device:ump-*", false}, {"device:*-1*7", true},
		{"code:invalid-*", true}, {"method:post", true}, {"path:/api/*", true}, {"is:refused", true},
		{"is:ignored", true}, {"is:detected", true}, {"is:delivered", false}, {"temperature", true},
		{"TEMPERATURE 21.5", true}, {`"temperature\":21"`, false}, {`"21.5,"`, true}, {"-temperature", false},
		{"source:tts status:4xx device:pump-* temperature", true}, {"source:tts humidity", false}, {"a b", true},
		{`"a b"`, true}, {"unknown:field", false}, {"source:", true}, {"-", true}, {"grüße", true}, {"pump", true},
	} {
		s, err := parseSearch(tt.search)
		if err != nil {
			t.Errorf("%s: %v", tt.search, err)
			continue
		}
		if got := s.matches(e); got != tt.want {
			t.Errorf("%s: %v", tt.search, got)
		}
	}
}
