package looks_test

import (
	"testing"

	"mayfly/cmd/mayfly/internal/looks"
)

func TestGuess(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, body, mediaType, bytes string }{
		{"an object", `{"t":1}`, "application/json", ""},
		{"a number", "12345678", "application/json", ""},
		{"half an object", `{"t":`, "application/json", ""},
		{"lines of JSON", "{\"t\":1}\n{\"t\":2}\n", "application/x-ndjson", ""},
		{"an indented object", "{\n\"t\":1\n}", "application/json", ""},
		{"CSV", "time,t\n1,2\n", "text/csv", ""},
		{"CSV with semicolons", "time;t\n1;2,5\n", "text/csv", ""},
		{"one line of cells", "1,2,3", "text/csv", ""},
		{"CSV with quotes", "a,b\n\"x, y\",2\n", "text/csv", ""},
		{"tabs", "a\tb\n1\t2\n", "text/csv", ""},
		{"a line of InfluxDB", "weather,site=north t=21.5,h=40i 1773482400000000000\n", "text/plain", ""},
		{"lines of InfluxDB", "# comment\nm t=1\nm,a=b s=\"a, b\"\n", "text/plain", ""},
		{"a form", "id=a&t=21.5", "application/x-www-form-urlencoded", ""},
		{"one field", "t=21.5", "application/x-www-form-urlencoded", ""},
		{"XML", "<a><b>1</b></a>", "application/xml", ""},
		{"hex", "a16174f93c00", "application/octet-stream", "\xa1at\xf9<\x00"},
		{"hex of digits alone", "01 02 03\n", "application/octet-stream", "\x01\x02\x03"},
		{"hex with a prefix", "0x0A0B", "application/octet-stream", "\n\v"},
		{"bytes", "\xa1\xff", "application/octet-stream", ""},
		{"text", "hello there", "text/plain", ""},
		{"nothing", "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := looks.Guess([]byte(tt.body))
			want := tt.body
			if tt.bytes != "" {
				want = tt.bytes
			}
			if got.MediaType != tt.mediaType || string(got.Bytes) != want {
				t.Errorf("%s %q, want %s %q", got.MediaType, got.Bytes, tt.mediaType, want)
			}
		})
	}
}

// Whatever the body, a guess ends without a panic.
func FuzzGuess(f *testing.F) {
	f.Add([]byte("a,b\n1,2"))
	f.Add([]byte("m,t=v f=\"x\" 1"))
	f.Fuzz(func(_ *testing.T, body []byte) { looks.Guess(body) })
}
