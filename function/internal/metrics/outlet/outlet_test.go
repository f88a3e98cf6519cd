package outlet_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/sdk/resource"

	"mayfly/function/internal/metrics"
	"mayfly/function/internal/metrics/outlet"
	"mayfly/function/internal/metrics/push"
	"mayfly/function/internal/otlp"
	"mayfly/function/internal/platform"
)

type receiver struct{ calls int }

func (r *receiver) Export(context.Context, otlp.Message) error {
	r.calls++
	return nil
}

// Where metrics go on each host: whether they are counted, the exports of three requests in three minutes and of the
// end, and the lines of these.
func TestOutlets(t *testing.T) {
	t.Parallel()
	const server, lambda, functions = platform.Server, platform.Lambda, platform.Functions
	for name, tt := range map[string]struct {
		host     platform.Kind
		mode     metrics.Mode
		export   bool
		interval time.Duration
		counted  bool
		exports  int
		lines    int
	}{
		"server":                        {server, "", false, 0, true, 0, 0},
		"server, off":                   {server, metrics.ModeOff, true, 0, false, 0, 0},
		"server, exports":               {server, "", true, 0, true, 3, 0},
		"server, exports every second":  {server, "", true, time.Second, true, 151, 0},
		"server, lines":                 {server, metrics.ModeEMF, false, 0, true, 0, 3},
		"Lambda":                        {lambda, "", false, 0, false, 0, 0},
		"Lambda, lines":                 {lambda, metrics.ModeEMF, false, 0, true, 0, 3},
		"Lambda, exports":               {lambda, "", true, 0, true, 4, 0},
		"Lambda, exports every 2 min":   {lambda, "", true, 2 * time.Minute, true, 2, 0},
		"Lambda, both":                  {lambda, metrics.ModeEMF, true, 0, true, 4, 4},
		"Functions":                     {functions, "", false, 0, false, 0, 0},
		"Functions, exports by a timer": {functions, "", true, 0, true, 3, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var lines bytes.Buffer
				to := &receiver{}
				o := &outlet.Options{
					Host: tt.host, Mode: tt.mode, Lines: &lines, Namespace: "Mayfly", Service: "mayfly",
					Interval: tt.interval, Now: time.Now,
				}
				if tt.export {
					o.Export = &push.Options{
						Client: to, Resource: resource.Empty(),
						Reporter: otlp.NewReporter(slog.New(slog.DiscardHandler), time.Now),
					}
				}
				out := outlet.New(o)
				if (out.Set != nil) != tt.counted {
					t.Errorf("counted: %v", out.Set != nil)
				}
				for range 3 {
					out.Set.Add(metrics.Messages, 1, "tts", "delivered")
					out.Flush(t.Context())
					time.Sleep(50*time.Second + 1)
				}
				out.Close(t.Context())
				if n := bytes.Count(lines.Bytes(), []byte("\n")); to.calls != tt.exports || n != tt.lines {
					t.Errorf("%d exports and %d lines, want %d and %d", to.calls, n, tt.exports, tt.lines)
				}
			})
		})
	}
}
