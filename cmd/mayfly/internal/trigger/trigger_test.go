package trigger_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"mayfly/cmd/mayfly/internal/tool"
	"mayfly/cmd/mayfly/internal/trigger"
	"mayfly/emulator"
	"mayfly/function"
)

// run runs the command line's work.
func run(t *testing.T, c *trigger.Command) (string, error) {
	t.Helper()
	var out bytes.Buffer
	if c.Count == 0 {
		c.Count = 1
	}
	c.AtOnce = 8
	err := c.Run(t.Context(), &tool.World{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out})
	return out.String(), err
}

// got is a request that has arrived.
type got struct {
	method, target, body string
	header               http.Header
}

// listen answers requests and keeps them.
func listen(t *testing.T, status int) (to string, all func() []got) {
	t.Helper()
	var mu sync.Mutex
	var list []got
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		list = append(list, got{r.Method, r.URL.RequestURI(), string(body), r.Header})
		mu.Unlock()
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"code":"some-code"}`)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []got {
		mu.Lock()
		defer mu.Unlock()
		return list
	}
}

// TestSends: a request is the sender's own, with what was asked for changed.
func TestSends(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, source, sample, device string
		set                          []string
		want                         []string // in method, target, headers and body
	}{
		{"as it is", "rockblock", "a form", "", nil, []string{"POST /api/rockblock", "x-www-form-urlencoded",
			"Rock7PushApi",
			"imei=300000000000001&device_type=ROCKBLOCK"}},
		{"device of JSON", "tts", "", "pump-1", nil, []string{`"device_id":"pump-1"`}},
		{"device of an EUI", "chirpstack", "", "70b3d57ed0051234", nil, []string{"/api/chirpstack?event=up",
			`"devEui":"70b3d57ed0051234"`}},
		{"device of a form", "rockblock", "a form", "300000000000002", nil, []string{"imei=300000000000002"}},
		{"a value", "tts", "", "", []string{".uplink_message.f_port=9", "?x=y z", "X-More:=a"},
			[]string{`"f_port":9`, "/api/tts?x=y+z", "X-More: a"}},
		{"a new member", "sigfox", "", "", []string{`.a.b={"c":[1]}`}, []string{`"a":{"b":{"c":[1]}}`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			to, all := listen(t, 200)
			out, err := run(t, &trigger.Command{Source: tt.source, Sample: tt.sample, Device: tt.device, Set: tt.set,
				To: to})
			if err != nil {
				t.Fatal(err, out)
			}
			g := all()[0]
			var b strings.Builder
			_ = g.header.Write(&b)
			text := g.method + " " + g.target + "\n" + b.String() + g.body
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q is missing in\n%s", want, text)
				}
			}
		})
	}
}

// TestMany: each of many requests is new, and the summary tells their answers.
func TestMany(t *testing.T) {
	t.Parallel()
	to, all := listen(t, 429)
	out, err := run(t, &trigger.Command{Source: "chirpstack", Device: "70b3d57ed00{n}", Count: 150, To: to})
	if err == nil || !strings.Contains(out, "150  429 some-code") || !strings.Contains(out, "150 requests in") {
		t.Errorf("%v\n%s", err, out)
	}
	seen := map[string]bool{}
	for _, g := range all() {
		seen[g.body] = true
	}
	if len(seen) != 150 {
		t.Errorf("%d different bodies of 150", len(seen))
	}
}

// TestManyOfText: times in CSV are new in each request, too.
func TestManyOfText(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "mayfly.yaml")
	text := `sources:
  - {name: rows, format: csv, each: ".[]", deviceId: .id, timestamp: '.at | utc("day-first")', measurements: "{t: .t}",
     samples: [{name: a, request: {headers: {Content-Type: text/csv},
       body: "id;at;t\nd-1;14.03.2026 10:00:00;1\nd-1;14.03.2026 10:15:00;2\n"},
       messages: [{deviceId: d-1, body: '{"t":1}'}, {deviceId: d-1, body: '{"t":2}'}]}]}
