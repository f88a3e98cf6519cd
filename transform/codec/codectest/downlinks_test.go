package codectest_test

import (
	"strings"
	"testing"
	"time"

	"mayfly/transform/codec"
	"mayfly/transform/codec/codectest"
)

const ledEncoder = `function encodeDownlink(input) {
	if (input.data.led === undefined) return {errors: ["no led"]};
	if (input.data.led === "throw") throw new Error("thrown at " + input.data.led);
	return {bytes: [{off: 0, red: 1}[input.data.led], input.data.n || 0], fPort: 4, warnings: input.data.n ? ["odd"] : []} }`

const ledYAML = `downlinkEncoder:
  fileName: led.js
  examples:
    - {description: red, input: {data: {led: red}}, output: {bytes: [1, 0], fPort: 4}}
    - {description: in hex, input: {data: {led: red, n: 0x0A}}, output: {bytes: "01 0A", fPort: 4, warnings: [odd]}}
    - {description: no port, input: {data: {led: off}}, output: {bytes: [0, 0]}}
    - {description: error, input: {data: {}}, output: {errors: [no led]}}
    - {description: thrown, input: {data: {led: throw}}, output: {errors: [thrown at throw]}}
    - {description: wrong bytes, input: {data: {led: red}}, output: {bytes: [2, 0], fPort: 4}}
    - {description: wrong port, input: {data: {led: red}}, output: {bytes: [1, 0], fPort: 5}}
    - {description: wrong warnings, input: {data: {led: red}}, output: {bytes: [1, 0], warnings: [w]}}
    - {description: wrong error, input: {data: {led: red}}, output: {errors: [no led]}}
    - {description: broken, input: {data: {led: red}}, output: {bytes: [999]}}
    - {description: without data, input: {fPort: 1}, output: {bytes: [1]}}
`

func TestDownlinks(t *testing.T) {
	t.Parallel()
	encoder, err := codec.InProcess{}.Load("led.js", []byte(ledEncoder))
	if err != nil {
		t.Fatal(err)
	}
	examples, err := codectest.Parse([]byte(strings.ReplaceAll(ledYAML, "led: off", `led: "off"`)), time.Unix(0, 0))
	if err != nil || examples.Encoder != "led.js" || len(examples.Examples) != 0 || len(examples.Downlinks) != 11 {
		t.Fatal(err, examples)
	}
	want := map[string]string{
		"wrong bytes": "bytes: want 0200, got 0100", "wrong port": "fPort: want 5, got 4", "wrong warnings": `want ["w"]`,
		"wrong error": `errors: want ["no led"]`, "broken": "downlink example 10 (broken)", "without data": "no data",
	}
	for i := range examples.Downlinks {
		d := &examples.Downlinks[i]
		got := strings.Join(d.Check(t.Context(), encoder), "\n")
		if says := want[d.Name]; (says == "") != (got == "") || !strings.Contains(got, says) {
			t.Errorf("%s: %q, want %q", d.Name, got, says)
		}
	}
	if got := examples.Downlinks[0].Check(t.Context(), nil); len(got) != 1 {
		t.Error("no encoder:", got)
	}
}

// Downlinks stand among uplinks in lists, in the form of ThingPark's drivers, old and new,
// and in ChirpStack's.
func TestDownlinksInLists(t *testing.T) {
	t.Parallel()
	encoder, err := codec.InProcess{}.Load("led.js", []byte(ledEncoder))
	if err != nil {
		t.Fatal(err)
	}
	examples, err := codectest.Parse([]byte(`[
		{"type": "uplink", "input": {"bytes": "01"}, "output": {"data": {}}},
		{"type": "downlink-encode", "input": {"data": {"led": "red"}}, "output": {"bytes": [1, 0], "fPort": 4}},
		{"type": "downlink-decode", "input": {"bytes": "01"}, "output": {"data": {}}},
		{"type": "downlink", "bytes": "0100", "fPort": 4, "data": {"led": "red"}},
		{"name": "ChirpStack", "input": {"data": {"led": "red"}}, "expected": {"bytes": [1, 0]}}]`), time.Unix(0, 0))
	if err != nil || len(examples.Examples) != 1 || len(examples.Downlinks) != 3 {
		t.Fatal(err, examples)
	}
	for i := range examples.Downlinks {
		if d := examples.Downlinks[i].Check(t.Context(), encoder); len(d) > 0 {
			t.Error(i, d)
		}
	}
}
