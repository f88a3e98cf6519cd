package function_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"mayfly/emulator"
	"mayfly/function"
	"mayfly/function/internal/state"
)

var update = flag.Bool("update", false, "write the transcripts and the generated documents anew")

// An exchange is a transcript in testdata/exchange: what the world is like, the
// requests that come in, the calls that go out, the answers. The clock of the
// bubble makes times exact.
//
//	-- setup --      a directive a line, see (*transcript).prepare
//	-- mayfly.yaml -- the configuration file
//	-- request --    method and path, headers, empty line, body
//	-- pause --      how long until the next request
//	-- response --   after how long, status, headers, body
//	-- upstream --   the calls to DPS and hubs, in order
//	-- events --     what the hubs have stored
//	-- pushed --     what the clouds of devices were sent
func TestExchanges(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/exchange/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			want, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got *txtar.Archive
			synctest.Test(t, func(t *testing.T) { got = play(t, want) })
			if *update {
				if err := os.WriteFile(file, txtar.Format(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(txtar.Format(want)), string(txtar.Format(got))); diff != "" {
				t.Errorf("not as the transcript says (-want +got):\n%s", diff)
			}
		})
	}
}

// Every row of the error table is met in a transcript.
func TestEveryErrorHasATranscript(t *testing.T) {
	t.Parallel()
	met := map[string]bool{}
	files, _ := filepath.Glob("testdata/exchange/*.txt")
	codes := regexp.MustCompile(`"code":"([a-z-]+)"`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range codes.FindAllSubmatch(text, -1) {
			met[string(match[1])] = true
		}
	}
	for _, row := range function.Rows() {
		if code := string(row.Code); !met[code] {
			t.Errorf("no transcript answers %s", code)
		}
	}
}

// transcript is the world of one transcript.
type transcript struct {
	state     state.Store
	t         *testing.T
	azure     *emulator.Emulator
	clouds    clouds
	env       []string
	deadline  time.Duration
	gzipped   bool
	panics    bool
	options   []function.LoadOption
	chunked   bool
	stalls    bool // bodies end with the deadline of their socket
	jitter    bool // times are drawn, so that they are not written down
	abreast   bool // calls go out side by side, so that they are sorted
	warmUp    int  // the first request is sent so often before, and calls are not written down
	lookups   services
	queue     function.Queue
	meanwhile bool // another request like the first one is under way
	service   *function.Service
}

