package tables_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mayfly/function/internal/config"
	"mayfly/function/internal/metrics"
	"mayfly/function/internal/tables"
	"mayfly/internal/secret"
	"mayfly/transform/table"
)

// fixture is a set of one table, with a clock that only goes by itself when it is told to.
type fixture struct {
	*tables.Set
	t    *testing.T
	path string // of the file
	at   atomic.Int64
	log  *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// load makes the fixture of a configuration in a folder with assets.csv.
func load(t *testing.T, member, text string, transport http.RoundTripper) *fixture {
	t.Helper()
	folder := t.TempDir()
	f := &fixture{t: t, path: filepath.Join(folder, "assets.csv"), log: &lockedBuffer{}}
	f.write(text)
	file := filepath.Join(folder, "mayfly.yaml")
	if err := os.WriteFile(file, []byte("tables: [{name: assets, key: serial, "+member+"}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load([]string{"CONFIG=" + file, "ID_SCOPE=0ne1", "GROUP_KEY=bWF5Zmx5", "AUTH=none"})
	if err != nil {
		t.Fatal(err)
	}
	f.at.Store(time.Now().Add(time.Hour).UnixNano()) // after the file was written
	now := func() time.Time { return time.Unix(0, f.at.Load()) }
	f.Set = tables.New(&tables.Options{
		Tables: c.Tables, Transport: transport, Now: now, Metrics: metrics.New(nil),
		Secrets: &secret.Loader{Getenv: func(string) string { return "" }, Now: now},
		Log:     slog.New(slog.NewTextHandler(f.log, nil)),
	})
	return f
}

// write replaces the file, as by a rename.
func (f *fixture) write(text string) {
	f.t.Helper()
	if err := os.WriteFile(f.path+".new", []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Rename(f.path+".new", f.path); err != nil {
		f.t.Fatal(err)
	}
}

// site looks up what A-1 has, until it is what is wanted or a second has passed.
func (f *fixture) site(want string) {
	f.t.Helper()
	got := ""
	for range 200 {
		rows, err := f.Table("assets").Use(f.t.Context())
		if err != nil {
			f.t.Fatal(err)
		}
		row, _ := rows.Row("A-1")
		if got, _ = row.Value("site").(string); got == want {
			return
		}
		time.Sleep(5 * time.Millisecond) // another goroutine reads
	}
	f.t.Errorf("site is %q, want %q\n%s", got, want, f.log)
}

// pass lets time pass.
func (f *fixture) pass(d time.Duration) { f.at.Add(int64(d)) }

// ready checks /readyz, until it is what is wanted or a second has passed.
func (f *fixture) ready(want string, ok bool) {
	f.t.Helper()
	for i := 0; ; i++ {
		text, ready := f.Ready()
		if ready == ok && (text == "") == (want == "") && strings.Contains(text, want) {
			return
		}
		if i == 200 {
			f.t.Errorf("ready: %v %q, want %v %q\n%s", ready, text, ok, want, f.log)
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// A file is read again when it has changed and refresh has passed; what cannot be read leaves the old rows in use.
func TestFileChanges(t *testing.T) {
	t.Parallel()
	f := load(t, "file: assets.csv, refresh: 10s", "serial,site\nA-1,Delft\n", nil)
	f.site("Delft")
	f.ready("", true)
	f.write("serial,site\nA-1,Breda\n")
	f.pass(9 * time.Second)
	f.site("Delft") // not yet due
	f.pass(2 * time.Second)
	f.site("Breda")

	f.write("serial,site\nA-1,Gouda\nA-1,Gouda\n")
	f.pass(11 * time.Second)
	f.site("Breda")
	f.ready("table assets: is broken; rows of 20", true)
	f.pass(11 * time.Second) // it is not told once more
	f.site("Breda")
	if n := strings.Count(f.log.String(), "line 3, column 1: the key"); n != 1 {
		t.Errorf("the fault is logged %d times\n%s", n, f.log)
	}

	f.write("serial,site\nA-1,Leiden\n")
	f.pass(11 * time.Second)
	f.site("Leiden")
	f.ready("", true)

	if err := os.Remove(f.path); err != nil {
		t.Fatal(err)
	}
	f.pass(11 * time.Second)
	f.site("Leiden")
	f.ready("table assets: cannot be read", true)
	f.write("serial,site\nA-1,Leiden\n") // the same as before
	f.pass(11 * time.Second)
	f.site("Leiden")
	f.ready("", true)
}

// A file that was touched, and one that is being written, change nothing.
func TestFileUnchanged(t *testing.T) {
	t.Parallel()
	f := load(t, "file: assets.csv, refresh: 10s", "serial,site\nA-1,Delft\n", nil)
	if err := os.Chtimes(f.path, time.Time{}, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	f.pass(11 * time.Second)
	f.site("Delft")
	if text := f.log.String(); text != "" {
		t.Errorf("%s", text)
	}
	f.write("serial,site\n")
	if err := os.Chtimes(f.path, time.Time{}, time.Unix(0, f.at.Load()).Add(11*time.Second)); err != nil {
		t.Fatal(err)
	}
	f.pass(11 * time.Second)
	f.site("Delft")
	f.pass(time.Second) // nobody writes any more
	f.site("")
}

// server is a service with a table.
type server struct {
	answer                   atomic.Pointer[http.HandlerFunc]
	asked, unchanged, denied atomic.Int64
}

func newServer(t *testing.T) (*server, *httptest.Server) {
	t.Helper()
	s := &server{}
	s.says("text/csv", "serial,site\nA-1,Delft\n")
	web := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		(*s.answer.Load())(w, r)
	}))
	t.Cleanup(web.Close)
	return s, web
}

// says has the server answer with a table.
func (s *server) says(kind, text string) {
	s.does(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "token" {
			s.denied.Add(1)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		tag := fmt.Sprintf(`"%x"`, text)
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			s.unchanged.Add(1)
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write([]byte(text))
	})
}

func (s *server) does(answer http.HandlerFunc) { s.answer.Store(&answer) }

// A table at an address is fetched at the start, and again when it has changed; what goes wrong leaves the old rows.
func TestAddress(t *testing.T) {
	t.Parallel()
	s, web := newServer(t)
	f := load(t, "url: '"+web.URL+"/assets', refresh: 10s, headers: {Authorization: token}", "",
		web.Client().Transport)
	f.site("Delft")
	f.ready("", true)
	f.pass(11 * time.Second)
	f.site("Delft")
	for range 200 {
		if s.unchanged.Load() > 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if s.unchanged.Load() != 1 || s.denied.Load() != 0 {
		t.Errorf("%d requests, %d answered 304, %d 401", s.asked.Load(), s.unchanged.Load(), s.denied.Load())
	}
	s.says("application/json", `[{"serial":"A-1","site":"Breda"}]`)
	f.pass(11 * time.Second)
	f.site("Breda")
	other, leak := newServer(t)
	for _, tc := range []struct {
		name, told string
		answer     http.HandlerFunc
	}{
		{"HTML", "answers HTML", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte("<html>"))
		}},
		{"an error", "answers 503", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
		}},
		{"a refusal", "answers 403", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
		}},
		{"another host", "leads to another host", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, leak.URL, http.StatusFound)
		}},
		{"very much", "has more than 256 MiB", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/csv")
			w.Header().Set("Content-Length", fmt.Sprint(1<<30))
		}},
		{"half a table", "does not answer", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/csv")
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte("serial,site\n"))
		}},
		{"another table", "there is no column", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/csv")
			_, _ = w.Write([]byte("a,b\n"))
		}},
		{"nothing that says what it is", "say format", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("serial,site\nA-1,Gouda\n"))
		}},
	} {
		s.does(tc.answer)
		f.pass(31 * time.Second)
		f.site("Breda")
		for i := 0; !strings.Contains(f.log.String(), tc.told); i++ {
			if i == 200 {
				t.Fatalf("%s is not told: %s", tc.name, f.log)
			}
			time.Sleep(5 * time.Millisecond)
		}
		f.ready("table assets:", true)
	}
	if n := other.asked.Load(); n != 0 {
		t.Errorf("the other host was asked %d times", n)
	}
	if strings.Contains(f.log.String(), web.URL) || strings.Contains(f.log.String(), "token") {
		t.Errorf("the log has the address or the secret:\n%s", f.log)
	}
	s.says("text/csv", "serial,site\nA-1,Leiden\n")
	f.pass(31 * time.Second)
	f.site("Leiden")
	f.ready("", true)
}

