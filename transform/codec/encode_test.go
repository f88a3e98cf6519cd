package codec_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform/codec"
)

func loadScript(t *testing.T, text string) codec.Script {
	t.Helper()
	s, err := codec.InProcess{}.Load("codec.js", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEncode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, script string
		want         codec.Encoded
	}{
		{"TS013", `function encodeDownlink(input) { return {bytes: [input.data.led, input.data.n >> 8, input.data.n & 255],
			fPort: 15, warnings: ["old"], errors: []} }`,
			codec.Encoded{Bytes: []byte{1, 3, 231}, Port: 15, Warnings: []string{"old"}, Errors: []string{}}},
		{"port and variables are told", `function encodeDownlink({data, fPort, variables}) {
			return {bytes: [fPort, variables.key.length]} }`, codec.Encoded{Bytes: []byte{7, 6}}},
		{"The Things Network v2", `function Encoder(object, port) { return [object.led, port] }`,
			codec.Encoded{Bytes: []byte{1, 7}}},
		{"ChirpStack v3", `function Encode(fPort, obj, variables) { return [fPort, obj.led, variables.key.length] }`,
			codec.Encoded{Bytes: []byte{7, 1, 6}}},
		{"the newest of three", `function Encode() { return [3] } function Encoder() { return [2] }
			function encodeDownlink() { return {bytes: [1]} }`, codec.Encoded{Bytes: []byte{1}}},
		{"bytes without a wrapper", `function encodeDownlink() { return [9] }`, codec.Encoded{Bytes: []byte{9}}},
		{"an object of an old function", `function Encoder() { return {bytes: [9], fPort: 3} }`,
			codec.Encoded{Bytes: []byte{9}, Port: 3}},
		{"a typed array", `function encodeDownlink() { return {bytes: new Uint8Array([1, 255])} }`,
			codec.Encoded{Bytes: []byte{1, 255}}},
		{"wider elements", `function encodeDownlink() { return {bytes: new Uint16Array([1, 255])} }`,
			codec.Encoded{Bytes: []byte{1, 255}}},
		{"a Buffer", `function encodeDownlink() { return {bytes: Buffer.from("0aff", "hex")} }`,
			codec.Encoded{Bytes: []byte{10, 255}}},
		{"whole floats", `function encodeDownlink() { return {bytes: [2.0, 510 / 2, -0]} }`,
			codec.Encoded{Bytes: []byte{2, 255, 0}}},
		{"no bytes in the list", `function encodeDownlink() { return {bytes: []} }`, codec.Encoded{Bytes: []byte{}}},
		{"errors", `function encodeDownlink(input) { return {errors: ["no such color", 5]} }`,
			codec.Encoded{Errors: []string{"no such color", "5"}}},
		{"errors beside bytes", `function encodeDownlink(input) { return {bytes: [1], errors: "one"} }`,
			codec.Encoded{Errors: []string{"one"}}},
		{"async", `async function encodeDownlink(input) { return {bytes: [await 4]} }`, codec.Encoded{Bytes: []byte{4}}},
		{"an arrow in a const", `const encodeDownlink = ({data}) => ({bytes: [data.led]})`, codec.Encoded{Bytes: []byte{1}}},
		{"CommonJS", `exports.decodeUplink = () => ({data: {}}); exports.encodeDownlink = (i) => ({bytes: [i.data.led]})`,
			codec.Encoded{Bytes: []byte{1}}},
		{"CommonJS, an encoder alone", `module.exports = {encodeDownlink: (i) => ({bytes: [i.data.led]})}`,
			codec.Encoded{Bytes: []byte{1}}},
		{"a decoder in a module beside a declared encoder", `function encodeDownlink() { return {bytes: [6]} }
			if (typeof module !== "undefined") module.exports = {decodeUplink: () => ({data: {}})}`,
			codec.Encoded{Bytes: []byte{6}}},
		{"ES module", `export function encodeDownlink(input) { return {bytes: [input.data.led]} }`,
			codec.Encoded{Bytes: []byte{1}}},
		{"a library", `var lib = {decodeUplink() { return {data: {}} }, encodeDownlink(i) { return {bytes: [i.data.led]} }}`,
			codec.Encoded{Bytes: []byte{1}}},
		{"JSON that the script replaces", `JSON = {parse: () => ({led: 99})}
			function encodeDownlink(input) { return {bytes: [input.data.led]} }`, codec.Encoded{Bytes: []byte{1}}},
		{"no state is left", `var n = 0; function encodeDownlink() { return {bytes: [++n]} }`,
			codec.Encoded{Bytes: []byte{1}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := loadScript(t, tt.script)
			if codec.EncoderOf(codec.Named{Codec: s}) == nil {
				t.Fatal("it does not encode")
			}
			for range 2 {
				out, err := s.Encode(t.Context(), codec.Downlink{
					Data: []byte(` {"led": 1, "n": 999} `), Port: 7, Variables: map[string]string{"key": "secret"},
				})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, out); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestEncodeFails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body string
		kind       codec.Failure
		says       string
	}{
		{"throws", `throw new Error("no such color")`, codec.Threw, "no such color"},
		{"endless", `for (;;) {}`, codec.Timeout, "longer than 100ms"},
		{"nothing", ``, codec.Result, "gave nothing"},
		{"a text", `return "0aff"`, codec.Result, "not bytes"},
		{"a text for bytes", `return {bytes: "0aff"}`, codec.Result, "no bytes"},
		{"no bytes", `return {fPort: 2}`, codec.Result, "no bytes"},
		{"an object for bytes", `return {bytes: {0: 1, length: 1}}`, codec.Result, "no bytes"},
		{"256", `return {bytes: [1, 256]}`, codec.Result, "byte 1 of the codec is 256"},
		{"below zero", `return {bytes: [-1]}`, codec.Result, "byte 0 of the codec is -1"},
		{"a signed array", `return {bytes: new Int8Array([200])}`, codec.Result, "-56"},
		{"a fraction", `return {bytes: [0.5]}`, codec.Result, "0.5"},
		{"not a number", `return {bytes: [NaN]}`, codec.Result, "null"},
		{"a hole", `return {bytes: [1, , 3]}`, codec.Result, "byte 1"},
		{"digits", `return {bytes: ["7"]}`, codec.Result, `"7"`},
		{"a boolean", `return {bytes: [true]}`, codec.Result, "true"},
		{"a big integer", `return {bytes: [5n]}`, codec.Result, "5"},
		{"too long", `return {bytes: new Array(243).fill(1)}`, codec.Result, "243 bytes, more than the 242"},
		{"far too long", `var a = []; a.length = 4e9; return {bytes: a}`, codec.Result, "4000000000 bytes"},
		{"port 0", `return {bytes: [1], fPort: 0}`, codec.Result, "fPort"},
		{"port 224", `return {bytes: [1], fPort: 224}`, codec.Result, "want 1 to 223"},
		{"a text as port", `return {bytes: [1], fPort: "10"}`, codec.Result, "fPort"},
		{"a port and a half", `return {bytes: [1], fPort: 1.5}`, codec.Result, "1.5"},
		{"a getter that throws", `return {get bytes() { throw new Error("gotcha") }}`, codec.Threw, "gotcha"},
		{"never settles", `return new Promise(function () {})`, codec.Result, "never comes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := loadScript(t, "function encodeDownlink(input) {"+tt.body+"}")
			out, err := s.Encode(t.Context(), codec.Downlink{Data: []byte(`{}`)})
			failed, ok := errors.AsType[*codec.Error](err)
			if !ok || failed.Kind != tt.kind || !strings.Contains(failed.Text, tt.says) {
				t.Errorf("got %+v and %v, want %s: %s", out, err, tt.kind, tt.says)
			}
			if out.Bytes != nil || out.Port != 0 {
				t.Errorf("%+v beside an error", out)
			}
		})
	}
	for name, data := range map[string]string{
		"not JSON": "{", "nothing": "", "two values": "1 2", "deep": strings.Repeat("[", 300) + strings.Repeat("]", 300),
		"large": `"` + strings.Repeat("x", codec.MaxPayload) + `"`,
	} {
		s := loadScript(t, "function encodeDownlink(input) { return {bytes: [1]} }")
		if _, err := s.Encode(t.Context(), codec.Downlink{Data: []byte(data)}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A script is good for the direction that it has functions for, and no source decodes by
// one that cannot.
func TestOneDirection(t *testing.T) {
	t.Parallel()
	const encoder, decoder = `function encodeDownlink() { return {bytes: [1]} }`, `function Decoder() { return {a: 1} }`
	if _, err := codec.New("x.js", []byte(encoder)); err == nil || !strings.Contains(err.Error(), "decodeUplink") {
		t.Error("an encoder is taken for a decoder:", err)
	}
	s := loadScript(t, encoder)
	if _, err := s.Decode(t.Context(), codec.Uplink{}); err == nil || s.Decodes() || !s.Encodes() {
		t.Error("it decodes:", err)
	}
	s = loadScript(t, decoder)
	if _, err := s.Encode(t.Context(), codec.Downlink{Data: []byte("1")}); err == nil || s.Encodes() || !s.Decodes() {
		t.Error("it encodes:", err)
	}
	if codec.EncoderOf(s) != nil {
		t.Error("a decoder is an encoder")
	}
}

func FuzzEncode(f *testing.F) {
	f.Add("function encodeDownlink(i) { return {bytes: [i.data.a, i.fPort], fPort: 3} }", []byte(`{"a":1}`))
	f.Add("function Encoder(o, p) { return Buffer.from(o) }", []byte(`[1,2]`))
	f.Add("const encodeDownlink = (i) => i.data", []byte(`{"bytes":[1,300]}`))
	f.Fuzz(func(t *testing.T, script string, data []byte) {
		s, err := codec.InProcess{}.Load("codec.js", []byte(script))
		if err != nil {
			return
		}
		out, err := s.Encode(t.Context(), codec.Downlink{Data: data, Port: 1})
		var failed *codec.Error
		if err != nil && !errors.As(err, &failed) {
			t.Fatalf("an error without a kind: %v", err)
		}
		if len(out.Bytes) > codec.MaxDownlink || out.Port < 0 || out.Port > codec.MaxDownlinkPort {
			t.Fatalf("%+v", out)
		}
	})
}