func play(t *testing.T, script *txtar.Archive) *txtar.Archive {
	t.Helper()
	var meanwhile sync.WaitGroup
	x := &transcript{t: t, env: []string{"AUTH=none"}}
	dir, out := t.TempDir(), &txtar.Archive{Comment: script.Comment}
	add := func(name, text string) { out.Files = append(out.Files, txtar.File{Name: name, Data: []byte(text)}) }
	for _, f := range script.Files {
		switch {
		case f.Name == "mayfly.yaml", f.Name == "codec.js", f.Name == "model.json", f.Name == "assets.csv":
			path := filepath.Join(dir, f.Name)
			if err := os.WriteFile(path, f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
			if f.Name == "mayfly.yaml" {
				x.env = append(x.env, "CONFIG="+path)
			}
			add(f.Name, string(f.Data))
		case f.Name == "setup":
			x.prepare(string(f.Data))
			add(f.Name, string(f.Data))
		case strings.HasPrefix(f.Name, "pause"):
			pause, err := time.ParseDuration(strings.TrimSpace(string(f.Data)))
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(pause)
			add(f.Name, string(f.Data))
		case strings.HasPrefix(f.Name, "request"):
			if x.service == nil {
				x.start()
				if x.meanwhile {
					meanwhile.Go(func() { x.send(string(f.Data)) })
					synctest.Wait()
				}
				for range x.warmUp {
					x.send(string(f.Data))
				}
			}
			add(f.Name, string(f.Data))
			add(strings.Replace(f.Name, "request", "response", 1), x.send(string(f.Data)))
		}
	}
	meanwhile.Wait()
	if x.warmUp == 0 {
		add("upstream", x.upstream())
	}
	add("events", x.events())
	if len(x.clouds.pushed) > 0 {
		sort.Strings(x.clouds.pushed) // to several devices at a time
		add("pushed", strings.Join(x.clouds.pushed, "\n")+"\n")
	}
	return out
}

// prepare reads the directives.
func (x *transcript) prepare(setup string) {
	x.t.Helper()
	config, later := emulator.Config{Seed: 1}, []func(){}
	for line := range strings.Lines(setup) {
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch verb {
		case "env":
			x.env = append(x.env, rest)
		case "hubs":
			config.Hubs = strings.Fields(rest)
		case "assigning-polls":
			config.AssigningPolls, _ = strconv.Atoi(rest)
		case "retry-after":
			config.RetryAfter, _ = time.ParseDuration(rest)
		case "deadline":
			x.deadline, _ = time.ParseDuration(rest)
		case "gzip":
			x.gzipped = true
		case "chunked":
			x.chunked = true
		case "stalls":
			x.stalls = true
		case "jitter":
			x.jitter = true
		case "warm-up":
			x.warmUp, _ = strconv.Atoi(rest)
		case "abreast":
			x.abreast = true
		case "meanwhile":
			x.meanwhile = true
		case "panic":
			x.panics = true
		case "codecs-unavailable":
			x.options = append(x.options, function.WithCodecs(unavailableCodecs{}))
		case "queue":
			x.queue = newTestQueue(rest)
		case "state-down":
			x.state = downState{}
		case "lookup":
			x.lookups = append(x.lookups, rest)
		case "fault":
			later = append(later, func() {
				if _, err := x.azure.LoadFaults(strings.NewReader("[" + rest + "]")); err != nil {
					x.t.Fatal(err)
				}
			})
		case "cloud":
			x.clouds.add(rest)
		case "device":
			id, state, _ := strings.Cut(rest, " ")
			later = append(later, func() { x.device(id, state) })
		case "":
		default:
			x.t.Fatalf("no directive %q", verb)
		}
	}
	var err error
	if x.azure, err = emulator.New(config); err != nil {
		x.t.Fatal(err)
	}
	for _, f := range later {
		f()
	}
}

func (x *transcript) start() {
	x.t.Helper()
	if x.azure == nil {
		x.prepare("")
	}
	vars := append([]string{"ID_SCOPE=" + x.azure.IDScope(), "GROUP_KEY=" + x.azure.GroupKey()}, x.env...)
	config, err := function.LoadConfig(vars, x.options...)
	if err != nil {
		x.t.Fatal(err)
	}
	upstream := x.azure.RoundTripper()
	if x.panics {
		upstream = panicking{}
	}
	x.clouds.azure = upstream
	x.service = function.New(config,
		function.Dependencies{DPS: &x.clouds, Hub: upstream, Lookups: &x.lookups, Log: slog.New(slog.DiscardHandler),
			Queue: x.queue, State: x.state})
}

type panicking struct{}

func (panicking) RoundTrip(*http.Request) (*http.Response, error) { panic("a bug") }

// send plays a request and writes its answer down.
func (x *transcript) send(text string) string {
	x.t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	method, target, _ := strings.Cut(strings.TrimSpace(lines[0]), " ")
	payload := expand(strings.TrimSuffix(body, "\n"))
	if x.gzipped {
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		_, _ = w.Write(payload)
		_ = w.Close()
		payload = z.Bytes()
	}
	r := httptest.NewRequestWithContext(x.t.Context(), method, target, bytes.NewReader(payload))
	if x.chunked {
		r.ContentLength = -1
		r.Body = io.NopCloser(bufio.NewReader(bytes.NewReader(payload)))
	}
	if x.stalls {
		r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(payload), iotest.ErrReader(os.ErrDeadlineExceeded)))
	}
	for _, line := range lines[1:] {
		if name, value, ok := strings.Cut(line, ":"); ok {
			r.Header.Set(name, strings.TrimSpace(value))
		}
	}
	if x.deadline > 0 {
		ctx, cancel := context.WithTimeout(r.Context(), x.deadline)
		defer cancel()
		r = r.WithContext(ctx)
	}
	start := time.Now()
	w := httptest.NewRecorder()
	x.service.ServeHTTP(w, r)
	var out strings.Builder
	took := time.Since(start).Round(100 * time.Millisecond).String()
	if x.jitter {
		took = "a while"
	}
	fmt.Fprintf(&out, "after %s\n%d %s\n", took, w.Code, http.StatusText(w.Code))
	names := make([]string, 0, len(w.Header()))
	for name := range w.Header() {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		value := w.Header().Get(name)
		if x.jitter && name == "Retry-After" {
			value = "some seconds"
		}
		fmt.Fprintf(&out, "%s: %s\n", name, value)
	}
	if w.Body.Len() > 0 {
		out.WriteString("\n" + scrub(w.Body.String()))
	}
	return out.String()
}

// expand writes out {{repeat N text}} and the escapes of bytes that a text file
// cannot hold.
func expand(text string) []byte {
	text = regexp.MustCompile(`\{\{repeat (\d+) ([^}]*)\}\}`).ReplaceAllStringFunc(text, func(m string) string {
		parts := strings.SplitN(strings.Trim(m, "{}"), " ", 3)
		n, _ := strconv.Atoi(parts[1])
		return strings.Repeat(parts[2], n)
	})
	return []byte(strings.ReplaceAll(text, "{{ff}}", "\xff"))
}

func (x *transcript) upstream() string {
	var out strings.Builder
	calls := x.azure.Calls()
	if x.abreast {
		sort.SliceStable(calls, func(i, j int) bool { return calls[i].Device < calls[j].Device })
	}
	for _, c := range calls {
		where := c.Service
		if c.Service == "hub" {
			where = "hub " + c.Hub
		}
		fmt.Fprintf(&out, "%s: %s %s -> %d", where, c.Op, c.Device, c.Status)
		if c.ErrorCode != 0 {
			fmt.Fprintf(&out, " %d", c.ErrorCode)
		}
		if c.State != "" {
			out.WriteString(" " + c.State)
		}
		out.WriteString("\n")
	}
	return out.String()
}

func (x *transcript) events() string {
	var out strings.Builder
	for _, e := range x.azure.Events() {
		properties, _ := json.Marshal(e.Properties)
		fmt.Fprintf(
			&out,
			"%s@%s %s id=%s properties=%s\n",
			e.Device,
			e.Hub,
			shorten(string(e.Body)),
			scrub(e.MessageID),
			properties,
		)
	}
	return out.String()
}

func shorten(s string) string {
	if len(s) > 300 {
		return fmt.Sprintf("%s... (%d bytes)", s[:100], len(s))
	}
	return s
}

var ids = []*regexp.Regexp{
	regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`),
	regexp.MustCompile(`[0-9a-f]{32}`),
	regexp.MustCompile(`(-G:\d+)?-TimeStamp:[0-9/]+ [0-9:]+`),
}

// scrub hides what is drawn anew each time.
func scrub(s string) string {
	for _, id := range ids {
		s = id.ReplaceAllString(s, "*")
	}
	return s
}
