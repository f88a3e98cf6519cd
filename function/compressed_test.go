package function_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A compressed body arrives as it was; one that is broken, or a bomb, is refused,
// and nothing is sent. What is zstd was made by zstd 1.5 (facebook/zstd).
func TestCompressedBodies(t *testing.T) {
	t.Parallel()
	const body = `{"device":{"deviceId":"d-1"},"measurements":{"temp":20.31,"n":9007199254740993}}`
	with := func(make func(io.Writer) (io.WriteCloser, error), text string) string {
		var b bytes.Buffer
		w, err := make(&b)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, text)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	gz := func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }
	zl := func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriter(w), nil }
	bare := func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) }
	zstd := func(text string) string {
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	checked := zstd("KLUv/QRITQIAgkQQF5C1OjIA9v+AKtP0X7NEQrQlEf7M5z+XMSLVTCoNR9WoTF03F4OEPGuE/Rmu3WtnTwCuOHOJNsHyehHrG0fgyzABACUKEpBOm2M=")
	bombed := zstd("KLUv/QRoTAAACFsBAPz/ORACAgAQ" + strings.Repeat("WwIAEFsCABBbAgAQ", 9) + "WwIAEFsDSAhbU4HFGg==") // four million brackets
	const malformed, large = "Bad Request malformed-body", "Request Entity Too Large body-too-large"
	tests := []struct{ name, encoding, body, want string }{
		{"gzip", "gzip", with(gz, body), ok},
		{"the old name of gzip", "x-gzip", with(gz, body), ok},
		{"deflate", "deflate", with(zl, body), ok},
		{"deflate without zlib's frame", "Deflate", with(bare, body), ok},
		{"zstd", "zstd", checked, ok},
		{"zstd in two frames, another's between them", "zstd", zstd("KLUv/QBoQQEAeyJkZXZpY2UiOnsiZGV2aWNlSWQiOiJkLTEifSwibWVhc3VyZW1lblAqTRgDAAAAYWJjKLUv/QRIQQEAdHMiOnsidGVtcCI6MjAuMzEsIm4iOjkwMDcxOTkyNTQ3NDA5OTN9fXd8SBc="), ok},
		{"gzip in zstd", "gzip, zstd", checked, malformed},
		{"zstd in gzip", "zstd, gzip", with(gz, checked), ok},
		{"three times", "gzip, gzip, gzip", with(gz, with(gz, with(gz, body))), "Unsupported Media Type unsupported-media"},
		{"half of zstd", "zstd", checked[:len(checked)-9], malformed},
		{"zstd with a wrong sum", "zstd", checked[:len(checked)-1] + "\x62", malformed},
		{"no zstd", "zstd", body, malformed},
		{"half of gzip", "gzip", with(gz, body)[:60], malformed},
		{"a bomb of zstd", "zstd", bombed, large},
		{"a bomb of gzip", "gzip", with(gz, strings.Repeat("[", 4<<20)), large},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, "", "AUTH=none")
			if got := h.send(http.MethodPost, "/api/telemetry", tt.body, "Content-Encoding", tt.encoding, "Content-Type", "application/json"); got != tt.want {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			events := h.azure.Events()
			if tt.want != ok {
				if len(events) != 0 {
					t.Errorf("%d events were sent", len(events))
				}
				return
			}
			if len(events) != 1 || string(events[0].Body) != `{"temp":20.31,"n":9007199254740993}` {
				t.Errorf("sent: %+v", events)
			}
		})
	}
}

// FuzzCompressedBodies: whatever a compressed body holds, it is taken or refused.
func FuzzCompressedBodies(f *testing.F) {
	for _, seed := range []string{
		"KLUv/QRITQIAgkQQF5C1OjIA9v+AKtP0X7NEQrQlEf7M5z+XMSLVTCoNR9WoTF03F4OEPGuE/Rmu3WtnTwCuOHOJNsHyehHrG0fgyzABACUKEpBOm2M=",
		"KLUv/QRoPQIAssQPEZB9iIOk1eqZYh05OILi+gclexulxkkHFaVIGkMtlw6IEaMsn/Gt6+XVyo9Pb20fHWwn4dmaffljy99B/M91AQAlChK5UdlP",
	} {
		body, err := base64.StdEncoding.DecodeString(seed)
		if err != nil {
			f.Fatal(err)
		}
		for encoding := range 4 {
			f.Add(body, uint8(encoding))
		}
	}
	service := fuzzHouse(f)
	f.Fuzz(func(t *testing.T, body []byte, encoding uint8) {
		names := []string{"zstd", "gzip", "deflate", "zstd, gzip"}
		w := httptest.NewRecorder()
		service.ServeHTTP(w, request(t, http.MethodPost, "/api/telemetry", string(body), "X-Api-Key", "the key", "Content-Encoding", names[int(encoding)%len(names)]))
		if w.Code >= 500 {
			t.Errorf("%d: %s", w.Code, w.Body)
		}
	})
}
