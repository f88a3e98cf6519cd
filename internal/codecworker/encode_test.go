package codecworker

import (
	"fmt"
	"reflect"
	"testing"

	"mayfly/transform/codec"
)

// TestEncodeAsInProcess proves that downlinks and errors come over the pipe as they are.
func TestEncodeAsInProcess(t *testing.T) {
	pool := newPool(t, Options{})
	for _, tt := range []struct{ name, script string }{
		{"bytes", `function encodeDownlink(i) {
			return {bytes: [i.data.led, i.fPort || 0], fPort: 9, warnings: ["w"], errors: []} }`},
		{"no bytes", `function encodeDownlink() { return {bytes: []} }`},
		{"errors", `function encodeDownlink() { return {errors: ["no such color"]} }`},
		{"an exception", `function encodeDownlink() { throw new TypeError("no") }`},
		{"endless", `function encodeDownlink() { for (;;) {} }`},
		{"not bytes", `function Encoder() { return [1, 999] }`},
		{"variables", `function Encode(port, data, variables) { return [port, variables.n.length] }`},
		{"its clock", `function encodeDownlink() { return {bytes: [new Date().getUTCFullYear() - 1970]} }`},
		{"a decoder", `function decodeUplink() { return {data: {}} }`},
		{"both", `function decodeUplink() { return {data: {}} } function Encoder() { return [1] }`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			here, err := codec.InProcess{}.Load("x.js", []byte(tt.script))
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second time the worker holds the script
				there, err := pool.Load("x.js", []byte(tt.script))
				if err != nil {
					t.Fatal(err)
				}
				if here.Decodes() != there.Decodes() || here.Encodes() != there.Encodes() {
					t.Error("the directions differ")
				}
				in := codec.Downlink{
					Data: []byte(`{"led":1.0,"big":9007199254740993}`), Port: 7,
					Variables: map[string]string{"n": "\u20ac"}, Clock: fromMillis(new(int64(1e12))),
				}
				want, wantErr := here.Encode(t.Context(), in)
				got, err := there.Encode(t.Context(), in)
				if fmt.Sprint(got) != fmt.Sprint(want) || !reflect.DeepEqual(got.Bytes, want.Bytes) {
					t.Errorf("got  %#v\nwant %#v", got, want)
				}
				if fmt.Sprint(err) != fmt.Sprint(wantErr) {
					t.Errorf("error %v, want %v", err, wantErr)
				}
			}
		})
	}
}
