package codectest_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mayfly/transform/codec"
	"mayfly/transform/codec/codectest"
)

// TestCodecExamples checks that what others take for a pass is one, and nothing
// else.
func TestCodecExamples(t *testing.T) {
	t.Parallel()
	const echo = `function decodeUplink(input) { return {data: {at: input.recvTime, bytes: input.bytes, port: input.fPort}} }`
	gives := func(result string) string { return "function decodeUplink(input) { return " + result + " }" }
	tests := []struct{ name, script, examples, says string }{
		{"nanoseconds", echo, `[{"input": {"bytes": "01", "recvTime": "2025-03-01T10:20:30.123456789Z"},
			"output": {"data": {"at": "2025-03-01T10:20:30.123456789Z", "bytes": [1], "port": 0}}}]`, ""},
		{"another millisecond", echo, `[{"input": {"bytes": "01", "recvTime": "2025-03-01T10:20:30.123456789Z"},
			"output": {"data": {"at": "2025-03-01T10:20:30.124Z", "bytes": [1], "port": 0}}}]`, "data.at"},
		{"no time of receipt", echo, `[{"input": {"bytes": [1], "fPort": 3}, "output": {"data": {"bytes": [1], "port": 3}}}]`, ""},
		{"the time of receipt as a text", gives(`{data: {day: input.recvTime.slice(0, 10)}}`),
			`[{"input": {"bytes": [1], "recvTime": "2025-03-01T10:20:30Z"}, "output": {"data": {"day": "2025-03-01"}}}]`, ""},
		{"a time that is needed", gives(`{data: {year: input.recvTime.getFullYear() > 2000}}`), `[{"input": {"bytes": [1]}, "output": {"data": {"year": true}}}]`, ""},
		{"a part of the clock", gives(`{data: {at: new Date(Math.floor(Date.now() / 864e5) * 864e5 + input.bytes[0] * 1000).toISOString()}}`),
			`[{"input": {"bytes": [9]}, "output": {"data": {"at": "2021-05-06T00:00:09.000Z"}}}]`, ""},
		{"JSON5", gives(`{data: {a: input.bytes[0], b: "it's \"x\"", c: .5, d: 7, e: "/*"}}`), `// of a test
			[{input: {'bytes': [0x1F, +2, -3,], fPort: 0x0A}, output: {data: {a: 31, b: 'it\'s "x"', c: .5, d: 007., e: '/*', f: undefined, // none
			}, /* no more */ }}, // last
			]`, ""},
		{"numbers in YAML 1.2", gives(`{data: {lead: 12074, eight: 8, tiny: 1e-7, large: 1e21, hex: 31, text: "0012"}}`), `
uplinkDecoder:
  fileName: x.js
  examples:
    - input: {bytes: [07, 010, 0xff], fPort: 1}
      output: {data: {lead: 00012074, eight: 08, tiny: 1e-7, large: 1e21, hex: 0x1f, text: '0012'}}`, ""},
		{"YAML timestamps", gives(`{data: {a: new Date(1700000000000), b: "2023-11-14T22:13:20Z", c: "2023-11-14 22:13:20", d: new Date(Date.UTC(2023, 10, 14))}}`), `
uplinkDecoder:
  examples:
    - input: {bytes: [1]}
      output: {data: {a: 2023-11-14 22:13:20, b: 2023-11-14T22:13:20.000Z, c: 2023-11-14 22:13:20, d: 2023-11-14}}`, ""},
		{"a negative number", gives(`{data: {a: -10}}`), "uplinkDecoder:\n  examples:\n    - {input: {bytes: [1]}, output: {data: {a: -010}}}", ""},
		{"a text of digits", gives(`{data: {a: 12}}`), `[{"input": {"bytes": [1]}, "output": {"data": {"a": "0012"}}}]`, "data.a"},
		{"a text is no number", gives(`{data: {a: 21.5}}`), `[{"input": {"bytes": [1]}, "output": {"data": {"a": "21.5"}}}]`, "data.a"},
		{"bytes as texts", echo, `[{"input": {"bytes": "[0x1, 0x0A, 0xff]", "fPort": "2"}, "output": {"data": {"bytes": [1, 10, 255], "port": 2}}}]`, ""},
		{"bytes with colons", echo, `[{"input": {"bytes": "0A:ff", "fPort": 2}, "output": {"data": {"bytes": [10, 255], "port": 2}}}]`, ""},
		{"a list of data", gives(`{data: [{variable: "t", value: 1}], warnings: []}`),
			`[{"input": {"bytes": [1]}, "output": {"data": [{"variable": "t", "value": 1}]}}]`, ""},
		{"another list of data", gives(`{data: [{variable: "t", value: 1}]}`), `[{"input": {"bytes": [1]}, "output": {"data": [{"variable": "t", "value": 2}]}}]`, "data[0].value"},
		{"data that is a list", gives(`{data: [1]}`), `[{"input": {"bytes": [1]}, "output": {"data": {"a": 1}}}]`, "want"},
		{"thrown as expected", `exports.decodeUplink = function () { throw new Error("length is not 8 bytes") }`,
			`[{"bytes": "01", "fPort": 1, "error": "length is not 8 bytes"}]`, ""},
		{"thrown unexpected", `exports.decodeUplink = function () { throw new Error("length is not 8 bytes") }`,
			`[{"bytes": "01", "fPort": 1, "data": {"a": 1}}]`, "length is not 8"},
		{"nothing is said", gives(`{data: {a: 1}}`), `[{"input": {"bytes": [1]}}]`, ""},
		{"nested errors", gives(`{errors: [["bad port"]]}`), `[{"input": {"bytes": [1]}, "output": {"errors": [["bad port"]]}}]`, ""},
		{"empty texts", gives(`{data: {}, warnings: "", errors: [""]}`), `[{"input": {"bytes": [1]}, "output": {"data": {}}}]`, ""},
		{"long texts", gives(`{data: {}, warnings: ["` + strings.Repeat("w", 600) + `"]}`),
			`[{"input": {"bytes": [1]}, "output": {"data": {}, "warnings": ["` + strings.Repeat("w", 600) + `"]}}]`, ""},
		{"ThingPark, flat", gives(`{temperature: 21.5, errors: []}`), `[{"input": {"bytes": [1]}, "output": {"temperature": 21.5}}]`, ""},
		{"ThingPark, flat with a member data", gives(`{data: "01", level: 4}`), `[{"input": {"bytes": [1]}, "output": {"level": 4}}]`, "data.data"},
		{"ThingPark, a measurement of that name", gives(`{warnings: 3, level: 4}`), `[{"input": {"bytes": [1]}, "output": {"data": {"warnings": 3, "level": 4}}}]`, ""},
		{"ThingPark, its context", "function decodeUplink() { var all = context.concat([{n: 3}]); context.push({n: 3}); return {data: {n: all.length, first: all[0].n}} }",
			`[{"input": {"bytes": [1], "context": [{"n": 1}, {"n": 2}]}, "output": {"data": {"n": 3, "first": 1}}}]`, ""},
		{"ThingPark, no context", gives(`{data: {n: context.length}}`), `[{"input": {"bytes": [1]}, "output": {"data": {"n": 0}}}]`, ""},
		{"a context of the script's own", "var context = {n: 7}; function decodeUplink() { return {data: context} }",
			`[{"input": {"bytes": [1], "context": [1]}, "output": {"data": {"n": 7}}}]`, ""},
		{"a lexical context", "const context = {n: 7}; function decodeUplink() { return {data: context} }",
			`[{"input": {"bytes": [1]}, "output": {"data": {"n": 7}}}]`, ""},
		{"ThingPark, time", gives(`{data: {at: input.time.toISOString()}}`),
			`[{"input": {"bytes": [1], "time": "2020-08-02T20:00:00.000+05:00"}, "output": {"data": {"at": "2020-08-02T15:00:00.000Z"}}}]`, ""},
		{"ThingPark, any time", gives(`{data: {at: new Date(), n: 5}}`),
			`[{"input": {"bytes": [1]}, "output": {"data": {"at": "XXXX-XX-XXTXX:XX:XX.XXXZ", "n": "SKIP_NUMBER"}}}]`, ""},
		{"ThingPark, not any text", gives(`{data: {at: "noon", n: 5}}`), `[{"input": {"bytes": [1]}, "output": {"data": {"at": "XXXX-XX-XXTXX:XX:XX.XXXZ", "n": 5}}}]`, "data.at"},
		{"errors in one text", gives(`{errors: "too short", warnings: []}`), `[{"input": {"bytes": [1]}, "output": {"errors": "too short", "warnings": []}}]`, ""},
		{"a part of an error that is given", gives(`{errors: ["length is not 8 bytes"]}`), `[{"bytes": "01", "fPort": 1, "error": "length is not 8 byte"}]`, ""},
		{"another error", gives(`{errors: ["bad port"]}`), `[{"bytes": "01", "fPort": 1, "error": "length is not 8 byte"}]`, "errors"},
		{"no error", gives(`{data: {a: 1}}`), `[{"bytes": "01", "fPort": 1, "error": "length is not 8 byte"}]`, "errors"},
		{"a history", gives(`{data: [{field: "t", value: 1, timestamp: 1773482400}]}`),
			`[{"input": {"bytes": [1]}, "output": {"data": [{"field": "t", "value": 1, "timestamp": 1773482400}]}}]`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			decoder, err := codec.New("x.js", []byte(tt.script))
			if err != nil {
				t.Fatal(err)
			}
			file, err := codectest.Parse([]byte(tt.examples), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
			if err != nil {
				t.Fatal(err)
			}
			differences := strings.Join(file.Examples[0].Check(t.Context(), decoder), "\n")
			if (differences == "") != (tt.says == "") || !strings.Contains(differences, tt.says) {
				t.Errorf("got differences %q, want ones that say %q", differences, tt.says)
			}
		})
	}
}

