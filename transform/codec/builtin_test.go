package codec_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform/codec"
)

func decodeHex(t *testing.T, spec, payload string) (codec.Decoded, error) {
	t.Helper()
	decoder, err := codec.New(spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := hex.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	return decoder.Decode(t.Context(), codec.Uplink{Bytes: raw})
}

// asJSON makes values comparable whatever their Go types.
func asJSON(t *testing.T, value any) any {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestCayenne(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, payload, want string }{
		{"two temperatures", "03670110056700ff", `{"temperature_3":27.2,"temperature_5":25.5}`},
		{"below zero", "0167ffd7", `{"temperature_1":-4.1}`},
		{"accelerometer", "067104d2fb2e0000", `{"accelerometer_6":{"x":1.234,"y":-1.234,"z":0}}`},
		{"place", "018806765ff2960a0003e8", `{"gps_1":{"latitude":42.3519,"longitude":-87.9094,"altitude":10}}`},
		{"the other first ones", "0000010101010202fff803030064", `{"digital_in_0":1,"digital_out_1":1,"analog_in_2":-0.08,"analog_out_3":1}`},
		{"weather", "0165ffff02660103686404732710", `{"luminosity_1":65535,"presence_2":1,"relative_humidity_3":50,"barometric_pressure_4":1000}`},
		{"gyrometer", "0186ff9c00640001", `{"gyrometer_1":{"x":-1,"y":1,"z":0.01}}`},
		{"electricity", "0174014a02750bb8038000640483000003e8", `{"voltage_1":3.3,"current_2":3,"power_3":100,"energy_4":1}`},
		{"more of the extensions", "0164ffffffff0276000003e803786404 79ff9c057d01900682000004d20784010e08855f5e1000098701 02030a8e01",
			`{"generic_1":4294967295,"frequency_2":1000,"percentage_3":100,"altitude_4":-100,"concentration_5":400,"distance_6":1.234,
			"direction_7":270,"time_8":1600000000,"colour_9":{"r":1,"g":2,"b":3},"switch_10":1}`},
		{"polyline", "01f00ae301fbd101d4c11f f1", `{"polyline_1":[{"latitude":13.0001,"longitude":12.0001},{"latitude":13.0002,"longitude":12},{"latitude":13.0001,"longitude":12.0001}]}`},
		{"empty", "", `{}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, err := decodeHex(t, "cayenne", strings.ReplaceAll(tt.payload, " ", ""))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(asJSON(t, json.RawMessage(tt.want)), asJSON(t, out.Data)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for name, tt := range map[string]struct {
		payload string
		kind    codec.Failure
		says    string
	}{
		"channel alone":  {"01", codec.Truncated, "offset 1"},
		"half a value":   {"016701", codec.Truncated, "temperature has 2 bytes"},
		"unknown type":   {"0167011001ff", codec.Unknown, "0xff"},
		"short polyline": {"01f00ae3", codec.Truncated, "polyline"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := decodeHex(t, "cayenne", tt.payload)
			var failed *codec.Error
			if !errors.As(err, &failed) || failed.Kind != tt.kind || !strings.Contains(failed.Text, tt.says) {
				t.Errorf("got %v and %v, want %s: %s", out, err, tt.kind, tt.says)
			}
		})
	}
}

func TestSigfoxGrammar(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, grammar, payload, want string }{
		{"one after another", "a::uint:8 b::uint:8", "1234", `{"a":18,"b":52}`},
		{"bits and a number", "a::bool:7 b::bool:6 c:1:uint:16", "c01234", `{"a":true,"b":true,"c":4660}`},
		{"little endian", "a::bool:7 b::bool:6 c:1:uint:16:little-endian d::uint:8", "80123456", `{"a":true,"b":false,"c":13330,"d":86}`},
		{"next byte after bits", "a::bool:7 b::uint:8", "8012", `{"a":true,"b":18}`},
		{"bits of the byte read last", "a::uint:8 b::bool:0", "0100", `{"a":1,"b":true}`},
		{"text", "s::char:6 a::uint:16 b::uint:32", "41424344454601234567890a", `{"s":"ABCDEF","a":291,"b":1164413194}`},
		{"text with an end", "s::char:4", "41420000", `{"s":"AB"}`},
		{"signed", "a::int:8 b::int:16:little-endian c::int:12", "fffeff8000", `{"a":-1,"b":-2,"c":-2048}`},
		{"half bytes", "speed::uint:8 direction::uint:4 status:1:uint:4::3", "ffa5", `{"speed":255,"direction":10,"status":5}`},
		{"half bytes without an index", "a::uint:4::7 b::uint:4::3 c::uint:8", "a5", `{"a":10,"b":5,"c":165}`},
		{"bit offset without endianness", "a:0:uint:3:4", "0e", `{"a":3}`},
		{"bits over a byte's end", "a:0:uint:10::3", "0aab", `{"a":682}`},
		{"floats", "a::float:32 b::float:32:little-endian c::float:64", "41ac00000000ac414035800000000000", `{"a":21.5,"b":21.5,"c":21.5}`},
		{"not a number", "a::float:32 b::uint:8", "7fc0000001", `{"b":1}`},
		{"64 bits", "a::uint:64 b::int:64", "ffffffffffffffffffffffffffffffff", `{"a":18446744073709551615,"b":-1}`},
		{"short payload", "a::uint:8 b::uint:16 c::bool:0", "01", `{"a":1}`},
		{"spaces", "  a::uint:8    b:1:int:8  ", "1213", `{"a":18,"b":19}`},
		{"names", "customData#a-b_1::uint:8", "12", `{"customData#a-b_1":18}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, err := decodeHex(t, "sigfox:"+tt.grammar, tt.payload)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(asJSON(t, json.RawMessage(tt.want)), asJSON(t, out.Data)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for name, grammar := range map[string]string{
		"nothing": "", "no type": "a", "no size": "a::uint", "size 0": "a::uint:0", "65 bits": "a::uint:65", "bit 8": "a::bool:8",
		"float of 16": "a::float:16", "another type": "a::double:64", "another endian": "a::uint:16:middle-endian", "bad index": "a:x:uint:8",
		"no name": "::uint:8", "bad name": "a b::uint:8", "too much": "a::bool:1:little-endian", "far away": "a:99999:uint:8",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if decoder, err := codec.New("sigfox:"+grammar, nil); err == nil {
				t.Errorf("%q makes %v", grammar, decoder)
			}
		})
	}
}

func FuzzCayenne(f *testing.F) {
	f.Add([]byte{3, 0x67, 1, 0x10})
	f.Add([]byte{1, 0xf0, 10, 227, 1, 2, 3, 4, 5, 6, 7, 8})
	decoder, err := codec.New("cayenne", nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		if out, err := decoder.Decode(t.Context(), codec.Uplink{Bytes: payload}); err == nil {
			asJSON(t, out.Data)
		}
	})
}

func FuzzSigfoxGrammar(f *testing.F) {
	f.Add("a::bool:7 b::bool:6 c:1:uint:16:little-endian:3 s::char:2 f::float:32", []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
	f.Fuzz(func(t *testing.T, grammar string, payload []byte) {
		decoder, err := codec.New("sigfox:"+grammar, nil)
		if err != nil {
			return
		}
		out, err := decoder.Decode(t.Context(), codec.Uplink{Bytes: payload})
		if err != nil {
			t.Fatal(err)
		}
		asJSON(t, out.Data)
	})
}
