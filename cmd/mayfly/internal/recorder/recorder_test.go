package recorder_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayfly/cmd/mayfly/internal/recorder"
	"mayfly/cmd/mayfly/internal/trial"
	"mayfly/function"
)

const config = `sources:
  - name: acme
    each: .readings[]
    deviceId: .id
    measurements: "{temperature: .t}"
    envelope: has("id")
    ignore: has("joining")
`

// stage is a bridge of which only the recorder is real. It delivers what comes to /api/acme, ignores bodies with
// "joining", and refuses what has no key with 401 before it reads the body.
type stage struct {
	t      *testing.T
	rec    *recorder.Recorder
	bridge *httptest.Server
	api    http.Handler
	file   string
}

func newStage(t *testing.T) *stage {
	t.Helper()
	return newStageOf(t, config)
}

// newStageOf has a configuration, and other files by their names and texts.
func newStageOf(t *testing.T, config string, files ...string) *stage {
	t.Helper()
	file := filepath.Join(t.TempDir(), "mayfly.yaml")
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(filepath.Dir(file), files[i]), []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	transformer, options, err := trial.Load(nil, file)
	if err != nil {
		t.Fatal(err)
	}
	rec := recorder.New(recorder.Options{Explain: trial.NewStage(transformer, options),
		Config: recorder.ConfigFile(file)})
	s := &stage{t: t, rec: rec, api: rec.API(), file: file}
	s.bridge = httptest.NewServer(rec.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := &function.Finished{Method: r.Method, Path: r.URL.Path}
		status, text := s.serve(r, f)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
		if r.URL.Path != "/healthz" {
			rec.Finished(func(*function.Finished) {})(r.Context(), f)
		}
	})))
	t.Cleanup(s.bridge.Close)
	rec.Listening(strings.TrimPrefix(s.bridge.URL, "http://"))
	return s
}

func (s *stage) serve(r *http.Request, f *function.Finished) (int, string) {
	if r.Header.Get("X-Api-Key") == "" {
		f.Status, f.Code, f.Detail = http.StatusUnauthorized, "unauthenticated", "no credential"
		return f.Status, "who are you"
	}
	body, _ := io.ReadAll(r.Body)
	f.Source, f.Caller = "acme", "farm"
	if bytes.Contains(body, []byte("joining")) {
		f.Ignored, f.Reasons = 1, []string{"not telemetry"}
		return http.StatusOK, "{}"
	}
	f.Delivered, f.Messages, f.Devices = 1, 1, []string{"pump-1"}
	return http.StatusOK, `{"delivered":1}`
}

func (s *stage) send(body string, header ...string) {
	s.t.Helper()
	s.sendTo("/api/acme?token=query-secret&x=1", body, header...)
}

func (s *stage) sendTo(target, body string, header ...string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.bridge.URL+target, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
}

func (s *stage) ask(method, target, body string) *httptest.ResponseRecorder {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(body)))
	return w
}

func get[T any](s *stage, target string) T {
	s.t.Helper()
	return read[T](s, s.ask(http.MethodGet, target, ""))
}

