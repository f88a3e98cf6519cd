package recorder_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mayfly/cmd/mayfly/internal/recorder"
	"mayfly/function"
)

type noContent struct{}

func (noContent) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusNoContent, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

// BenchmarkRecord is what a request costs that is recorded, and one that is not.
func BenchmarkRecord(b *testing.B) {
	for name, rec := range map[string]*recorder.Recorder{"off": nil, "on": recorder.New(recorder.Options{})} {
		b.Run(name, func(b *testing.B) {
			hub, finished := rec.Transport(noContent{}), rec.Finished(func(*function.Finished) {})
			h := rec.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				to, _ := http.NewRequestWithContext(r.Context(), http.MethodPost,
					"https://hub-1.azure-devices.net/devices/d/messages/events", http.NoBody)
				_, _ = hub.RoundTrip(to)
				_, _ = io.WriteString(w, `{"delivered":1}`)
				finished(r.Context(), &function.Finished{Source: "device", Path: r.URL.Path, Devices: []string{"d"}})
			}))
			body := strings.Repeat("x", 1000)
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/api/devices/d/telemetry",
					strings.NewReader(body))
				r.Header = http.Header{"Content-Type": {"application/json"}, "Content-Length": {"1000"}}
				h.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
}
