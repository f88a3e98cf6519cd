package gunzip_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strings"
	"testing"

	"mayfly/transform/mapping/gunzip"
)

func compressed(t testing.TB, text string, of func(io.Writer) io.WriteCloser) string {
	t.Helper()
	var b bytes.Buffer
	w := of(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zipped(w io.Writer) io.WriteCloser   { return gzip.NewWriter(w) }
func deflated(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }

func TestBytes(t *testing.T) {
	t.Parallel()
	const text = `{"t":21.5,"name":"ö"}`
	whole := compressed(t, text, zipped)
	damaged := []byte(whole)
	damaged[len(damaged)-6] ^= 1 // of the checksum
	for _, tt := range []struct{ name, in, want, err string }{
		{"gzip", whole, text, ""},
		{"zlib", compressed(t, text, deflated), text, ""},
		{"nothing in it", compressed(t, "", zipped), "", ""},
		{"two members", whole + whole, text + text, ""},
		{"1 MiB", compressed(t, strings.Repeat("a", gunzip.Max), zipped), strings.Repeat("a", gunzip.Max), ""},
		{"a byte more", compressed(t, strings.Repeat("a", gunzip.Max+1), zipped), "", "more than 1 MiB"},
		{"a bomb", compressed(t, strings.Repeat("a", 8<<20), zipped), "", "more than 1 MiB"},
		{"cut off", whole[:len(whole)-9], "", "cut off or damaged"},
		{"damaged", string(damaged), "", "cut off or damaged"},
		{"a header alone", "\x1f\x8b", "", "EOF"},
		{"base64", "H4sIAAAAAAAA", "", "unb64 | gunzip"},
		{"empty", "", "", "neither gzip nor zlib"},
	} {
		got, err := gunzip.Bytes(tt.in)
		if tt.err == "" && (err != nil || got != tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.err)
		}
	}
}

func FuzzBytes(f *testing.F) {
	f.Add(compressed(f, "{}", zipped))
	f.Add(compressed(f, "{}", deflated))
	f.Fuzz(func(t *testing.T, in string) {
		if out, err := gunzip.Bytes(in); err == nil && len(out.(string)) > gunzip.Max {
			t.Errorf("%d bytes", len(out.(string)))
		}
	})
}