func read[T any](s *stage, w *httptest.ResponseRecorder) T {
	s.t.Helper()
	var v T
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil || w.Code != http.StatusOK {
		s.t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return v
}

const (
	reading = `{"readings":[{"id":"pump-1","t":21.50}],"password":"body-secret"}`
	key     = "header-secret"
)

// TestRecord: what is shown of each kind of request.
func TestRecord(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.send(reading, "X-Api-Key", key)
	s.send(`{"joining":true}`, "X-Api-Key", key)
	s.send(reading)
	if res, err := http.Get(s.bridge.URL + "/healthz"); err == nil {
		_ = res.Body.Close()
	}
	list := get[[]recorder.Summary](s, "/requests")
	if len(list) != 3 {
		t.Fatalf("%d requests are kept, want 3: %+v", len(list), list)
	}
	for i, want := range []string{"delivered", "ignored", "refused"} {
		if list[i].Outcome != want || list[i].ID != uint64(i+1) {
			t.Errorf("request %d: %+v", i+1, list[i])
		}
	}
	d := get[recorder.Detail](s, "/requests/1")
	if d.Caller != "farm" || d.How != "named" || d.Answer.Body != `{"delivered":1}` || len(d.Timeline) != 5 {
		t.Errorf("%+v", d)
	}
	if x := d.Explain; x == nil || len(x.Parts) != 1 || x.Parts[0].Messages[0].Body != `{"temperature":21.50}` ||
		x.Parts[0].Steps[1].Name != "ignore" {
		t.Errorf("%+v", d.Explain)
	}
	if d = get[recorder.Detail](s, "/requests/2"); !strings.Contains(d.Advice, "ignore of the source acme") ||
		d.Explain == nil {
		t.Errorf("ignored: %q %+v", d.Advice, d.Explain)
	}
	d = get[recorder.Detail](s, "/requests/3")
	if d.Problem == nil || d.Problem.Code != "unauthenticated" || d.Advice != "send a key that the bridge knows" ||
		d.Explain != nil || !strings.Contains(d.Request.Body.Text, "pump-1") {
		t.Errorf("refused: %+v", d)
	}
}

// TestAgain: a request is sent with the credentials that are not shown, as it was or edited.
func TestAgain(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.send(reading, "X-Api-Key", key)
	got := read[recorder.Summary](s, s.ask(http.MethodPost, "/requests/1/again", ""))
	if got.ID != 2 || got.Again != 1 || got.Outcome != "delivered" {
		t.Errorf("as it was: %+v", got)
	}
	first, second := get[recorder.Detail](s, "/requests/1"), get[recorder.Detail](s, "/requests/2")
	if first.Request.Body != second.Request.Body ||
		fmt.Sprint(first.Request.Headers) != fmt.Sprint(second.Request.Headers) {
		t.Errorf("sent again:\n%+v\n%+v", first.Request, second.Request)
	}
	edit, _ := json.Marshal(map[string]any{"body": `{"joining":1}`, "headers": first.Request.Headers})
	got = read[recorder.Summary](s, s.ask(http.MethodPost, "/requests/1/again", string(edit)))
	if got.Outcome != "ignored" {
		t.Errorf("edited: %+v", got)
	}
	got = read[recorder.Summary](s, s.ask(http.MethodPost, "/requests/1/again", `{"headers":[]}`))
	if got.Code != "unauthenticated" {
		t.Errorf("without a key: %+v", got)
	}
	for _, tt := range []struct {
		target, body string
		want         int
	}{
		{"/requests/99/again", "", http.StatusNotFound}, {"/requests/x/again", "", http.StatusBadRequest},
		{"/requests/1/again", "{", http.StatusBadRequest},
		{"/requests/1/again", `{"base64":"%"}`, http.StatusBadRequest},
		{"/requests/1/again", `{"method":"A B"}`, http.StatusBadRequest},
		{"/requests/1/again", `{"path":"/healthz"}`, http.StatusBadGateway},
	} {
		if w := s.ask(http.MethodPost, tt.target, tt.body); w.Code != tt.want {
			t.Errorf("%s %s: %d %s", tt.target, tt.body, w.Code, w.Body)
		}
	}
	s.send("x", "Mayfly-Again", "guessed", "X-Api-Key", key)
	if list := get[[]recorder.Summary](s, "/requests?count=1"); list[0].Again != 0 {
		t.Error("a sender says that it repeats a request, and is believed")
	}
}

// TestCompressed: a body is shown, searched and edited decompressed, and sent again as it came.
func TestCompressed(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(w, reading)
	_ = w.Close()
	s.send(zipped.String(), "Content-Encoding", "gzip", "X-Api-Key", key)
	d := get[recorder.Detail](s, "/requests/1")
	if d.Request.Body.Size != len(reading) || !d.Request.Body.JSON || int(d.Request.Body.Received) != zipped.Len() {
		t.Errorf("%+v", d.Request.Body)
	}
	if list := get[[]recorder.Summary](s, "/requests?q=readings"); len(list) != 1 {
		t.Error("a compressed body is not searched")
	}
	_ = read[recorder.Summary](s, s.ask(http.MethodPost, "/requests/1/again", ""))
	if again := get[recorder.Detail](s, "/requests/2"); again.Request.Body != d.Request.Body {
		t.Errorf("%+v", again.Request.Body)
	}
	s.send("not gzip", "Content-Encoding", "gzip", "X-Api-Key", key)
	if d = get[recorder.Detail](s, "/requests/3"); d.Request.Body.Error == "" || d.Request.Body.Text != "not gzip" {
		t.Errorf("%+v", d.Request.Body)
	}
}

// TestExport: a request goes to another recorder, with other names for its devices.
func TestExport(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.send(reading, "X-Api-Key", key)
	file := s.ask(http.MethodGet, "/requests/1/export?devices=replace", "").Body.String()
	if strings.Contains(file, "pump") || !strings.Contains(file, `\"id\":\"device-1\"`) {
		t.Errorf("%s", file)
	}
	other := newStage(t)
	got := read[recorder.Summary](other, other.ask(http.MethodPost, "/requests", file))
	if !got.Imported || got.ID != 1 || got.Devices[0] != "device-1" {
		t.Errorf("%+v", got)
	}
	if d := get[recorder.Detail](other, "/requests/1"); len(d.Timeline) != 5 || d.Explain == nil {
		t.Errorf("%+v", d)
	}
	if list := get[[]recorder.Summary](other, "/requests?q=is:imported+device:device-*+readings"); len(list) != 1 {
		t.Error("an imported request is not found")
	}
	if again := read[recorder.Summary](other, other.ask(http.MethodPost, "/requests/1/again", "")); again.Again != 1 {
		t.Errorf("%+v", again)
	}
	for _, wrong := range []string{"", "{}", `{"format":"mayfly-request/1"}`, `[]`,
		`{"format":"mayfly-request/1","request":{"request":{"method":"POST","path":"x"}}}`,
		`{"format":"mayfly-request/1","request":{"request":{"method":"POST","path":"/","body":{"base64":"%"}}}}`} {
		if w := other.ask(http.MethodPost, "/requests", wrong); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", wrong, w.Code)
		}
	}
}

