package transform_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"mayfly/transform"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

func definitions(t *testing.T, text string) []transform.Definition {
	t.Helper()
	var file struct {
		Sources []transform.Definition `yaml:"sources"`
	}
	if err := yaml.UnmarshalWithOptions([]byte(text), &file, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return file.Sources
}

func TestAdd(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"m.jq": {Data: []byte("# in a file\n{t: (.raw | unhex | i16be(0) / 100)}\n")}}
	tests := []struct {
		name, yaml, source, body string
		want                     transform.SampleMessage
	}{
		{"from scratch", `
sources:
  - name: mine
    deviceId: .id | slug
    timestamp: .at
    measurements: {t: .t}`, "mine", `{"id":"Hall 1","at":1740000000,"t":21.50}`,
			transform.SampleMessage{DeviceID: "hall-1", Time: "2025-02-19T21:20:00Z", Body: `{"t":21.50}`}},
		{"expressions in a file", `
sources:
  - name: mine
    deviceId: .id
    measurements: {file: m.jq}`, "mine", `{"id":"a","raw":"FF9C"}`, transform.SampleMessage{DeviceID: "a", Body: `{"t":-1}`}},
		{"built in, parts replaced", `
sources:
  - name: lab
    from: tts
    deviceId: .end_device_ids.dev_eui | eui
    properties: {fCnt: "null", site: '"lab"'}`, "lab",
			`{"end_device_ids":{"device_id":"x","dev_eui":"70B3D57ED0051234"},"uplink_message":{"f_port":2,"f_cnt":7,"decoded_payload":{"t":1}}}`,
			transform.SampleMessage{DeviceID: "70b3d57ed0051234", Body: `{"t":1}`, Properties: map[string]string{"devEui": "70b3d57ed0051234", "fPort": "2", "site": "lab"}}},
		{"in place of the built-in one", `
sources:
  - from: ecowitt
    units: si`, "ecowitt", `{"PASSKEY":"A1","tempf":"50.0"}`, transform.SampleMessage{DeviceID: "A1", Body: `{"tempc":10}`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tr := transform.New()
			text := strings.Replace(tt.yaml, "measurements: {t: .t}", "measurements: '{t: .t}'", 1)
			if err := tr.Add("my.yaml", definitions(t, text), files); err != nil {
				t.Fatal(err)
			}
			source, err := tr.Source(tt.source)
			if err != nil {
				t.Fatal(err)
			}
			sample := transform.Sample{Request: transform.SampleRequest{Body: tt.body}, Messages: []transform.SampleMessage{tt.want}}
			got, want, err := source.Prove(t.Context(), sample)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAddFaults(t *testing.T) {
	t.Parallel()
	err := transform.New().Add("my.yaml", definitions(t, `sources:
  - name: Mine
    deviceId: .id | nosuch
    measurements: |
      {a: 1,
       b: (.x | env)}
  - name: mine
    deviceId: .id
  - name: mine
    deviceId: .id
    measurements: {file: no.jq}
    onReject: shrug
  - name: telemetry
    deviceId: .id
    measurements: .
  - from: nothing
`), fstest.MapFS{})
	if _, ok := errors.AsType[message.Faults](err); !ok {
		t.Fatalf("got %v", err)
	}
	for _, part := range []string{
		`my.yaml: sources[0].name: source Mine: "Mine" is not a name for a source`,
		`my.yaml:3:21: sources[0].deviceId: source Mine:`, `my.yaml:6:17: sources[0].measurements: source Mine:`, "env is not there: a mapping sees no environment",
		"sources[1].measurements: source mine: is missing, and so is payload", "another source in this file, or in one that it names, has it", "no.jq", "/api/telemetry is taken", `source "nothing" is not known`,
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in:\n%v", part, err)
		}
	}
}

// A mapping that does not end is ended.
func TestMappingIsBounded(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"endless": "def f: f; f", "deep": "def f: 1 + f; f", "many": "[range(1e9)] | length", "output": "range(1e9)", "text": `[limit(40; repeat("x"))] | reduce .[] as $x ("x"; . + .)`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := transform.New()
			if err := tr.Add("my.yaml", []transform.Definition{{Name: "mine", DeviceID: mapping.Expr{Text: ".id"}, Measurements: mapping.Expr{Text: text}}}, fstest.MapFS{}); err != nil {
				t.Fatal(err)
			}
			source, _ := tr.Source("mine")
			_, err := source.Map(t.Context(), &message.Request{Body: []byte(`{"id":"a"}`)})
			wantError(t, err, message.Invalid, []string{"measurements"})
		})
	}
}

// Nothing of an environment, a file or a clock is seen.
func TestMappingSeesNothingElse(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"env", "$ENV", "now", "input", "inputs", "debug", "input_filename", "halt", `import "a" as a; .`, `include "a"; .`, "localtime", "$__prog_args"} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			err := transform.New().Add("my.yaml", []transform.Definition{{Name: "mine", DeviceID: mapping.Expr{Text: ".id"}, Measurements: mapping.Expr{Text: text}}}, fstest.MapFS{})
			if err == nil {
				t.Error("compiles")
			}
		})
	}
}

// Whatever a file of sources says, it is taken in or refused in good order.
func FuzzSourceYAML(f *testing.F) {
	for _, name := range []string{"tts", "sigfox", "ecowitt"} {
		text, _ := transform.BuiltinText(name)
		f.Add(text)
	}
	f.Add([]byte("name: a\ndeviceId: {file: x.jq}\nmeasurements: |\n  .a\nlet: {a: .b}\nproperties: {\"*\": .c}\n"))
	f.Add([]byte("from: tts\nname: b\npatience: 3s\nunits: si\n"))
	tr := transform.New()
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := transform.ParseDefinition(text)
		if err != nil {
			return
		}
		_, _ = tr.Compile(d)
		_ = transform.New().Add("x.yaml", []transform.Definition{*d}, fstest.MapFS{})
	})
}

// Whatever comes to a source, it is messages, ignored or refused in good order.
func FuzzSources(f *testing.F) {
	tr := transform.New()
	var sources []*transform.Source
	for i, name := range tr.SourceNames() {
		source, err := tr.Source(name)
		if err != nil {
			f.Fatal(err)
		}
		sources = append(sources, source)
		for _, sample := range source.Samples {
			r := sample.Request.Request(name)
			f.Add(uint8(i), r.Header["Content-Type"][0], "", r.Body)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, kind, query string, body []byte) {
		source := sources[int(which)%len(sources)]
		r := &message.Request{Method: "POST", Path: "/api/x", Header: map[string][]string{"Content-Type": {kind}}, Body: body}
		if query != "" {
			r.Query = map[string][]string{"event": {query}, "id": {query}}
		}
		out, err := source.Map(t.Context(), r)
		checkOutcome(t, out.Messages, err)
		_, _ = tr.Detect(t.Context(), r)
	})
}
