package hexdigits_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"mayfly/transform/mapping/hexdigits"
)

// TestDecode: digits as people write them, and what is wrong with others.
func TestDecode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "0869": "0869", "0x08 69": "0869", "0X0869": "0869", "08-69:aF\r\n": "0869af",
		"08zz": "error: character 3 is 'z'", "086": "error: the number of digits is odd",
		"08 6": "error: the number of digits is odd", "é0": "error: character 1 is 'é'",
		"CGk=": "error: character 2 is 'G'; it may be base64, which unb64 reads",
		"0x0g": "error: character 4 is 'g'", "zz": "error: character 1 is 'z'", "0x": "error: character 2 is 'x'",
		"x0": "error: character 1 is 'x'",
	} {
		bytes, err := hexdigits.Decode(text)
		got := hex.EncodeToString(bytes)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// FuzzDecode: what encoding/hex takes is taken, and an error is of one line and does not show the text.
func FuzzDecode(f *testing.F) {
	f.Add("0869")
	f.Add("CGk=")
	f.Add("0x0g")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := hexdigits.Decode(text)
		if want, wrong := hex.DecodeString(text); wrong == nil && string(got) != string(want) {
			t.Errorf("%q: %x, %v", text, got, err)
		}
		if err != nil && (strings.ContainsAny(err.Error(), "\n\x1b") || len(err.Error()) > 100) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