func TestCodecExamplesBroken(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"JSON":     `[{"input": {"bytes": [1]]`,
		"YAML":     "uplinkDecoder:\n  examples: [",
		"bytes":    `[{"input": {"bytes": "0g"}}]`,
		"a byte":   `[{"input": {"bytes": [256]}}]`,
		"the time": `[{"input": {"bytes": [1], "recvTime": "soon"}}]`,
	} {
		if _, err := codectest.Parse([]byte(text), time.Now()); err == nil || errors.Is(err, codectest.ErrNoExamples) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzCodecExamples(f *testing.F) {
	f.Add([]byte(`[{input: {bytes: '0x01', fPort: +1.}, output: {data: {a: .5e3,}}}] // x`))
	f.Add([]byte("uplinkDecoder:\n  examples:\n    - input: {bytes: [07]}\n      output: {data: {a: 010}}\n"))
	f.Fuzz(func(_ *testing.T, text []byte) {
		_, _ = codectest.Parse(text, time.Time{}) // it may be anything, but must come back
	})
}

// TestScriptBundles has formatters whose entry points a bundler hid.
func TestScriptBundles(t *testing.T) {
	t.Parallel()
	const body = `function (input) { return {data: {n: input.bytes.length}} }`
	for name, script := range map[string]string{
		"a variable":           `var meter; (() => { var e = {}; e.decodeUplink = ` + body + `; meter = e })();`,
		"a variable, exported": `var meter; (() => { var e = {}; e.decodeUplink = ` + body + `; meter = e })(); exports.meter = meter`,
		"a universal module":   `!function (root, make) { "object" == typeof exports && "object" == typeof module ? module.exports = make() : root.meter = make() }(this, function () { return {decodeUplink: ` + body + `} })`,
		"of a browser":         `(function (root, make) { if (typeof exports === "object" && typeof module === "object") module.exports = make(); else root.meter = make() })(self, () => ({decodeUplink: ` + body + `}))`,
		"an export by default": `Object.defineProperty(exports, "__esModule", {value: true}); exports.default = {decodeUplink: ` + body + `}`,
		"methods for every object": `"use strict"; Object.prototype.readUInt8 = function (at) { return this[at] };
			if (typeof module !== "undefined") { module.exports = codec } var codec; (function (codec) { codec.count = function (b) { return b.readUInt8(1) } })(codec || (codec = {}));
			function decodeUplink(input) { return {data: {n: codec.count(input.bytes)}} }`,
		"a footer":              `var meter; (() => { meter = {decodeUplink: ` + body + `} })(); var decodeUplink = meter.decodeUplink`,
		"a class with a static": `class Meter { static decodeUplink(input) { return {data: {n: input.bytes.length}} } } exports.Meter = Meter`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			decoder, err := codec.New("x.js", []byte(script))
			if err != nil {
				t.Fatal(err)
			}
			out, err := decoder.Decode(t.Context(), codec.Uplink{Bytes: []byte{1, 2}})
			if err != nil || out.Data["n"] != 2 {
				t.Errorf("got %v, %v", out.Data, err)
			}
		})
	}
}
