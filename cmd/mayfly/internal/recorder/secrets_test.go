package recorder_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"mayfly/cmd/mayfly/internal/recorder"
)

// TestSecretsAreNotShown: wherever a credential stands, no answer of the API has it.
func TestSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.send(reading, "X-Api-Key", key, "Cookie", "session=cookie-secret", "Authorization", "Bearer token-secret")
	for _, target := range []string{"/requests", "/requests/1", "/requests/1/export",
		"/requests/1/export?devices=replace", "/requests/1/sample"} {
		text := s.ask(http.MethodGet, target, "").Body.String()
		if strings.Contains(text, "-secret") {
			t.Errorf("%s shows a secret: %s", target, text)
		}
	}
	d := get[recorder.Detail](s, "/requests/1")
	if d.Request.Hidden != 5 || !strings.HasPrefix(d.Request.Query, "token=[hidden-") ||
		!strings.HasSuffix(d.Request.Query, "]&x=1") {
		t.Errorf("%+v", d.Request)
	}
}

// TestSignatureIsNotShown: what a source's signature names is hidden, whatever it is called and whoever refused the
// request, and comes back when the request is sent again.
func TestSignatureIsNotShown(t *testing.T) {
	t.Parallel()
	s := newStageOf(t, config+"    signature: {scheme: token, secrets: [whatever-was-agreed-on], "+
		"header: x-acme-verify, query: hook, members: [pin, meta.word, code]}\n")
	send := func(target, mediaType, body string, header ...string) {
		s.sendTo(target, body, append(header, "Content-Type", mediaType, "X-Acme-Verify", "header-proof")...)
	}
	const signed = `{"readings":[{"id":"pump-1","t":21.50,"meta":{"word":"kept"}}],"pin":8807,"code":"body-proof",` +
		`"meta":{"word":"inner-proof"}}`
	send("/api/acme?hook=query-proof", "application/json", signed, "X-Api-Key", key)
	send("/api/acme?hook=query-proof", "application/json", "["+signed+"]", "X-Api-Key", key)
	send("/api/acme?hook=query-proof", "application/json", signed)
	send("/api/ingest?hook=query-proof", "application/json", signed)
	send("/api/acme?hook=query-proof", "application/x-www-form-urlencoded", "pin=8807&code=body-proof", "X-Api-Key",
		key)
	for id := 1; id <= 5; id++ {
		for _, target := range []string{"", "/export", "/sample"} {
			text := s.ask(http.MethodGet, fmt.Sprintf("/requests/%d%s", id, target), "").Body.String()
			if strings.Contains(text, "-proof") || strings.Contains(text, "8807") {
				t.Errorf("%d%s shows a secret: %s", id, target, text)
			}
		}
	}
	d := get[recorder.Detail](s, "/requests/1")
	if !strings.Contains(d.Request.Body.Text, `"meta":{"word":"kept"}`) || d.Explain.Parts[0].Messages == nil {
		t.Errorf("%+v %+v", d.Request, d.Explain)
	}
	edit, _ := json.Marshal(map[string]any{"body": d.Request.Body.Text,
		"headers": d.Request.Headers})
	_ = read[recorder.Summary](s, s.ask(http.MethodPost, "/requests/1/again", string(edit)))
	if list := get[[]recorder.Summary](s, "/requests?q=body-proof+inner-proof&after=5"); len(list) != 1 {
		t.Errorf("%+v", list)
	}
}

// TestCurl: the command sends what came, whatever that is: it reads no file that the sender names, and no pattern.
func TestCurl(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for i, tt := range []struct{ body, want string }{
		{"@/etc/passwd", " --data-raw @/etc/passwd"}, {"@-", " --data-raw @-"}, {"it's", ` --data-raw 'it'\''s'`},
		{"\xff@", "echo /0A= | base64 -d | curl -g -i -X POST "}, {"\xff@", " --data-binary @-"},
	} {
		s.sendTo("/api/acme?a[]=1&b={1,2}", tt.body, "X-Api-Key", key)
		got := get[recorder.Detail](s, fmt.Sprintf("/requests/%d", i+1)).Curl
		if !strings.Contains(got, tt.want) || !strings.Contains(got, "curl -g -i -X POST '"+s.bridge.URL+
			"/api/acme?a[]=1&b={1,2}'") {
			t.Errorf("%q: %q is missing in\n%s", tt.body, tt.want, got)
		}
	}
}