`
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	to, all := listen(t, 200)
	if out, err := run(t, &trigger.Command{Source: "rows", Config: config, Count: 20, To: to}); err != nil {
		t.Fatal(err, out)
	}
	seen := map[string]bool{}
	for _, g := range all() {
		for line := range strings.Lines(g.body) {
			seen[line] = true
		}
	}
	if len(seen) != 41 {
		t.Errorf("%d different lines of 41", len(seen))
	}
}

// TestEverySource: the device of each source's samples can be changed to another one of the same form.
func TestEverySource(t *testing.T) {
	t.Parallel()
	transformer, _, err := function.LoadSources("")
	if err != nil {
		t.Fatal(err)
	}
	to, all := listen(t, 200)
	for _, name := range transformer.SourceNames() {
		source, err := transformer.Source(name)
		if err != nil {
			t.Fatal(err)
		}
		id := ""
		for i := range source.Samples {
			if m := source.Samples[i].Messages; len(m) > 0 && id == "" {
				id = m[0].DeviceID
			}
		}
		last := id[len(id)-1:]
		other := map[bool]string{true: "2", false: "1"}[last == "1"]
		id = id[:len(id)-1] + other
		if name == "owntracks" { // which makes the id of two values
			continue
		}
		before := len(all())
		out, err := run(t, &trigger.Command{Source: name, Device: id, Now: true, To: to})
		if err != nil || len(all()) != before+1 {
			t.Errorf("%s, device %s: %v %s", name, id, err, out)
		}
	}
}

const signed = `sources:
  - {name: one, deviceId: .id, measurements: "{t}", samples: &s [{name: a, request: {body: '{"id":"d-1","t":1}'},
      messages: [{deviceId: d-1, body: '{"t":1}'}]}],
     signature: {header: X-Sig, prefix: "sha256=", secrets: [top-secret-of-one]}}
  - {name: two, deviceId: .id, measurements: "{t}", samples: *s,
     signature: {header: X-Sig, field: v1, signed: "{timestamp}.{body}", timestamp: "field:t",
	secrets: [top-secret-of-two]}}
  - {name: three, deviceId: .id, measurements: "{t}", samples: *s,
     signature: {header: X-Sig, encoding: base64, algorithm: sha512, signed: "{method}{path}{timestamp}{body}",
       timestamp: X-Time, secretEncoding: base64, secrets: ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]}}
  - {name: four, deviceId: .id, measurements: "{t}", samples: *s,
     signature: {scheme: hash, header: X-Sig, secrets: [top-secret-of-four]}}
  - {name: five, deviceId: .id, measurements: "{t}", samples: *s,
     signature: {scheme: token, query: key, secrets: [top-secret-of-five]}}
  - {name: six, deviceId: .id, measurements: "{t}", samples: *s,
     signature: {scheme: basic, secrets: ["user:top-secret-of-six"]}}
  - {name: seven, deviceId: .id, measurements: "{t}", samples: *s,
     signature: {scheme: jwt, header: X-Jwt, algorithm: HS256, hashClaims: {sum: sha256},
	secrets: [top-secret-of-seven]}}
  - {name: eight, deviceId: .id, measurements: "{t}", samples: *s,
     signature: {scheme: token, header: x-acme-verify, secrets: [top-secret-of-eight]}}
`

// TestSigned: what is signed here is taken by the bridge, and what is not is refused.
func TestSigned(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "mayfly.yaml")
	if err := os.WriteFile(config, []byte(signed), 0o600); err != nil {
		t.Fatal(err)
	}
	azure := emulator.Start(t, emulator.Config{AssignAtOnce: true})
	c, err := function.LoadConfig([]string{"CONFIG=" + config, "ID_SCOPE=" + azure.IDScope(), "GROUP_KEY=" +
		azure.GroupKey(),
		"AUTH=keys"})
	if err != nil {
		t.Fatal(err)
	}
	transport := azure.Transport()
	t.Cleanup(transport.CloseIdleConnections)
	service := function.New(c, function.Dependencies{DPS: transport, Hub: transport,
		Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(service.Close)
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	for _, name := range []string{"one", "two", "three", "four", "five", "six", "seven", "eight"} {
		out, err := run(t, &trigger.Command{Source: name, Config: config, To: server.URL, Set: []string{".t=2"}})
		if err != nil || !strings.Contains(out, "200") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		out, _ = run(t, &trigger.Command{Source: name, Config: config, To: server.URL, Show: true})
		if strings.Contains(out, "top-secret") || !strings.Contains(out, "credential") ||
			strings.Contains(out, "v1=") || strings.Contains(out, "sha256=") {
			t.Errorf("a secret or a proof is shown in\n%s", out)
		}
	}
}

// TestRefuses: what cannot be done is told with what can.
func TestRefuses(t *testing.T) {
	t.Parallel()
	to, _ := listen(t, 200)
	for _, tt := range []struct {
		name, want string
		c          trigger.Command
	}{
		{"unknown source", "want one of", trigger.Command{Source: "none", To: to}},
		{"unknown sample", "decoded uplink", trigger.Command{Source: "chirpstack", Sample: "none", To: to}},
		{"a device of another form", "of that form may do", trigger.Command{Source: "chirpstack", Device: "pump 1",
			To: to}},
		{"a place that is none", "is not a place", trigger.Command{Source: "tts", Set: []string{"a=1"}, To: to}},
		{"no value", "has no value", trigger.Command{Source: "tts", Set: []string{".a"}, To: to}},
		{"nobody there", "mayfly dev", trigger.Command{Source: "tts", To: "http://127.0.0.1:1"}},
		{"not a URL", "is not a URL", trigger.Command{Source: "tts", To: "localhost"}},
		{"no requests", "--count", trigger.Command{Source: "tts", Count: -1, To: to}},
	} {
		if out, err := run(t, &tt.c); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q\n%s", tt.name, err, tt.want, out)
		}
	}
}
