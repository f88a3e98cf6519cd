package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Everything in the file is checked, without any variable set; every fault has its
// member, line and column; and the server would say the same.
func TestCheckEverything(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/check.yaml")
	if err != nil {
		t.Fatal(err)
	}
	path := file(t, "mayfly.yaml", string(text))
	golden, err := os.ReadFile("testdata/check.golden")
	if err != nil {
		t.Fatal(err)
	}
	want := string(golden)
	code, out, _ := command(t, nil, "check", path)
	_, out, _ = strings.Cut(out, "\n\n")
	faults, _, _ := strings.Cut(out, "\n\n")
	got := strings.ReplaceAll(faults+"\n", filepath.Dir(path)+string(filepath.Separator), "")
	if diff := cmp.Diff(want, got); diff != "" || code != exitFailed {
		t.Errorf("exit code %d, faults (-want +got):\n%s", code, diff)
	}
	_, _, errs := command(t, []string{"CONFIG=" + path}, "send", "a", "{}")
	for line := range strings.Lines(want) {
		contains(t, errs, strings.TrimSpace(line))
	}
}

// A codec that throws or does not end is quoted with its place, and a list that one
// part is made of gets a suggestion.
func TestCheckSamples(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"throws.js": "function decodeUplink(input) {\n  return {data: {level: input.none.level}};\n}\n",
		"loops.js":  "function decodeUplink() { for (;;) {} }\n",
		"says.js":   "function decodeUplink() { return {errors: ['too short']}; }\n",
		"mayfly.yaml": `sources:
  - name: tank
    deviceId: .id
    payload: .p | unhex
    port: .port
    codecs: {1: throws.js, 2: loops.js, 3: says.js}
    samples:
      - {name: one, request: {body: '{"id":"a","p":"0a","port":1}'}, messages: [{deviceId: a, body: '{"level":1}'}]}
      - {name: two, request: {body: '{"id":"a","p":"0a","port":2}'}, messages: [{deviceId: a, body: '{"level":1}'}]}
      - {name: three, request: {body: '{"id":"a","p":"0a","port":3}'}, messages: [{deviceId: a,
         body: '{"payload":"0a","fPort":3}'}]}
      - {name: list, request: {body: '[{"id":"a","p":"0a"}]'}, messages: [{deviceId: a, body: '{"payload":"0a"}'}]}
  - name: text
    deviceId: .id
    payload: .p
    samples: [{name: hex, request: {body: '{"id":"a","p":"0a"}'}, messages: [{deviceId: a, body: '{"payload":"0a"}'}]}]
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, out, _ := command(t, nil, "check", filepath.Join(dir, "mayfly.yaml"))
	if code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	contains(t, out,
		`mayfly.yaml:8:9: sources[0].samples[0]: source tank: sample "one": the codec failed`, "throws.js:2:36",
		`mayfly.yaml:9:9: sources[0].samples[1]: source tank: sample "two": the codec failed`,
		"loops.js: ", "longer than",
		"warning: ", `mayfly.yaml:10:9: sources[0].samples[2]: source tank: sample "three": the codec reports an error`,
		"says.js: too short",
		`mayfly.yaml:3:15: sources[0].deviceId: source tank: sample "list":`, "each: .[] makes a message per element",
		`mayfly.yaml:15:14: sources[1].payload: source text: sample "hex": must give bytes, not text: `+
			"decode it by unhex or unb64",
	)
}

// What comes from standard input without a type is read by its looks.
func TestTryByLooks(t *testing.T) {
	t.Parallel()
	config := file(t, "mayfly.yaml", `sources:
  - name: rows
    each: .[]
    deviceId: .id
    measurements: "{t: (.t | num)}"
  - name: one
    deviceId: .id
    measurements: "{t: (.t | num)}"
  - name: raw
    deviceId: '"a"'
    payload: . | unb64
  - name: deep
    each: .rows[]
    deviceId: .id
    measurements: .
`)
	for _, tt := range []struct {
		name, source, body string
		code               int
		want               []string
	}{
		{"CSV", "rows", "id,t\na,1\nb,2\n", exitOK, []string{"looks like CSV", "device a", "device b", `{"t":2}`}},
		{"lines of JSON", "rows", "{\"id\":\"a\",\"t\":1}\n{\"id\":\"b\",\"t\":2}\n", exitOK,
			[]string{"looks like NDJSON", "device b"}},
		{"a form", "one", "id=a&t=1", exitOK, []string{"looks like a form", "device a", `{"t":1}`}},
		{"hex", "raw", "0aff00", exitOK, []string{"hex digits", `{"payload":"0aff00"}`}},
		{"InfluxDB lines", "influx", "m,device=a t=1 1773482400000000000\n", exitOK,
			[]string{"InfluxDB lines", "device a"}},
		{"JSON", "one", `{"id":"a","t":1}`, exitOK, []string{"device a"}},
		{"each fails", "deep", "id,t\na,1\n", exitFailed, []string{"body, as it was read\n" + `[{"id":"a","t":1}]`,
			"each: there is an array"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := commandWith(t, tt.body, nil, "try", tt.source, "-", "--config", config)
			if code != tt.code {
				t.Errorf("exit code %d: %s", code, errs)
			}
			contains(t, errs+out, tt.want...)
			if code != exitOK && strings.Contains(out, "answer 200") {
				t.Errorf("a failure shows the answer of a success:\n%s", out)
			}
		})
	}
}
