package playground

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/cmd/mayfly/internal/trial"
	"mayfly/emulator/console"
)

// TestExamples: each example of docs/mapping.md opens with its request, and makes messages.
func TestExamples(t *testing.T) {
	t.Parallel()
	p := New(nil)
	n := 0
	for _, s := range p.Sources() {
		if s.Group != exampleGroup {
			continue
		}
		n++
		source, ok := p.Source(s.Name)
		if !ok || source.Definition == "" || len(source.Samples) != 1 {
			t.Fatalf("%s: %+v", s.Name, source)
		}
		got := p.Try(t.Context(), console.Trial{Source: s.Name, Request: source.Samples[0].Request})
		if got.Problem != nil || len(got.Messages) == 0 {
			t.Errorf("%s: %+v %+v", s.Name, got.Problem, source)
		}
	}
	if n < 6 {
		t.Errorf("%d examples", n)
	}
}

const configuration = `callers: []
sources:
  - {name: flow, deviceId: .id, measurements: .m}
  - name: mine
    deviceId: .id
    # a comment
    payload: .data | unhex
    port: .port
    codec: formatter.js

  - from: mine
    name: other
    properties:
      a: .a
`

func configuredPlayground(t *testing.T) *Playground {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{
		"mayfly.yaml":  configuration,
		"formatter.js": "function decodeUplink(i) { return {data: {first: i.bytes[0], port: i.fPort}}; }",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	transformer, options, err := trial.Load(nil, filepath.Join(folder, "mayfly.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p := New(nil)
	p.Use(transformer, options)
	return p
}

// TestOwnSources: they have the text of the file, a draft of it is tried as the bridge would, and so are bytes.
func TestOwnSources(t *testing.T) {
	t.Parallel()
	p := configuredPlayground(t)
	mine, _ := p.Source("mine")
	if !strings.HasPrefix(mine.Definition, "name: mine\ndeviceId: .id\n# a comment\n") ||
		!strings.HasSuffix(mine.Definition, "codec: formatter.js\n") || !mine.HasCodec || mine.File == "" ||
		!strings.Contains(mine.Codec, "decodeUplink") {
		t.Fatalf("%+v", mine)
	}
	if flow, _ := p.Source("flow"); flow.Definition != "{name: flow, deviceId: .id, measurements: .m}\n" {
		t.Errorf("%q", flow.Definition)
	}
	other, _ := p.Source("other")
	request := console.Request{Body: `{"id":"d-1","data":"0a0b","port":7,"a":"x"}`}
	for name, tt := range map[string]struct {
		trial console.Trial
		want  string
	}{
		"as it is": {console.Trial{Source: "mine", Request: request}, `"first": 10`},
		"a draft": {console.Trial{Source: "mine", Definition: mine.Definition +
			"also: '{b: 1}'\n", Request: request}, `"b": 1`},
		"a draft of one that changes another": {console.Trial{Source: "other", Definition: other.Definition,
			Request: request}, `"port": 7`},
		"another codec": {console.Trial{Source: "mine", Request: request,
			Codec: "function decodeUplink(i) { return {data: {last: i.bytes[1]}}; }"}, `"last": 11`},
		"bytes":         {console.Trial{Source: "mine", Bytes: "ff 01", Port: 3}, `"first": 255`},
		"bytes, base64": {console.Trial{Source: "mine", Bytes: "/wE=", Port: 3}, `"port": 3`},
		"bytes of a draft": {console.Trial{Source: "mine", Bytes: "0102", Port: 3, Definition: mine.Definition,
			Codec: "function decodeUplink(i) { return {data: {sum: i.bytes[0] + i.bytes[1]}}; }"}, `"sum": 3`},
	} {
		got := p.Try(t.Context(), tt.trial)
		if got.Problem != nil || len(got.Messages) != 1 || !strings.Contains(got.Messages[0].Body, tt.want) {
			t.Errorf("%s: %+v %+v, want %s", name, got.Problem, got.Messages, tt.want)
		}
	}
	if got := p.Try(t.Context(), console.Trial{Source: "flow", Bytes: "00"}); got.Problem == nil ||
		!strings.Contains(got.Problem.Detail, "no codec") {
		t.Errorf("%+v", got)
	}
}

// TestPlaces: what is wrong with a draft has its place in the text.
func TestPlaces(t *testing.T) {
	t.Parallel()
	p := configuredPlayground(t)
	for name, tt := range map[string]struct {
		text         string
		line, column int
	}{
		"an expression":     {"name: a\ndeviceId: .id\nmeasurements: '{a: '\n", 3, 0},
		"in a block":        {"name: a\ndeviceId: .id\nmeasurements: |\n  {a: 1,\n   b: nothing}\n", 5, 0},
		"not YAML":          {"name: a\n  deviceId: [\n", 1, 0},
		"an unknown member": {"name: a\ndeviceId: .id\nmeasurments: .m\n", 3, 1},
	} {
		got := p.Try(t.Context(), console.Trial{Source: "mine", Definition: tt.text,
			Request: console.Request{Body: "{}"}})
		if got.Problem == nil || got.Problem.Where != "mapping" || len(got.Problem.Places) == 0 {
			t.Errorf("%s: %+v", name, got.Problem)
			continue
		}
		at := got.Problem.Places[0]
		if at.Line != tt.line || tt.column != 0 && at.Column != tt.column || at.Text == "" {
			t.Errorf("%s: %+v, want line %d", name, at, tt.line)
		}
	}
}
