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
	"sync"
	"sync/atomic"
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
	rec := recorder.New(recorder.Options{Explain: trial.NewStage(transformer, options), Config: recorder.ConfigFile(file)})
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
	send("/api/acme?hook=query-proof", "application/x-www-form-urlencoded", "pin=8807&code=body-proof", "X-Api-Key", key)
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
		{"/requests/1/again", `{"method":"A B"}`, http.StatusBadGateway},
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

// TestSample: a request becomes a sample, which is written once its difference was shown.
func TestSample(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.send(reading, "X-Api-Key", key)
	saved := get[recorder.Saved](s, "/requests/1/sample?name=it's+warm")
	if !strings.Contains(saved.Diff, "+     samples:") || !strings.Contains(saved.YAML, "it''s warm") {
		t.Fatalf("%+v", saved)
	}
	if w := s.ask(http.MethodPost, "/requests/1/sample", `{"version":"other"}`); w.Code != http.StatusConflict {
		t.Errorf("another version: %d", w.Code)
	}
	for range 2 {
		saved = get[recorder.Saved](s, "/requests/1/sample?name=warm")
		body := fmt.Sprintf(`{"name":"warm","version":%q}`, saved.Version)
		if got := read[recorder.Saved](s, s.ask(http.MethodPost, "/requests/1/sample", body)); !got.Written {
			t.Errorf("%+v", got)
		}
	}
	report := function.CheckFile(nil, s.file)
	if len(report.Faults) != 0 {
		text, _ := os.ReadFile(s.file)
		t.Errorf("%+v\n%s", report.Faults, text)
	}
	s.send(reading)
	if w := s.ask(http.MethodGet, "/requests/2/sample", ""); w.Code != http.StatusBadRequest {
		t.Errorf("a request of no source: %d", w.Code)
	}
}

// TestSampleIsWhole: messages that the page does not show are not left out of a sample; there is none.
func TestSampleIsWhole(t *testing.T) {
	t.Parallel()
	s := newStageOf(t, "sources:\n  - {name: acme, each: '.readings[]', deviceId: .id, payload: .p | unhex, "+
		"codec: log.js}\n",
		"log.js", `function decodeUplink(input) {
			const rows = [];
			for (let i = 0; i < input.bytes[0]; i++) rows.push({timestamp: 1773482400 + i, t: i});
			return {data: rows};
		}`)
	const one = `{"id":"pump-1","p":"01"}`
	many := strings.Repeat(one+",", 50) + one
	for i, tt := range []struct {
		readings string
		more     int
		want     int
	}{
		{many[:50*(len(one)+1)-1], 0, http.StatusOK}, {many, 1, http.StatusBadRequest},
		{`{"id":"pump-1","p":"32"}`, 0, http.StatusOK},
		{`{"id":"pump-1","p":"33"}`, 1, http.StatusBadRequest},
	} {
		s.send(`{"readings":[`+tt.readings+`]}`, "X-Api-Key", key)
		d := get[recorder.Detail](s, fmt.Sprintf("/requests/%d", i+1))
		w := s.ask(http.MethodGet, fmt.Sprintf("/requests/%d/sample", i+1), "")
		if d.Explain.More != tt.more || w.Code != tt.want {
			t.Errorf("%d: %d more, %d %s", i+1, d.Explain.More, w.Code, w.Body)
		}
	}
}

// TestSaveAtOnce: of those who have seen the same difference, one writes; the file is whole at any time.
func TestSaveAtOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.send(reading, "X-Api-Key", key)
	saved := get[recorder.Saved](s, "/requests/1/sample?name=warm")
	link := filepath.Join(filepath.Dir(s.file), "link")
	before, err := os.Stat(s.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Link(s.file, link); err != nil { // as one who has the file open
		t.Fatal(err)
	}
	var written atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			w := s.ask(http.MethodPost, "/requests/1/sample", fmt.Sprintf(`{"name":"warm","version":%q}`, saved.Version))
			if w.Code == http.StatusOK {
				written.Add(1)
			} else if w.Code != http.StatusConflict {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	wg.Wait()
	if n := written.Load(); n != 1 {
		t.Errorf("written %d times, want once", n)
	}
	if text, _ := os.ReadFile(link); string(text) != config {
		t.Error("the file was changed under the hands of its readers")
	}
	after, err := os.Stat(s.file)
	if err != nil || after.Mode() != before.Mode() {
		t.Errorf("%v: the mode was %v", err, before.Mode())
	}
	if entries, _ := os.ReadDir(filepath.Dir(s.file)); len(entries) != 2 {
		t.Errorf("%v are in the folder, want the file and the link", entries)
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
	send := func(body string) {
		r := httptest.NewRequest(http.MethodPost, "/api/acme", strings.NewReader(body))
		r.Header.Set("X-Long", strings.Repeat("h", 100_000))
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	s := &stage{t: t, rec: rec, api: rec.API()}
	send(strings.Repeat("b", 3<<20) + "\xff")
	d := get[recorder.Detail](s, "/requests/1")
	if !d.Request.Cut || !d.Request.Body.Cut || len(d.Request.Body.Text) != 1<<20 || len(d.Answer.Body) > 16<<10 {
		t.Errorf("%v %v %d %d", d.Request.Cut, d.Request.Body.Cut, len(d.Request.Body.Text), len(d.Answer.Body))
	}
	for _, why := range []string{"/requests/1/again", "/requests/1/sample"} {
		if w := s.ask(http.MethodPost, why, ""); w.Code != http.StatusBadRequest {
			t.Errorf("%s of a part of a request: %d", why, w.Code)
		}
	}
	for range 60 {
		send(strings.Repeat("b", 1<<20))
	}
	if list := get[[]recorder.Summary](s, "/requests"); len(list) > 32 || len(list) < 20 {
		t.Errorf("%d requests of 1 MiB are kept", len(list))
	}
}
