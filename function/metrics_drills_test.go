package function_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	metricspb "go.opentelemetry.io/proto/slim/otlp/metrics/v1"
	"google.golang.org/protobuf/proto"

	"mayfly/emulator"
	"mayfly/function"
)

// metricReceiver is a receiver of metrics in memory.
type metricReceiver struct {
	answer func(*http.Request) (*http.Response, error) // nil: it takes all

	mu   sync.Mutex
	last *metricspb.MetricsData
	size int // of the largest export
}

func (v *metricReceiver) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	data := &metricspb.MetricsData{}
	if err := proto.Unmarshal(body, data); err != nil {
		return nil, err
	}
	v.mu.Lock()
	v.last, v.size = data, max(v.size, len(body))
	v.mu.Unlock()
	if v.answer != nil {
		return v.answer(r)
	}
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Header: http.Header{}}, nil
}

// sum gives the sum of a metric's points in the last export.
func (v *metricReceiver) sum(name string) (sum float64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, all := range v.last.GetResourceMetrics() {
		for _, scope := range all.GetScopeMetrics() {
			for _, m := range scope.GetMetrics() {
				if m.GetName() != name {
					continue
				}
				for _, p := range m.GetSum().GetDataPoints() {
					sum += p.GetAsDouble()
				}
				for _, p := range m.GetExponentialHistogram().GetDataPoints() {
					sum += float64(p.GetCount())
				}
			}
		}
	}
	return sum
}

// newMeasured makes a service on Lambda that exports metrics alone.
func newMeasured(t *testing.T, v http.RoundTripper, vars ...string) (*function.Service, *bytes.Buffer) {
	t.Helper()
	azure, err := emulator.New(emulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := function.LoadConfig(append([]string{
		"ID_SCOPE=" + azure.IDScope(), "GROUP_KEY=" + azure.GroupKey(), "AUTH=none", "AWS_LAMBDA_RUNTIME_API=x",
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://c", "OTEL_TRACES_EXPORTER=none",
	}, vars...))
	if err != nil {
		t.Fatal(err)
	}
	log := &bytes.Buffer{}
	return function.New(c, function.Dependencies{
		DPS: azure.RoundTripper(), Hub: azure.RoundTripper(), Receiver: v, Log: slog.New(slog.NewJSONHandler(log, nil)),
	}), log
}

// 200 senders that wait 5 s are answered in time whatever the receiver of metrics does, and the operator is told once a
// minute at most. What is exported does not grow with the devices.
func TestDrillBrokenReceiverOfMetrics(t *testing.T) {
	t.Parallel()
	for name, answer := range brokenReceivers() {
		for host, more := range map[string][]string{
			"Lambda": nil, "server": {"AWS_LAMBDA_RUNTIME_API=", "OTEL_METRIC_EXPORT_INTERVAL=1000"},
		} {
			t.Run(name+" on "+host, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					receiver := &metricReceiver{answer: answer}
					service, log := newMeasured(t, receiver, more...)
					devices := func(i int) (*function.Service, string) { return service, fmt.Sprintf("d%d", i%200) }
					send(t, 200, 200, time.Minute, devices) // to be registered
					begin := time.Now()
					for range 4 {
						report := send(t, 200, 200, 5*time.Second, devices)
						report.want(t, 200, 200)
						time.Sleep(5 * time.Second)
					}
					took := time.Since(begin) - 20*time.Second
					if took > time.Second || host == "server" && took > 0 {
						t.Errorf("the messages took %v", took)
					}
					minutes := int(time.Since(begin).Minutes()) + 2
					stop := time.Now()
					service.Close()
					if took := time.Since(stop); took > 2*time.Second {
						t.Errorf("the end took %v", took)
					}
					if n := receiver.sum("mayfly_messages_total"); answer == nil && n != 1000 {
						t.Errorf("%v messages counted, want 1000", n)
					}
					time.Sleep(time.Minute) // what is under way ends by itself
					synctest.Wait()
					if n := strings.Count(log.String(), "is lost"); n > minutes {
						t.Errorf("%d warnings in %d minutes:\n%s", n, minutes, log)
					}
					if receiver.size > 64<<10 {
						t.Errorf("an export has %d bytes", receiver.size)
					}
				})
			})
		}
	}
}

// On Lambda each answer is preceded by an export, and nothing counts where nobody would see it.
func TestMetricsOfAnInvocation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		receiver := &metricReceiver{}
		service, log := newMeasured(t, receiver)
		defer service.Close()
		for n := range 3 {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/telemetry", strings.NewReader(`{`))
			service.ServeHTTP(httptest.NewRecorder(), r)
			if got := receiver.sum("mayfly_requests_total"); got != float64(n+1) {
				t.Errorf("after request %d: %v", n+1, got)
			}
		}
		if receiver.sum("mayfly_request_duration_seconds") != 3 || log.Len() == 0 {
			t.Errorf("%v, %s", receiver.last, log)
		}
	})
}

// Metrics and traces together delay an answer no longer than one of them.
func TestFlushesOfBothSignals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service, log := newMeasured(t, roundTripFunc(brokenReceivers()["hangs"]), "OTEL_TRACES_EXPORTER=otlp")
		for _, want := range []time.Duration{200 * time.Millisecond, 0, 0} {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			began := time.Now()
			r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/api/telemetry", strings.NewReader(`{`))
			service.ServeHTTP(httptest.NewRecorder(), r)
			if took := time.Since(began); took != want {
				t.Errorf("it took %v, want %v", took, want)
			}
			cancel()
		}
		service.Close()
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if n := strings.Count(log.String(), "is lost"); n != 1 {
			t.Errorf("%d warnings in half a minute", n)
		}
		time.Sleep(time.Minute)
	})
}
