package codec_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform/codec"
)

func TestScript(t *testing.T) {
	t.Parallel()
	type object = map[string]any
	at := time.Date(2026, 7, 4, 12, 30, 0, 250e6, time.UTC)
	tests := []struct {
		name, script string
		want         object
	}{
		{"TS013", `function decodeUplink(input) { return {data: {port: input.fPort, n: input.bytes.length, sum: input.bytes[0] + input.bytes[1]}} }`,
			object{"port": 7, "n": 3, "sum": 258}},
		{"The Things Network v2", `function Decoder(bytes, port) { return {port: port, first: bytes[0]} }`, object{"port": 7, "first": 3}},
		{"ChirpStack v3", `function Decode(fPort, bytes, variables) { return {port: fPort, first: bytes[0], unit: variables.unit} }`,
			object{"port": 7, "first": 3, "unit": "C"}},
		{"the newest of three", `function Decode() { return {v: 3} } function Decoder() { return {v: 2} } function decodeUplink() { return {data: {v: 1}} }`, object{"v": 1}},
		{"arrow in a const", `const decodeUplink = ({bytes, fPort}) => ({data: {first: bytes[0]}})`, object{"first": 3}},
		{"let, then assigned", `let decodeUplink; decodeUplink = function (input) { return {data: {a: 1}} }`, object{"a": 1}},
		{"async", `async function decodeUplink(input) { const v = await Promise.resolve(4); return {data: {v}} }`, object{"v": 4}},
		{"ES module", "import { Buffer } from 'buffer'\nexport function decodeUplink(input) { return {data: {hex: Buffer.from(input.bytes).toString('hex')}} }", object{"hex": "03ff10"}},
		{"list of exports", "function f(input) { return {data: {v: 1}} }\nexport { f as decodeUplink };", object{"v": 1}},
		{"default export", "export default function decodeUplink(input) { return {data: {v: 1}} }", object{"v": 1}},
		{"default object", "export default {decodeUplink(input) { return {data: {v: 1}} }}", object{"v": 1}},
		{"CommonJS", `module.exports = {decodeUplink: function (input) { return {data: {v: 1}} }}`, object{"v": 1}},
		{"CommonJS with a require", `const {Buffer} = require("buffer"); exports.decodeUplink = (i) => ({data: {v: Buffer.from(i.bytes).readUInt16BE(0)}})`, object{"v": 0x3ff}},
		{"guarded module", `function decodeUplink() { return {data: {node: typeof module !== "undefined"}} } if (typeof module !== "undefined") module.exports = {}`, object{"node": false}},
		{"stored as a JSON string", `function decodeUplink(input) {\n  var s = \"a\\nb\"; // why\n  return {data: {s: s}};\n}` + "\n", object{"s": "a\nb"}},
		{"implicit global, octal, with", `function decodeUplink(input) { x = 010; with ({y: 1}) { x += y } return {data: {x: x}} }`, object{"x": 9}},
		{"nothing", `function decodeUplink() { return {data: {u: undefined, n: null, nan: NaN, inf: -Infinity, f: function () {}, s: Symbol("x"), o: {u: undefined}, l: [undefined, 1]}} }`,
			object{"o": object{}, "l": []any{nil, 1}}},
		{"numbers", `function decodeUplink() { return {data: {i: 5.0, z: -0, f: 0.1 + 0.2, big: 9007199254740991, e: 1e21, n: new Number(3)}} }`,
			object{"i": 5, "z": 0, "f": 0.30000000000000004, "big": 9007199254740991, "e": 1e21, "n": 3}},
		{"dates", `function decodeUplink(input) { return {data: {r: input.recvTime, now: new Date(), local: new Date(input.recvTime).getHours(),
			made: new Date(2026, 0, 1, 5), read: new Date("2026-01-01T05:00:00"), off: new Date().getTimezoneOffset(), is: new Date() instanceof Date, bad: new Date(NaN)}} }`,
			object{"r": "2026-07-04T12:30:00.250Z", "now": "2026-07-04T12:30:00.250Z", "local": 12, "made": "2026-01-01T05:00:00.000Z",
				"read": "2026-01-01T05:00:00.000Z", "off": 0, "is": true}},
		{"typed arrays", `function decodeUplink(input) { var u = new Uint8Array(input.bytes); return {data: {u: u, i: new Int16Array([-1]), is: u instanceof Uint8Array, name: Uint8Array.name,
			f: new DataView(new Uint8Array([0x41, 0xac, 0, 0]).buffer).getFloat32(0), from: Uint8Array.from([1, 2]).length}} }`,
			object{"u": []any{3, 255, 16}, "i": []any{-1}, "is": true, "name": "Uint8Array", "f": 21.5, "from": 2}},
		{"Buffer", `function decodeUplink(input) { var b = Buffer.from(input.bytes), c = new Buffer("ABC"), d = Buffer.alloc(8); d.writeInt16LE(-2, 1); d.writeFloatBE(1.5, 4);
			return {data: {hex: b.toString("hex"), b64: b.toString("base64"), s: c.toString(), u: b.readUInt16LE(0), i: b.readInt16BE(1), i8: b.readInt8(1),
			n: d.readIntLE(1, 2), f: d.readFloatBE(4), part: b.slice(1, 3).toString("hex"), cat: Buffer.concat([b, c]).length, is: Buffer.isBuffer(b), view: b instanceof Uint8Array,
			back: Buffer.from("A/8Q", "base64").equals(b), text: Buffer.from("Grüße €").toString("utf8"), bytes: b, big: Number(Buffer.from("0000000000000102", "hex").readBigUInt64BE(0))}} }`,
			object{"hex": "03ff10", "b64": "A/8Q", "s": "ABC", "u": 0xff03, "i": -240, "i8": -1, "n": -2, "f": 1.5, "part": "ff10", "cat": 6, "is": true, "view": true,
				"back": true, "text": "Grüße €", "bytes": []any{3, 255, 16}, "big": 258}},
		{"text codecs", `function decodeUplink() { return {data: {b: btoa("hé"), a: atob("aGk="), d: new TextDecoder().decode(new Uint8Array([0xe2, 0x82, 0xac])), e: new TextEncoder().encode("é").length}} }`,
			object{"b": "aOk=", "a": "hi", "d": "€", "e": 2}},
		{"console", `console.log("x"); function decodeUplink() { console.warn("y"); return {data: {v: 1}} }`, object{"v": 1}},
		{"a list of fields", `function Decoder(payload, port) { return [{field: "TEMP", value: 21.5}, {field: "GONE", value: null}] }`, object{"TEMP": 21.5}},
		{"toJSON", `function decodeUplink() { return {data: {v: {toJSON: function () { return 5 }}}} }`, object{"v": 5}},
		{"no wrapper", `function decodeUplink() { return {temp: 1} }`, object{"temp": 1}},
		{"backreference", `function decodeUplink() { return {data: {m: /^(a+)b\1$/.test("aabaa"), look: "x1".match(/(?<=x)\d/)[0]}} }`, object{"m": true, "look": "1"}},
		{"source map of another file", "function decodeUplink() { return {data: {v: 1}} }\n//# sourceMappingURL=/etc/passwd", object{"v": 1}},
		{"held natives", `function decodeUplink() { return {data: {r: "ab".repeat(2), p: "7".padStart(3, "0"), a: Array.from({length: 2}, (v, i) => i), f: new Array(3).fill(1).join("-"), s: "" + [1, 2]}} }`,
			object{"r": "abab", "p": "007", "a": []any{0, 1}, "f": "1-1-1", "s": "1,2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			decoder, err := codec.New("codec.js", []byte(tt.script))
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // no state is left behind
				out, err := decoder.Decode(t.Context(), codec.Uplink{Bytes: []byte{3, 255, 16}, Port: 7, Time: at, Variables: map[string]string{"unit": "C"}})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, out.Data); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestScriptReports(t *testing.T) {
	t.Parallel()
	decoder, err := codec.New("codec.js", []byte(`function decodeUplink(input) {
		return {data: {v: 1}, warnings: ["low battery", 5, null], errors: "one"} }
		function normalizeUplink(input) { return {data: {air: {temperature: input.data.v}}, warnings: ["w"]} }`))
	if err != nil {
		t.Fatal(err)
	}
	out, err := decoder.Decode(t.Context(), codec.Uplink{Normalize: true})
	if err != nil {
		t.Fatal(err)
	}
	want := codec.Decoded{
		Data: map[string]any{"v": 1}, Warnings: []string{"low battery", "5"}, Errors: []string{"one"},
		Normalized:        []any{map[string]any{"air": map[string]any{"temperature": 1}}},
		NormalizeWarnings: []string{"w"},
	}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What a script can do to the process is held by package codecworker: see its TestAbuse.
func TestScriptFails(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		kind       codec.Failure
		says       string
	}{
		{"throws", `throw new Error("no such frame")`, codec.Threw, "no such frame"},
		{"throws a text", `throw "text"`, codec.Threw, "text"},
		{"reads nothing", `return {data: input.nothing.at}`, codec.Threw, "TypeError"},
		{"endless", `for (;;) {}`, codec.Timeout, "longer than 100ms"},
		{"endless in a catch", `for (;;) { try { for (;;) {} } catch (e) {} }`, codec.Timeout, "longer"},
		{"recursion", `function f() { return f() + 1 } return f()`, codec.Threw, "nested deeper"},
		{"endless getter", `return {data: {get x() { for (;;) {} }}}`, codec.Timeout, "longer"},
		{"throwing getter", `return {data: {get x() { throw new Error("gotcha") }}}`, codec.Threw, "gotcha"},
		{"holds itself", `var a = {}; a.a = a; return {data: a}`, codec.Result, "holds itself"},
		{"a number", `return 5`, codec.Result, "not an object"},
		{"data is a number", `return {data: 5}`, codec.Result, "not an object"},
		{"data is a list", `return {data: [1, 2]}`, codec.Result, "array"},
		{"twice as many each time", `var a = [0]; for (var i = 0; i < 40; i++) a = [a, a]; return {data: {a: a}}`, codec.Memory, "values"},
		{"a long list", `var a = []; a.length = 4e9; return {data: {a: a}}`, codec.Memory, "values"},
		{"never settles", `return new Promise(function () {})`, codec.Result, "never comes"},
		{"rejects", `return Promise.reject(new Error("sorry"))`, codec.Threw, "sorry"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			decoder, err := codec.New("codec.js", []byte("function decodeUplink(input) {"+tt.body+"}"))
			if err != nil {
				t.Fatal(err)
			}
			out, err := decoder.Decode(t.Context(), codec.Uplink{Bytes: []byte{1}})
			var failed *codec.Error
			if !errors.As(err, &failed) {
				t.Fatalf("got %v and %v, want a CodecError", out, err)
			}
			if tt.kind != "" && failed.Kind != tt.kind || !strings.Contains(failed.Text, tt.says) {
				t.Errorf("got %s: %s, want %s: %s", failed.Kind, failed.Text, tt.kind, tt.says)
			}
		})
	}
}

// A regular expression with a backreference backtracks where no interrupt
// reaches it.
func TestScriptRegexp(t *testing.T) {
	t.Parallel()
	decoder, err := codec.New("codec.js", []byte(`function decodeUplink() {
		return {data: {v: /^(a+)+\1$/.test("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")}} }`))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = decoder.Decode(t.Context(), codec.Uplink{}) // no match, or too slow: that it ends will do
}

func TestScriptRefused(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, script, says string }{
		{"no entry point", `function decode(b) { return {} }`, "none of the functions"},
		{"empty", ``, "none of the functions"},
		{"syntax", "function decodeUplink(input) {\n  return {data: };\n}", "2:"},
		{"throws at once", `throw new Error("at once")`, "at once"},
		{"never ends", `for (;;) {}`, "the codec"},
		{"deep brackets", strings.Repeat("(", 200_000), "nested"},
		{"too large", strings.Repeat("x;", 300_000), "larger than"},
		{"binary", "\x00\x01\x02\xff", "Unexpected"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := codec.New("codec.js", []byte(tt.script))
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want one that says %q", err, tt.says)
			}
		})
	}
	if _, err := codec.New("lpp2", nil); err == nil {
		t.Error("a codec that is not known")
	}
}

