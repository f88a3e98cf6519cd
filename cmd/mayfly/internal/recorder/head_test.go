package recorder_test

import (
	"net/http"
	"strings"
	"testing"

	"mayfly/cmd/mayfly/internal/recorder"
)

// TestLargeHead: a head that the bridge does not take is refused as the bridge does, and shown.
func TestLargeHead(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.send(reading, "X-Api-Key", key, "X-Long", strings.Repeat("y", 30_000))
	s.send(reading, "X-Api-Key", key, "X-Long", strings.Repeat("y", 60_000))
	d := get[recorder.Detail](s, "/requests/1")
	if d.Status != http.StatusOK {
		t.Errorf("30 KB: %+v", d.Summary)
	}
	d = get[recorder.Detail](s, "/requests/2")
	if d.Status != http.StatusRequestHeaderFieldsTooLarge || d.Outcome != "refused" || d.Advice == "" ||
		d.Problem == nil || !strings.Contains(d.Problem.Detail, "the bridge takes 32 KiB") {
		t.Errorf("60 KB: %+v %+v", d.Summary, d.Problem)
	}
	long := 0
	for _, h := range d.Request.Headers {
		long = max(long, len(h[1]))
	}
	if long != 60_000 {
		t.Errorf("the header is shown with %d bytes", long)
	}
}

// TestAgainIsStrict: what would be ignored, or cannot be sent, is told before anything is sent.
func TestAgainIsStrict(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.send(reading, "X-Api-Key", key)
	for body, want := range map[string]string{
		`{"bodi":"x"}`:                 `unknown field \"bodi\"`,
		`{"body":"x","base64":"eA=="}`: "one of them is wanted",
		`{"headers":[["A\nB","x"]]}`:   "invalid header field name",
		`{"headers":[["A","x\ny"]]}`:   "invalid header field value",
		`{"method":"P ST"}`:            "cannot be sent",
		`{} {}`:                        "something behind",
	} {
		w := s.ask(http.MethodPost, "/requests/1/again", body)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	if list := get[[]recorder.Summary](s, "/requests"); len(list) != 1 {
		t.Errorf("%d requests", len(list))
	}
}

// TestEmptyMessage: a message in which nothing is, is told, since its expressions are not at fault.
func TestEmptyMessage(t *testing.T) {
	t.Parallel()
	s := newStageOf(t, strings.ReplaceAll(config, "{temperature: .t}", "{temperature: .temp} | drop_nulls"))
	s.send(reading, "X-Api-Key", key)
	d := get[recorder.Detail](s, "/requests/1")
	if len(d.Explain.Notes) != 1 || !strings.Contains(d.Explain.Notes[0], "the message of pump-1 is empty") {
		t.Errorf("%q", d.Explain.Notes)
	}
}
