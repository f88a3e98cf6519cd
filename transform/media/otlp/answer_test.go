package otlp_test

import (
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"mayfly/transform/media/otlp"
)

// ExportMetricsServiceResponse{partial_success = 1 {rejected_data_points = 1, error_message = 2}}.
func TestResponse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"success":            {"{}\n", ""},
		"own words":          {`{"delivered":5}`, ""},
		"not JSON":           {"OK", ""},
		"rejected":           {`{"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"no"}}`, "\x0a\x06\x08\x03\x12\x02no"},
		"rejected, a number": {`{"partialSuccess":{"rejectedLogRecords":300}}`, "\x0a\x03\x08\xac\x02"},
		"a warning":          {`{"partialSuccess":{"errorMessage":"no","rejectedSpans":0}}`, "\x0a\x04\x12\x02no"},
		"nothing wrong":      {`{"partialSuccess":{}}`, "\x0a\x00"},
	} {
		if got := otlp.Response([]byte(tt.text)); string(got) != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	for status, code := range map[int]uint64{400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 413: 3, 415: 3, 422: 3, 429: 8, 500: 13, 502: 14, 503: 14, 504: 4} {
		want := protowire.AppendVarint([]byte{0x08}, code)
		want = append(want, "\x12\x04text"...)
		if got := otlp.Status(status, "text"); string(got) != string(want) {
			t.Errorf("%d: got %q, want %q", status, got, want)
		}
	}
}
