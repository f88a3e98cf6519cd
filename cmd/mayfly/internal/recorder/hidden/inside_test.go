package hidden_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"mayfly/cmd/mayfly/internal/recorder/hidden"
)

// TestSecretsInside: credentials in lists of names and values, in texts that hold JSON, and in URLs are hidden.
func TestSecretsInside(t *testing.T) {
	t.Parallel()
	coded := base64.StdEncoding.EncodeToString([]byte(`{"t":1,"token":"hush-1"}`))
	for name, body := range map[string]string{
		"a name and a value": `{"id":"d","values":[{"name":"token","value":"hush-1"},{"name":"t","value":"1"}]}`,
		"SenML":              `[{"bn":"d","n":"t","v":1},{"n":"password","vs":"hush-1"}]`,
		"OTLP":               `{"id":"d","a":[{"key":"api_key","value":{"stringValue":"hush-1"}}]}`,
		"JSON in a text":     `{"id":"d","data":"{\"t\":1,\"token\":\"hush-1\"}"}`,
		"JSON in base64":     `{"id":"d","data":"` + coded + `"}`,
		"a URL":              `{"id":"d","downlink_url":"https://x.example/down?key=hush-1&a=b"}`,
	} {
		var s hidden.Secrets
		got := string(s.Body([]byte(body), "application/json", nil))
		if strings.Contains(got, "hush") || strings.Contains(got, coded) || !strings.Contains(got, "[hidden-") ||
			!strings.Contains(got, `"d"`) {
			t.Errorf("%s: %s", name, got)
		}
		if left := s.Scrub(`{"token":"hush-1"}`); strings.Contains(left, "hush") {
			t.Errorf("%s: %s is in what was made of it", name, left)
		}
		if back := s.Reveal(got); back != body {
			t.Errorf("%s: came back as %s", name, back)
		}
	}
}
