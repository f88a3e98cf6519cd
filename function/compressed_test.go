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
	checked := zstd(
		"KLUv/QRITQIAgkQQF5C1OjIA9v+AKtP0X7NEQrQlEf7M5z+XMSLVTCoNR9WoTF03F4OE" +
			"PGuE/Rmu3WtnTwCuOHOJNsHyehHrG0fgyzABACUKEpBOm2M=",
	)
	bombed := zstd(
		"KLUv/QRoTAAACFsBAPz/ORACAgAQ" + strings.Repeat("WwIAEFsCABBbAgAQ", 9) + "WwIAEFsDSAhbU4HFGg==",
	) // four million brackets
	block := func(text string) string { // the last of a frame, as it is
		header := uint32(len(text))<<3 | 1
		return string([]byte{byte(header), byte(header >> 8), byte(header >> 16)}) + text
	}
	frame := func(window byte, text string) string {
		return "\x28\xb5\x2f\xfd\x00" + string([]byte{window}) + block(text)
	}
	skippable := "\x5a\x2a\x4d\x18\x04\x00\x00\x00skip"
	var many string
	for _, char := range body {
		many += frame(0x00, string(char)) + skippable
	}
	const malformed, large = "Bad Request malformed-body", "Request Entity Too Large body-too-large"
	tests := []struct{ name, encoding, body, want string }{
		{"gzip", "gzip", with(gz, body), ok},
		{"the old name of gzip", "x-gzip", with(gz, body), ok},
		{"deflate", "deflate", with(zl, body), ok},
		{"deflate without zlib's frame", "Deflate", with(bare, body), ok},
		{"zstd", "zstd", checked, ok},
		{
			"zstd in two frames, another's between them",
			"zstd",
			zstd(
				"KLUv/QBoQQEAeyJkZXZpY2UiOnsiZGV2aWNlSWQiOiJkLTEifSwibWVhc3VyZW1lblAqTRgDAAAAYWJjKLUv/" +
					"QRIQQEAdHMiOnsidGVtcCI6MjAuMzEsIm4iOjkwMDcxOTkyNTQ3NDA5OTN9fXd8SBc=",
			),
			ok,
		},
		{"zstd with the largest window", "zstd", frame(0x68, body), ok},
		{"zstd with a window of 9 MiB", "zstd", frame(0x69, body), malformed},
		{"zstd with a window of 2 GiB", "zstd", frame(21<<3, body), malformed},
		{
			"zstd that announces 8 EiB",
			"zstd",
			"\x28\xb5\x2f\xfd\xe0\xff\xff\xff\xff\xff\xff\xff\x7f" + block(body),
			large,
		},
		{
			"zstd that announces 4 MiB and holds less",
			"zstd",
			"\x28\xb5\x2f\xfd\xa0\x00\x00\x40\x00" + block(body),
			malformed,
		},
		{"zstd between skippable frames", "zstd", skippable + frame(0x00, body) + skippable, ok},
		{"zstd after a skippable frame that is cut off", "zstd", skippable[:9], malformed},
		{"zstd in many frames", "zstd", many, ok},
		{"zstd with something after it", "zstd", frame(0x00, body) + "xy", malformed},
		{"gzip in zstd", "gzip, zstd", checked, malformed},
		{"zstd in gzip", "zstd, gzip", with(gz, checked), ok},
		{
			"three times",
			"gzip, gzip, gzip",
			with(gz, with(gz, with(gz, body))),
			"Unsupported Media Type unsupported-media",
		},
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
			h := newBridge(t, "", "AUTH=none")
			if got := h.send(http.MethodPost, "/api/telemetry", tt.body, "Content-Encoding", tt.encoding,
				"Content-Type", "application/json"); got != tt.want {
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

// What is asked of a sender whose window is too large can be done.
func TestZstdWindowTooLarge(t *testing.T) {
	t.Parallel()
	h := newBridge(t, "", "AUTH=none")
	w := httptest.NewRecorder()
	h.service.ServeHTTP(
		w,
		request(
			t,
			http.MethodPost,
			"/api/telemetry",
			"\x28\xb5\x2f\xfd\x00\x70\x01\x00\x00",
			"Content-Encoding",
			"zstd",
		),
	)
	const want = "the body is not zstd: the window of a frame is larger than 8 MiB, the most that RFC 9659 allows"
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) {
		t.Errorf("%d %s, want 400 and %q", w.Code, w.Body, want)
	}
}

// FuzzCompressedBodies: whatever a compressed body holds, it is taken or refused.
func FuzzCompressedBodies(f *testing.F) {
	for _, seed := range []string{
		"KLUv/QRITQIAgkQQF5C1OjIA9v+AKtP0X7NEQrQlEf7M5z+XMSLVTCoNR9WoTF03F4OE" +
			"PGuE/Rmu3WtnTwCuOHOJNsHyehHrG0fgyzABACUKEpBOm2M=",
		"KLUv/QRoPQIAssQPEZB9iIOk1eqZYh05OILi+gclexulxkkHFaVIGkMtlw6IEaMsn/Gt6+XVyo9Pb20fHWwn4dmaffljy99B/" +
			"M91AQAlChK5UdlP",
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
		service.ServeHTTP(
			w,
			request(
				t,
				http.MethodPost,
				"/api/telemetry",
				string(body),
				"X-Api-Key",
				"the key",
				"Content-Encoding",
				names[int(encoding)%len(names)],
			),
		)
		if w.Code >= 500 {
			t.Errorf("%d: %s", w.Code, w.Body)
		}
	})
}
