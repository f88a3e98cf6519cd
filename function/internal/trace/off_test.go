package trace_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/caarlos0/env/v11"

	"mayfly/function/internal/otlp"
	"mayfly/function/internal/platform"
	"mayfly/function/internal/trace"
)

// Where nobody wants traces there is no tracer, and a request that meets it allocates nothing.
func TestOffCostsNothing(t *testing.T) {
	for name, vars := range map[string]map[string]string{
		"nothing is set": {},
		"disabled":       {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "true"},
		"no exporter":    {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_TRACES_EXPORTER": "none"},
	} {
		var e otlp.Environment
		if err := env.ParseWithOptions(&e, env.Options{Environment: vars}); err != nil {
			t.Fatal(err)
		}
		tracer := trace.New(&trace.Options{Environment: &e, Host: platform.Lambda})
		if tracer != nil || tracer.DPSCall() != nil || tracer.HubCall() != nil || tracer.LookupCall() != nil {
			t.Errorf("%s: there is a tracer", name)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
		r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
		ctx := t.Context()
		allocations := testing.AllocsPerRun(100, func() {
			traced, span := tracer.Start(r, time.Time{}, true)
			_, step := span.Step(ctx, "decode")
			step.End(nil)
			span.Decoded(nil, nil)
			span.Stamp(nil)
			tracer.Flush(ctx)
			if traced != r {
				t.Error("the request was copied")
			}
		})
		if allocations != 0 {
			t.Errorf("%s: %v allocations", name, allocations)
		}
	}
}