// TestWait: a search waits for requests that come later.
func TestWait(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	done := make(chan []recorder.Summary)
	go func() { done <- get[[]recorder.Summary](s, "/requests?q=is:ignored&count=2&wait=1m") }()
	for range 2 {
		s.send(`{"joining":1}`, "X-Api-Key", key)
		s.send(reading, "X-Api-Key", key)
	}
	if list := <-done; len(list) != 2 || list[0].ID != 1 || list[1].ID != 3 {
		t.Errorf("%+v", list)
	}
	w := s.ask(http.MethodGet, "/requests?code=none&wait=1ms&count=2", "")
	if w.Header().Get("Mayfly-Missing") != "2" || strings.TrimSpace(w.Body.String()) != "[]" {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
	if w := s.ask(http.MethodDelete, "/requests", ""); w.Code != http.StatusNoContent {
		t.Errorf("clear: %d", w.Code)
	}
	if list := get[[]recorder.Summary](s, "/requests"); len(list) != 0 {
		t.Errorf("after clear: %+v", list)
	}
	for _, query := range []string{"q=status:9z", "q=is:lost", "after=x", "count=-1", "wait=1", "since=x", "format=x",
		"q=" + strings.Repeat("x", 2000)} {
		if w := s.ask(http.MethodGet, "/requests?"+query, ""); w.Code != http.StatusBadRequest {
			t.Errorf("%.20s: %d", query, w.Code)
		}
	}
}

// TestBounds: what is kept has a bound in number and in bytes, whatever comes.
func TestBounds(t *testing.T) {
	t.Parallel()
	rec := recorder.New(recorder.Options{Now: func() time.Time { return time.Unix(0, 0) }})
	h := rec.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = w.Write(bytes.Repeat([]byte("a"), 100_000))
		rec.Finished(func(*function.Finished) {})(r.Context(), &function.Finished{Source: "acme", Path: r.URL.Path})
	}))
	long := 30_000
	send := func(body string) {
		r := httptest.NewRequest(http.MethodPost, "/api/acme", strings.NewReader(body))
		r.Header.Set("X-Long", strings.Repeat("h", long))
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	s := &stage{t: t, rec: rec, api: rec.API()}
	send(strings.Repeat("b", 3<<20) + "\xff")
	d := get[recorder.Detail](s, "/requests/1")
	if d.Request.Cut || !d.Request.Body.Cut || len(d.Request.Body.Text) != 1<<20 || len(d.Answer.Body) > 16<<10 {
		t.Errorf("%v %v %d %d", d.Request.Cut, d.Request.Body.Cut, len(d.Request.Body.Text), len(d.Answer.Body))
	}
	for _, why := range []string{"/requests/1/again", "/requests/1/sample"} {
		if w := s.ask(http.MethodPost, why, ""); w.Code != http.StatusBadRequest {
			t.Errorf("%s of a part of a request: %d", why, w.Code)
		}
	}
	long = 100_000
	send("")
	if d := get[recorder.Detail](s, "/requests/2"); !d.Request.Cut || len(d.Request.Headers[0][1]) > 64<<10 {
		t.Errorf("%v %d", d.Request.Cut, len(d.Request.Headers[0][1]))
	}
	long = 30_000
	for range 60 {
		send(strings.Repeat("b", 1<<20))
	}
	if list := get[[]recorder.Summary](s, "/requests"); len(list) > 32 || len(list) < 20 {
		t.Errorf("%d requests of 1 MiB are kept", len(list))
	}
}
