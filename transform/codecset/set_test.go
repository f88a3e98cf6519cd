package codecset_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"mayfly/transform/codec"
	"mayfly/transform/codecset"
)

const (
	decoder = "function decodeUplink() { return {data: {a: 1}} }"
	both    = decoder + " function encodeDownlink() { return {bytes: [%]} }"
)

// Which codec encodes: that of the profile, else the usual one, else the only one for a port that does.
func TestEncoder(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"decoder.js": {Data: []byte(decoder)}}
	for name, n := range map[string]string{"one.js": "1", "two.js": "2"} {
		files[name] = &fstest.MapFile{Data: []byte(strings.Replace(both, "%", n, 1))}
	}
	for name, tt := range map[string]struct {
		usual   string
		others  map[string]string
		profile string
		want    byte // 0: none
	}{
		"none":                           {"", nil, "", 0},
		"one that decodes":               {"decoder.js", nil, "", 0},
		"cayenne":                        {"cayenne", nil, "", 0},
		"the usual one":                  {"one.js", nil, "", 1},
		"of the profile":                 {"one.js", map[string]string{"p": "two.js"}, "p", 2},
		"of no profile":                  {"one.js", map[string]string{"p": "two.js"}, "q", 1},
		"the profile's does not":         {"one.js", map[string]string{"p": "decoder.js"}, "p", 0},
		"for a port":                     {"", map[string]string{"1": "one.js"}, "", 1},
		"for a port, beside one without": {"", map[string]string{"1": "one.js", "2": "decoder.js"}, "", 1},
		"one for two ports":              {"", map[string]string{"1": "one.js", "2": "one.js"}, "", 1},
		"two for ports":                  {"", map[string]string{"1": "one.js", "2": "two.js"}, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set, faults := codecset.New(tt.usual, tt.others, files, codec.InProcess{})
			if faults.Err() != nil {
				t.Fatal(faults)
			}
			e := set.Encoder(tt.profile)
			if (e != nil) != (tt.want != 0) {
				t.Fatalf("%v, want %d", e, tt.want)
			}
			if e == nil {
				return
			}
			if out, err := e.Encode(t.Context(), codec.Downlink{Data: []byte("{}")}); err != nil || out.Bytes[0] != tt.want {
				t.Errorf("%v %v, want %d", out, err, tt.want)
			}
		})
	}
}