// A table that was never read is waited for, but not beyond the request's deadline; the bridge is not ready then.
func TestNotReadYet(t *testing.T) {
	t.Parallel()
	s, web := newServer(t)
	hold := make(chan struct{})
	s.does(func(w http.ResponseWriter, _ *http.Request) {
		<-hold
		w.WriteHeader(http.StatusBadGateway)
	})
	f := load(t, "url: '"+web.URL+"/assets.csv', headers: {Authorization: token}", "", web.Client().Transport)
	f.ready("table assets: was not read yet", false)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := f.Table("assets").Use(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	close(hold)
	if _, err := f.Table("assets").Use(t.Context()); !errors.Is(err, tables.ErrNotRead) {
		t.Errorf("%v", err)
	}
	s.says("text/csv", "serial,site\nA-1,Delft\n")
	f.pass(31 * time.Second)
	for i := 0; ; i++ {
		if _, err := f.Table("assets").Use(t.Context()); err == nil {
			break
		} else if i == 200 {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	f.site("Delft")
	f.ready("", true)
}

// An address of this machine is not asked, unless the table allows it.
func TestPrivateAddress(t *testing.T) {
	t.Parallel()
	s, web := newServer(t)
	f := load(t, "url: '"+web.URL+"/assets.csv'", "", nil)
	if _, err := f.Table("assets").Use(t.Context()); !errors.Is(err, tables.ErrNotRead) {
		t.Errorf("%v", err)
	}
	if text := f.log.String(); s.asked.Load() != 0 || !strings.Contains(text, "allow: private permits it") {
		t.Errorf("asked %d times: %s", s.asked.Load(), text)
	}
}

// Very many requests that find a table due have it read once.
func TestOneReading(t *testing.T) {
	t.Parallel()
	s, web := newServer(t)
	f := load(t, "url: '"+web.URL+"/assets', refresh: 10s, headers: {Authorization: token}", "",
		web.Client().Transport)
	f.site("Delft")
	f.pass(11 * time.Second)
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			if rows, err := f.Table("assets").Use(t.Context()); err != nil || rows.Len() != 1 {
				t.Errorf("%v", err)
			}
		})
	}
	all.Wait()
	if n := s.asked.Load(); n > 2 {
		t.Errorf("the service was asked %d times", n)
	}
}

func TestNone(t *testing.T) {
	t.Parallel()
	var none *tables.Set
	text, ok := none.Ready()
	if text != "" || !ok || none.Table("assets") != nil || tables.New(&tables.Options{}) != nil {
		t.Error("there are tables where there are none")
	}
	var rows *table.Table
	if _, found := rows.Row("a"); found || rows.Len() != 0 {
		t.Error("there are rows where there is no table")
	}
}
