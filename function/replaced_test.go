package function_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"mayfly/function"
	"mayfly/internal/hosttest"
)

const replacedSources = `sources:
  - {name: lpp, deviceId: $request.query.id, measurements: "{}", payload: . | utf8bytes, codec: cayenne}
  - {name: frames, format: bytes, deviceId: $request.query.id, measurements: "{n: (unb64 | bytes | length)}"}
  - {name: raw, deviceId: $request.query.id, measurements: "{text: .}"}
  - {name: signed, deviceId: .id, measurements: .m, signature: {secrets: [s3cret], header: X-Sig}}
`

// compressedWith gives a text in a content coding.
func compressedWith(t *testing.T, coding, text string) string {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	case "zstd":
		w, _ = zstd.NewWriter(&b)
	case "bare deflate":
		w, _ = flate.NewWriter(&b, flate.BestCompression)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// answeredProblem is what tests look at in a problem.
type answeredProblem struct {
	Code, Detail string
	Errors       []struct{ Path, Hint string }
}

// outcomeOf gives status and code of an answer, as in "400 malformed-body" and "200 ", and the problem.
func outcomeOf(t *testing.T, resp *http.Response) (string, answeredProblem) {
	t.Helper()
	defer func() { _ = resp.Body.Close() }()
	var p answeredProblem
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(resp.StatusCode) + " " + p.Code, p
}

// A front that reads bodies as text loses bytes. What needs them is refused with the
// cause and the remedy, on every front alike; text is taken as it is.
func TestBodiesThatFrontsReadAsText(t *testing.T) {
	t.Parallel()
	const good = `{"device":{"deviceId":"d-1"},"measurements":{"temperature":21.5}}`
	var files bytes.Buffer
	form := multipart.NewWriter(&files)
	part, _ := form.CreatePart(textproto.MIMEHeader{"Content-Type": {"application/octet-stream"},
		"Content-Disposition": {`form-data; name="frame"; filename="f"`}})
	_, _ = part.Write([]byte("\x03\x67\xff\x10"))
	_ = form.Close()
	for _, tt := range []struct {
		name, target, body, contentType, encoding string
		want                                      string // status and code
		says                                      string // in the detail
	}{
		{"cbor", "/api/devices/d-1/telemetry", "\xa1\x61t\xf9\x4d\x60", "application/cbor", "",
			"400 malformed-body", "bytes of the body are lost"},
		{"msgpack", "/api/devices/d-1/telemetry", "\x81\xa1t\xcb\x40\x35\x80\x00\x00\x00\x00\x00",
			"application/msgpack", "", "400 malformed-body", "bytes of the body are lost"},
		{"senml+cbor", "/api/devices/d-1/telemetry", "\x81\xa2\x00\x61n\x02\x01", "application/senml+cbor", "",
			"400 malformed-body", "bytes of the body are lost"},
		{"bytes for a codec", "/api/lpp?id=d-1", "\x03\x67\xff\xd7", "application/octet-stream", "",
			"400 malformed-body", "bytes of the body are lost"},
		{"bytes for a codec, without a media type", "/api/lpp?id=d-1", "\x03\x67\xff\xd7", "", "",
			"400 malformed-body", "bytes of the body are lost"},
		{"bytes by the source's format", "/api/frames?id=d-1", "\x03\x67\xff\xd7", "text/plain", "",
			"400 malformed-body", "bytes of the body are lost"},
		{"cbor that is called JSON", "/api/telemetry", "\xa1\x61t\xf9\x4d\x60", "application/json", "",
			"400 malformed-body", "if bytes were sent"},
		{"a file in a form", "/api/raw?id=d-1", files.String(), form.FormDataContentType(), "",
			"400 malformed-body", "bytes of the body are lost"},
		{"gzip", "/api/telemetry", compressedWith(t, "gzip", good), "application/json", "gzip",
			"400 malformed-body", "bytes of the body are lost"},
		{"zstd", "/api/telemetry", compressedWith(t, "zstd", good), "application/json", "zstd",
			"400 malformed-body", "bytes of the body are lost"},
		{"deflate", "/api/telemetry", compressedWith(t, "deflate", good), "application/json", "deflate",
			"400 malformed-body", "bytes of the body are lost"},
		{"deflate without a header", "/api/telemetry", compressedWith(t, "bare deflate", good), "application/json",
			"deflate", "400 malformed-body", "bytes of the body are lost"},
		{"a signature over bytes", "/api/signed", `{"id":"d-1","m":{"t":"21 ` + "\xb0" + `C"}}`, "application/json", "",
			"401 unauthenticated", "if bytes were sent"},

		{"JSON", "/api/telemetry", good, "application/json", "", "200 ", ""},
		{"JSON with U+FFFD in it", "/api/telemetry", strings.Replace(good, `21.5`, `"21 `+"\ufffd"+`C"`, 1),
			"application/json", "", "200 ", ""},
		{"JSON in another charset", "/api/telemetry", strings.Replace(good, `21.5`, `"21 `+"\xb0"+`C"`, 1),
			"application/json", "", "200 ", ""},
		{"JSON that is called bytes", "/api/telemetry", strings.Replace(good, `21.5`, `"`+"\ufffd"+`"`, 1),
			"application/octet-stream", "", "200 ", ""},
		{"text with U+FFFD in it", "/api/raw?id=d-1", "all is \ufffd well", "text/plain", "", "200 ", ""},
		{"CSV with U+FFFD in it", "/api/devices/d-1/telemetry", "t,unit\n21.5,\ufffdC\n", "text/csv", "", "200 ", ""},
		{"bytes that are text", "/api/lpp?id=d-1", "\x03\x67\x01\x10", "application/octet-stream", "", "200 ", ""},
		{"JSON that is wrong in another way", "/api/telemetry", `{"device":{},"measurements":{"t":"` + "\ufffd" + `"}}`,
			"application/json", "", "422 invalid-message", ""},
	} {
		for _, front := range hosttest.Fronts() {
			t.Run(tt.name+"/"+front.Name, func(t *testing.T) {
				t.Parallel()
				h := newBridge(t, replacedSources, "AUTH=none")
				lambda := function.NewLambdaHandler(h.service, slog.New(slog.DiscardHandler))
				r := request(t, http.MethodPost, "https://front.example"+tt.target, tt.body)
				r.RequestURI = ""
				r.Header.Set("X-Sig", strings.Repeat("0", 64))
				if tt.contentType != "" {
					r.Header.Set("Content-Type", tt.contentType)
				}
				if tt.encoding != "" {
					r.Header.Set("Content-Encoding", tt.encoding)
				}
				resp, err := front.AsText().Client(hosttest.Direct(lambda)).Do(r)
				if err != nil {
					t.Fatal(err)
				}
				got, p := outcomeOf(t, resp)
				if got != tt.want {
					t.Fatalf("%s, want %s: %s", got, tt.want, p.Detail)
				}
				remedy := strings.Contains(p.Detail, "binaryMediaTypes")
				if !strings.Contains(p.Detail, tt.says) || remedy != (tt.says != "") {
					t.Errorf("detail %q, want %q with the remedy", p.Detail, tt.says)
				}
				if stored := len(h.azure.Events()); (stored > 0) != strings.HasPrefix(tt.want, "200") {
					t.Errorf("%d events are stored", stored)
				}
			})
		}
	}
}

// A front that passes bytes as bytes delivers them, replacement characters and all.
func TestBytesWithReplacementCharacters(t *testing.T) {
	t.Parallel()
	for _, front := range hosttest.Fronts() {
		h := newBridge(t, replacedSources, "AUTH=none")
		lambda := function.NewLambdaHandler(h.service, slog.New(slog.DiscardHandler))
		r := request(t, http.MethodPost, "https://front.example/api/devices/d-1/telemetry", "\xa1\x61t\x63\xef\xbf\xbd",
			"Content-Type", "application/cbor")
		r.RequestURI = ""
		resp, err := front.Client(hosttest.Direct(lambda)).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if got, p := outcomeOf(t, resp); got != "200 " {
			t.Errorf("%s: %s %s", front.Name, got, p.Detail)
		}
	}
}

// On a host that does not say how it passed a body, what cannot be decompressed shows
// that it was read as text.
func TestCompressedBodiesThatWereReadAsText(t *testing.T) {
	t.Parallel()
	for _, coding := range []string{"gzip", "zstd", "deflate"} {
		h := newBridge(t, "", "AUTH=none")
		body := string([]rune(compressedWith(t, coding, `{"device":{"deviceId":"d-1"},"measurements":{"t":21.5}}`)))
		w := httptest.NewRecorder()
		h.service.ServeHTTP(w, request(t, http.MethodPost, "/api/telemetry", body, "Content-Encoding", coding))
		got, p := outcomeOf(t, w.Result())
		if got != "400 malformed-body" || !strings.Contains(p.Detail, "have it pass bodies unchanged") {
			t.Errorf("%s: %s %s", coding, got, p.Detail)
		}
	}
}

// OTLP in protobuf is told so in its own encoding.
func TestOTLPThatFrontsReadAsText(t *testing.T) {
	t.Parallel()
	h := newBridge(t, "", "AUTH=none")
	lambda := function.NewLambdaHandler(h.service, slog.New(slog.DiscardHandler))
	r := request(t, http.MethodPost, "https://front.example/api/otlp/v1/metrics", "\x0a\x96\x01\x0a\xff",
		"Content-Type", "application/x-protobuf")
	r.RequestURI = ""
	resp, err := hosttest.Fronts()[2].AsText().Client(hosttest.Direct(lambda)).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusBadRequest ||
		!strings.Contains(string(body), "binaryMediaTypes") {
		t.Errorf("%d %q", resp.StatusCode, body)
	}
}
