package transform

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The parser of our own reads what encoding/json reads, and nothing else.
func FuzzParseJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-0.50e+3,true,false,null,"\u00e9\"\\",{}],"b":{},"":""}`, `[]`, `"x"`, `0`, `-`, `01`, `1.`, `{"a":1,}`, `[1,]`, `nul`,
		"\"\x01\"", "\"\xff\"", `"\ud800"`, `{"a":1}{"b":2}`, ` 1 `, `{"a":1,"a":2}`, strings.Repeat("[", 120) + strings.Repeat("]", 120),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, ok := parseJSON(body)
		decoder := json.NewDecoder(strings.NewReader(string(body)))
		decoder.UseNumber()
		var want any
		err := decoder.Decode(&want)
		if err == nil {
			if _, more := decoder.Token(); more != io.EOF {
				err = io.ErrUnexpectedEOF
			}
		}
		if !ok {
			if _, refused := checkText(body); err == nil && refused == nil {
				t.Fatalf("%q is JSON", body)
			}
			return
		}
		if err != nil {
			t.Fatalf("%q is no JSON: %v", body, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q: (-want +got):\n%s", body, diff)
		}
	})
}