func FuzzScript(f *testing.F) {
	f.Add(typical, []byte{1, 2, 3})
	f.Add("export const decodeUplink = (i) => ({data: {a: i.bytes}})", []byte{1})
	f.Add(`function Decoder(b, p) { return [{field: "x", value: b.map(String).join()}] }`, []byte{1})
	f.Add("function decodeUplink(i) { for (;;) {} }", []byte{})
	f.Fuzz(func(t *testing.T, script string, payload []byte) {
		decoder, err := codec.New("codec.js", []byte(script))
		if err != nil {
			return
		}
		_, err = decoder.Decode(t.Context(), codec.Uplink{Bytes: payload, Port: 1, Normalize: true})
		var failed *codec.Error
		if err != nil && !errors.As(err, &failed) {
			t.Fatalf("an error without a kind: %v", err)
		}
	})
}

// TestConsole: what a script writes to its console is kept where somebody asks for it, the first lines.
func TestConsole(t *testing.T) {
	t.Parallel()
	const text = `function decodeUplink(input) {
	console.log("bytes", input.bytes, {port: input.fPort}, 1.5, null);
	console.error("odd");
	for (let i = 0; i < input.bytes[0]; i++) console.log("line", i);
	if (input.fPort === 9) throw new Error("bad");
	return {data: {n: 1}};
}`
	c, err := codec.InProcess{}.Load("console.js", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.Decode(t.Context(), codec.Uplink{Bytes: []byte{1}, Port: 2, Console: true})
	if want := []string{`bytes [1] {"port":2} 1.5 null`, "odd", "line 0"}; err != nil || !slices.Equal(out.Console, want) {
		t.Errorf("%q %v", out.Console, err)
	}
	if out, err = c.Decode(t.Context(), codec.Uplink{Bytes: []byte{1}, Port: 2}); err != nil || out.Console != nil {
		t.Errorf("nobody has asked: %q %v", out.Console, err)
	}
	if out, err = c.Decode(t.Context(), codec.Uplink{Bytes: []byte{200}, Port: 9, Console: true}); err == nil ||
		len(out.Console) != 100 {
		t.Errorf("a script that fails: %d lines, %v", len(out.Console), err)
	}
}
