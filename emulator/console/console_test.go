package console_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mayfly/emulator"
	"mayfly/emulator/console"
)

// newConsole returns the console as a browser gets it: the page behind the emulator's guards.
func newConsole(t *testing.T, o console.Options) (*emulator.Emulator, http.Handler) {
	t.Helper()
	var page http.Handler
	e, err := emulator.New(emulator.Config{Page: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page.ServeHTTP(w, r)
	})})
	if err != nil {
		t.Fatal(err)
	}
	page = console.Handler(e, o)
	return e, e.ConsoleHandler()
}

func ask(t *testing.T, h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "127.0.0.1:7080"
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func decode[T any](t *testing.T, w *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return v
}

func TestEveryAnswerHasThePolicy(t *testing.T) {
	t.Parallel()
	_, h := newConsole(t, console.Options{})
	for _, target := range []string{"/", "/page/main.js", "/page/style.css", "/favicon.ico", "/console/info",
		"/nothing"} {
		w := ask(t, h, http.MethodGet, target, "")
		policy := w.Header().Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'",
			"connect-src 'self'", "img-src 'self' data:", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: policy %q lacks %s", target, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", target, w.Header())
		}
	}
}

// TestPageFollowsPolicy reads the page's files: what the policy forbids must not stand in them.
func TestPageFollowsPolicy(t *testing.T) {
	t.Parallel()
	_, h := newConsole(t, console.Options{})
	files, err := fs.Glob(os.DirFS("page"), "*")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	wrong := map[string]*regexp.Regexp{
		"something from outside": regexp.MustCompile(`(?i)(src|href)=["']?(https?:)?//|@import|url\(|from ["']https?:`),
		"inline script or style": regexp.MustCompile(`(?i)<script(?: [^>]*)?>[^<]|<style|\sstyle=|\son[a-z]+=["']`),
		"HTML from text": regexp.MustCompile(
			`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function`),
	}
	for _, name := range files {
		text, err := os.ReadFile(path.Join("page", name))
		if err != nil {
			t.Fatal(err)
		}
		for what, pattern := range wrong {
			if found := pattern.Find(text); found != nil {
				t.Errorf("%s has %s: %q", name, what, found)
			}
		}
		w := ask(t, h, http.MethodGet, "/page/"+name, "")
		if name != "index.html" && (w.Code != http.StatusOK || w.Body.String() != string(text)) {
			t.Errorf("%s is answered with %d", name, w.Code)
		}
	}
	// Every module and style that is named is there.
	index := ask(t, h, http.MethodGet, "/", "").Body.String()
	for _, m := range regexp.MustCompile(`"/page/([^"]+)"`).FindAllStringSubmatch(index, -1) {
		if _, err := os.Stat(path.Join("page", m[1])); err != nil {
			t.Error(err)
		}
	}
}

func TestOtherHostsAreRefused(t *testing.T) {
	t.Parallel()
	_, h := newConsole(t, console.Options{Playground: echo{}})
	for _, tt := range []struct {
		name, method, target string
		header               []string
		want                 int
	}{
		{"by address", http.MethodGet, "/", nil, http.StatusOK},
		{"by name", http.MethodGet, "/", []string{"Host", "localhost:7080"}, http.StatusOK},
		{"by a name that leads here", http.MethodGet, "/", []string{"Host", "rebound.example:7080"},
			http.StatusForbidden},
		{"its data by such a name", http.MethodGet, "/console/info", []string{"Host", "rebound.example"},
			http.StatusForbidden},
		{"a trial from the page", http.MethodPost, "/console/try", []string{"Origin", "http://127.0.0.1:7080",
			"Sec-Fetch-Site", "same-origin"}, http.StatusOK},
		{"a trial from another page", http.MethodPost, "/console/try",
			[]string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		{"a change by GET", http.MethodGet, "/devices/d/disable", nil, http.StatusNotFound},
		{"a trial by GET", http.MethodGet, "/console/try", nil, http.StatusMethodNotAllowed},
		{"out of the folder", http.MethodGet, "/page/..%2fconsole.go", nil, http.StatusBadRequest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := ask(t, h, tt.method, tt.target, `{"source":"x","request":{"body":"1"}}`, tt.header...)
			if w.Code != tt.want {
				t.Errorf("%d %s, want %d", w.Code, w.Body, tt.want)
			}
		})
	}
}

type shownInfo struct {
	Run, Bridge       string
	Hubs              []string
	Notes, Playground bool
	Steps             []struct{ Title, Text string }
}

