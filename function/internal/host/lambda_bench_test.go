package host_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"mayfly/function/internal/host"
	"mayfly/internal/hosttest"
)

// BenchmarkLambda shows what the adapter costs on top of the decoding that
// the events package alone would need.
func BenchmarkLambda(b *testing.B) {
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "https://mayfly.example/api/telemetry?a=1", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "probe/1.0")
	body := []byte(`{"device":{"deviceId":"d1"},"measurements":{"t":` + strings.Repeat("1", 900) + `}}`)
	h := host.NewLambdaHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"delivered":1}`)
	}), slog.New(slog.DiscardHandler))

	for _, front := range hosttest.Fronts() {
		event := front.Event(r, body)
		b.Run(front.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.Invoke(context.Background(), event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	event := hosttest.V2Event(r, body)
	b.Run("http-api-decode-with-events", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var e events.APIGatewayV2HTTPRequest
			if err := json.Unmarshal(event, &e); err != nil {
				b.Fatal(err)
			}
		}
	})
}
