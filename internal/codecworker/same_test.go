package codecworker

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"mayfly/transform/codec"
)

// TestSameAsInProcess proves that values and errors come over the pipe as they are.
func TestSameAsInProcess(t *testing.T) {
	pool := newPool(t, Options{})
	for _, tt := range []struct{ name, script string }{
		{"numbers", `function decodeUplink() {
			return {data: {i: 1, n: -1, big: 9007199254740991, bigger: 9007199254740992,
			huge: 1e300, tiny: 5e-324, f: 0.1, z: -0, whole: 3.0, nan: NaN, inf: Infinity}} }`},
		{"big integers", `function decodeUplink() {
			return {data: {small: 5n, neg: -5n, u64: 18446744073709551615n,
			more: 2n ** 200n}} }`},
		{"texts", `function decodeUplink() {
			return {data: {e: "", ascii: "a\u0000b", wide: "\u20ac\ud83d\ude00",
			lone: "\ud800x", "\u20ac": 1, "": 2}} }`},
		{"nothing", `function decodeUplink() {
			return {data: {n: null, u: undefined, t: true, f: false, o: {}, l: []}} }`},
		{"nested", `function decodeUplink() {
			return {data: {a: [1, [2, [3, {b: [null, 4.5, "x"]}]]]}} }`},
		{"deep", `function decodeUplink() { var o = {};
			for (var i = 0; i < 90; i++) o = i % 2 ? [o] : {o: o}; return {data: {o: o}} }`},
		{"too deep", `function decodeUplink() { var o = {}; for (var i = 0; i < 500; i++) o = [o];
			return {data: {o: o}} }`},
		{"dates", `function decodeUplink(i) {
			return {data: {now: new Date(), got: i.recvTime, zone: new Date(0).getHours(),
			text: String(new Date(0))}} }`},
		{"warnings and errors", `function decodeUplink() { return {data: {a: 1},
			warnings: ["w", 1, null], errors: ["e", {x: 1}]} }`},
		{"no data", `function decodeUplink() { return {} }`},
		{"empty data", `function decodeUplink() { return {data: {}} }`},
		{"a list", `function decodeUplink() { return [1, {a: 2}] }`},
		{"a Datacake list", `function Decoder() {
			return [{field: "A", value: 1}, {field: "B", value: 2.5}] }`},
		{"a text", `function Decoder() { return "x" }`},
		{"an exception", `function decodeUplink() { throw new TypeError("no " + "x".repeat(5000)) }`},
		{"an exception that is no error", `function decodeUplink() { throw {a: 1} }`},
		{"variables", `function Decode(port, bytes, variables) {
			return {v: variables.key, bytes: bytes, port: port} }`},
		{"normalized", `function decodeUplink() { return {data: {t: 1}} }
			function normalizeUplink(i) {
			return {data: [{air: {temperature: i.data.t}}], warnings: ["nw"], errors: ["ne"]} }`},
		{"typed arrays", `function decodeUplink() {
			return {data: {u: new Uint8Array([1, 2]), f: new Float32Array([0.5]),
			b: Buffer.from("abc")}} }`},
		{"the context of ThingPark", `function decodeUplink() {
			return {temperature: 1, context: context, sum: context.length && context[0].n + 1} }`},
		{"a module", `exports.decodeUplink = function (i) { return {data: {n: i.bytes.length}} }`},
		{"kept state", `var calls = 0; function decodeUplink() { return {data: {calls: ++calls}} }`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			here, there := load(t, codec.InProcess{}, tt.script), load(t, pool, tt.script)
			for _, in := range []codec.Uplink{
				{},
				{
					Bytes: []byte{0, 1, 254, 255}, Port: 223, Variables: map[string]string{"key": "\u20ac"},
					Time: time.Date(2026, 2, 3, 4, 5, 6, 789e6, time.FixedZone("x", 3600)),
				},
				{
					Bytes: []byte("x"), Time: time.Unix(1, 0), Clock: time.Unix(1700000000, 5e8),
					Normalize: true, TimeText: "2026-01-01", Context: []any{map[string]any{"n": 3, "f": 0.5}, "x"},
				},
			} {
				want, wantErr := here.Decode(t.Context(), in)
				got, err := there.Decode(t.Context(), in)
				if !reflect.DeepEqual(got, want) {
					t.Errorf("got  %#v\nwant %#v", got, want)
				}
				if fmt.Sprint(err) != fmt.Sprint(wantErr) {
					t.Errorf("error %v, want %v", err, wantErr)
				}
			}
		})
	}
}