func TestInfoSteps(t *testing.T) {
	t.Parallel()
	_, h := newConsole(t, console.Options{Bridge: "http://127.0.0.1:7071", Notes: &console.Notes{}})
	got := decode[shownInfo](t, ask(t, h, http.MethodGet, "/console/info", ""))
	if len(got.Steps) != 1 || !strings.Contains(got.Steps[0].Text, "curl -i http://127.0.0.1:7071/api/devices/") ||
		!got.Notes || got.Playground {
		t.Errorf("beside a bridge: %+v", got)
	}
	_, alone := newConsole(t, console.Options{})
	other := decode[shownInfo](t, ask(t, alone, http.MethodGet, "/console/info", "", "Host", "localhost:7080"))
	if len(other.Steps) != 2 || !strings.Contains(other.Steps[1].Text, "-x http://127.0.0.1:7080 --cacert ca.pem") ||
		!strings.Contains(other.Steps[1].Text, "SharedAccessSignature") || other.Run == got.Run {
		t.Errorf("alone: %+v", other)
	}
}

func TestDevicesAreFoundAndBounded(t *testing.T) {
	t.Parallel()
	e, h := newConsole(t, console.Options{})
	for i := range 300 {
		e.Provision("sensor-"+strconv.Itoa(i), "")
	}
	e.Provision("Pump", "hub-2.azure-devices.net")
	e.Disable("Pump")
	type list struct {
		Total, Matched int
		Devices        []emulator.Device
	}
	for query, want := range map[string][2]int{ // matched, shown
		"": {301, 200}, "?limit=3": {301, 3}, "?limit=nonsense": {301, 200}, "?q=pump": {1, 1}, "?q=hub-2": {1, 1},
		"?q=disabled": {1, 1}, "?q=none": {0, 0},
	} {
		got := decode[list](t, ask(t, h, http.MethodGet, "/console/devices"+query, ""))
		if got.Total != 301 || got.Matched != want[0] || len(got.Devices) != want[1] {
			t.Errorf("%q: %d of %d matched, %d shown", query, got.Matched, got.Total, len(got.Devices))
		}
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	notes := &console.Notes{}
	_, h := newConsole(t, console.Options{Notes: notes})
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := range 3000 {
				notes.Add("d", strconv.Itoa(i)+"-"+strconv.Itoa(n), "tts", "hub-1.azure-devices.net",
					1500*time.Microsecond)
			}
		})
	}
	all.Wait()
	seen, after := 0, uint64(0)
	for {
		target := "/console/notes?after=" + strconv.FormatUint(after, 10)
		page := decode[[]console.Note](t, ask(t, h, http.MethodGet, target, ""))
		if len(page) == 0 {
			break
		}
		for _, n := range page {
			if n.Seq <= after || n.Took != 1.5 || n.Source != "tts" {
				t.Fatalf("after %d: %+v", after, n)
			}
			after = n.Seq
		}
		seen += len(page)
	}
	if seen != 10_000 || after != 12_000 {
		t.Errorf("%d notes up to %d, want the last 10000 of 12000", seen, after)
	}
	_, none := newConsole(t, console.Options{})
	if w := ask(t, none, http.MethodGet, "/console/notes", ""); strings.TrimSpace(w.Body.String()) != "[]" {
		t.Errorf("without notes: %s", w.Body)
	}
}

// echo is a minimal playground.
type echo struct{}

func (echo) Sources() []console.SourceName { return []console.SourceName{{Name: "x", Title: "X"}} }

func (echo) Source(name string) (console.Source, bool) {
	return console.Source{SourceName: console.SourceName{Name: name}}, name == "x"
}

func (echo) Try(ctx context.Context, t console.Trial) console.Result {
	if _, ok := ctx.Deadline(); !ok {
		return console.Result{Problem: &console.Problem{Detail: "no deadline"}}
	}
	return console.Result{Messages: []console.Message{{DeviceID: "d", Body: t.Request.Body}}}
}

func TestPlayground(t *testing.T) {
	t.Parallel()
	_, h := newConsole(t, console.Options{Playground: echo{}})
	if got := decode[[]console.SourceName](t, ask(t, h, http.MethodGet, "/console/sources", "")); len(got) != 1 {
		t.Errorf("sources: %+v", got)
	}
	for name, want := range map[string]int{"x": http.StatusOK, "y": http.StatusNotFound} {
		if w := ask(t, h, http.MethodGet, "/console/sources/"+name, ""); w.Code != want {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	got := decode[console.Result](t, ask(t, h, http.MethodPost, "/console/try",
		`{"source":"x","request":{"body":"1.50"}}`))
	if len(got.Messages) != 1 || got.Messages[0].Body != "1.50" {
		t.Errorf("try: %+v", got)
	}
	for _, body := range []string{"", "{", strings.Repeat("x", 2<<20)} {
		if w := ask(t, h, http.MethodPost, "/console/try", body); w.Code != http.StatusBadRequest {
			t.Errorf("%d bytes of nonsense: %d", len(body), w.Code)
		}
	}
	_, none := newConsole(t, console.Options{})
	w := ask(t, none, http.MethodPost, "/console/try", "{}")
	if w.Code != http.StatusNotFound && w.Code != http.StatusMethodNotAllowed {
		t.Errorf("without a playground: %d", w.Code)
	}
}
