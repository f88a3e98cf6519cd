package reload_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/cmd/mayfly/internal/reload"
	"mayfly/function"
)

// TestBridge: a request is finished by the handler that began it, and that ends after it.
func TestBridge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &reload.Bridge{}
		var mu sync.Mutex
		var log []string
		say := func(text string) {
			mu.Lock()
			defer mu.Unlock()
			log = append(log, text)
		}
		use := func(name string, takes time.Duration) {
			b.Use(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				time.Sleep(takes)
				say(name + " answers")
			}), func() { say(name + " ends") })
		}
		ask := func() { b.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", http.NoBody)) }
		use("old", time.Minute)
		go ask()
		synctest.Wait()
		use("new", time.Second)
		ask()
		time.Sleep(time.Hour)
		use("last", 0)
		ask()
		b.Close()
		want := "new answers, old answers, old ends, new ends, last answers, last ends"
		if got := strings.Join(log, ", "); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

// TestBridgeAnswersBeforeItEnds: the last request of a handler does not wait for its end; Close does.
func TestBridgeAnswersBeforeItEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &reload.Bridge{}
		var ended atomic.Int32
		use := func(takes time.Duration) {
			b.Use(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(takes) }), func() {
				time.Sleep(10 * time.Second)
				ended.Add(1)
			})
		}
		start := time.Now()
		use(time.Second)
		answered := make(chan time.Duration)
		go func() {
			b.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", http.NoBody))
			answered <- time.Since(start)
		}()
		synctest.Wait()
		use(0)
		if took := <-answered; took != time.Second {
			t.Errorf("answered after %v, want 1s", took)
		}
		b.Close()
		if n := ended.Load(); n != 2 {
			t.Errorf("%d of 2 have ended", n)
		}
	})
}

// folder is a configuration in files.
type folder struct {
	t    *testing.T
	path string
}

func (f *folder) write(name, text string) {
	f.t.Helper()
	path := filepath.Join(f.path, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		f.t.Fatal(err)
	}
	// As editors save: a new file takes the place of the old one.
	if err := os.WriteFile(path+"~", []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Rename(path+"~", path); err != nil {
		f.t.Fatal(err)
	}
}

// output keeps what is printed, and counts what is taken.
type output struct {
	mu    sync.Mutex
	text  strings.Builder
	taken atomic.Int32
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

const good = "sources:\n  - {name: mine, deviceId: .id, measurements: {file: mapping/mine.jq}}\n"

// TestReloader: what is right is taken, and what is not is told with its place, while the one before stays.
func TestReloader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &folder{t, t.TempDir()}
		path := filepath.Join(f.path, "mayfly.yaml")
		environ := []string{"CONFIG=" + path, "ID_SCOPE=0ne1", "AUTH=none",
			"GROUP_KEY=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}
		f.write("mayfly.yaml", good)
		f.write("mapping/mine.jq", "{a: 1}")
		out := &output{}
		r := &reload.Reloader{Path: path, Out: out, Every: time.Second,
			Report: func() *function.ConfigReport { return function.CheckFile(environ, path) },
			Load:   func() (*function.Config, error) { return function.LoadConfig(environ) },
			Take:   func(*function.Config) error { out.taken.Add(1); return nil },
		}
		ctx, stop := context.WithCancel(t.Context())
		r.Start(ctx)
		state := func() (s reload.State) {
			w := httptest.NewRecorder()
			r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
			if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil {
				t.Fatal(err)
			}
			return s
		}
		for _, step := range []struct {
			name  string
			do    func()
			taken int
			told  string // empty: nothing
			fault string
		}{
			{"nothing", func() {}, 0, "", ""},
			{"a file that is named", func() { f.write("mapping/mine.jq", "{a: 2}") }, 1,
				"mine.jq has changed; the", ""},
			{"a fault", func() { f.write("mapping/mine.jq", "{a: ") }, 1, "mapping/mine.jq has changed, and the",
				"mine.jq:1"},
			{"the fault again", func() {}, 1, "", "mine.jq:1"},
			{"mended", func() { f.write("mapping/mine.jq", "{a: 3}") }, 2, "mine.jq has changed; the", ""},
			{"the configuration", func() { f.write("mayfly.yaml", good+"# more\n") }, 3, "mayfly.yaml has changed; the",
				""},
			{"unknown member", func() { f.write("mayfly.yaml", good+"sorces: []\n") }, 3, "cannot be used",
				"mayfly.yaml:3"},
			{"gone", func() { _ = os.Remove(path) }, 3, "mayfly.yaml is gone, and the", "mayfly.yaml"},
			{"there again", func() { f.write("mayfly.yaml", good) }, 4, "was read again", ""},
			{"a table", func() {
				f.write("rows.csv", "id,site\n1,north\n")
				f.write("mayfly.yaml", good+"tables: [{name: rows, file: rows.csv, key: id}]\n")
			}, 5, "was read again", ""},
			{"the table is gone", func() { _ = os.Remove(filepath.Join(f.path, "rows.csv")) }, 5,
				"rows.csv is gone, and the configuration cannot be used", "rows.csv"},
			{"the table is back", func() { f.write("rows.csv", "id,site\n1,south\n") }, 6, "rows.csv has changed", ""},
			{"a file that is not there yet", func() {
				f.write("mayfly.yaml", good+"tables: [{name: rows, file: other.csv, key: id}]\n")
			}, 6, "cannot be used", "other.csv"},
			{"it comes", func() { f.write("other.csv", "id,site\n1,south\n") }, 7, "other.csv has changed", ""},
			{"an editor's file", func() { f.write("mapping/.mine.jq.swp", "x") }, 7, "", ""},
		} {
			before := len(out.String())
			step.do()
			time.Sleep(5 * time.Second)
			synctest.Wait()
			told := out.String()[before:]
			taken := int(out.taken.Load())
			if taken != step.taken || (step.told == "") != (told == "") || !strings.Contains(told, step.told) {
				t.Errorf("%s: taken %d times, want %d; told %q", step.name, taken, step.taken, told)
			}
			faults := state().Faults
			if (step.fault == "") != (len(faults) == 0) || step.fault != "" && !strings.Contains(faults[0].Text,
				step.fault) {
				t.Errorf("%s: faults %v, want %q", step.name, faults, step.fault)
			}
		}
		stop()
		synctest.Wait()
	})
}
