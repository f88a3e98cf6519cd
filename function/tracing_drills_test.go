package function_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/function"
)

// A sender without a credential cannot have everything sampled, by its flag or by the id that it
// chooses; one with a credential can.
func TestSampledFlagOfStrangers(t *testing.T) {
	t.Parallel()
	const requests = 1000
	for name, tt := range map[string]struct {
		sampler  string
		arg      string
		auth     string
		min, max int
	}{
		"flag, no credential":     {"parentbased_always_off", "", "none", 10, 10},
		"flag, checked before":    {"parentbased_always_off", "", "platform", requests, requests},
		"flag and root":           {"parentbased_traceidratio", "0.01", "none", 10, 50},
		"id of the sender":        {"traceidratio", "0.01", "none", 10, 50},
		"id, checked before":      {"traceidratio", "0.01", "platform", requests, requests},
		"everything":              {"always_on", "", "none", requests, requests},
		"nothing":                 {"always_off", "", "platform", 0, 0},
		"an unknown sampler":      {"broken", "", "none", requests, requests},
		"a sampler without ratio": {"traceidratio", "much", "none", requests, requests},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newTraced(t, &receiver{}, "AUTH="+tt.auth,
					"OTEL_TRACES_SAMPLER="+tt.sampler, "OTEL_TRACES_SAMPLER_ARG="+tt.arg)
				defer s.Close()
				for i := range requests {
					parent := fmt.Sprintf("00-%016x%016x-b7ad6b7169203331-01", i+1, 0)
					if w := s.post(t, "/api/telemetry", `{`, "Traceparent", parent); w.Code != http.StatusBadRequest {
						t.Fatal(w.Body)
					}
				}
				if n := len(s.receiver.named("POST /api/telemetry")); n < tt.min || n > tt.max {
					t.Errorf("%d are sampled, want %d to %d", n, tt.min, tt.max)
				}
				if warned := strings.Count(s.log.String(), "OTEL_TRACES_SAMPLER"); (warned != 0) !=
					(tt.sampler == "broken" || tt.arg == "much") {
					t.Errorf("log: %s", s.log)
				}
			})
		})
	}
}

// brokenReceivers are what may be wrong with a receiver.
func brokenReceivers() map[string]func(*http.Request) (*http.Response, error) {
	return map[string]func(*http.Request) (*http.Response, error){
		"takes all": nil,
		"hangs": func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
		"is gone":     func(*http.Request) (*http.Response, error) { return nil, io.EOF },
		"answers 500": func(*http.Request) (*http.Response, error) { return answering(500, http.NoBody) },
		"answers 10 MB": func(*http.Request) (*http.Response, error) {
			return answering(200, io.NopCloser(strings.NewReader(strings.Repeat("x", 10<<20))))
		},
		"never ends its answer": func(r *http.Request) (*http.Response, error) {
			return answering(200, endless{r.Context()})
		},
	}
}

func answering(status int, body io.ReadCloser) (*http.Response, error) {
	return &http.Response{StatusCode: status, Body: body, Header: http.Header{}}, nil
}

// endless is a body of which nothing comes.
type endless struct{ ctx context.Context }

func (e endless) Read([]byte) (int, error) { <-e.ctx.Done(); return 0, e.ctx.Err() }
func (e endless) Close() error             { return nil }

// 200 senders that wait 5 s are answered in time whatever the receiver of traces does, and the
// operator is told once a minute.
func TestDrillBrokenReceiver(t *testing.T) {
	t.Parallel()
	for name, answer := range brokenReceivers() {
		for _, host := range []string{"server", "Lambda"} {
			t.Run(name+" on "+host, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					vars := []string{"OTEL_BSP_MAX_QUEUE_SIZE=300", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=100"}
					if host == "server" {
						vars = append(vars, "AWS_LAMBDA_RUNTIME_API=")
					}
					s := newTraced(t, &receiver{answer: answer}, vars...)
					devices := func(i int) (*function.Service, string) { return s.Service, fmt.Sprintf("d%d", i%200) }
					send(t, 200, 200, time.Minute, devices) // to be registered
					begin := time.Now()
					for range 4 {
						report := send(t, 200, 200, 5*time.Second, devices)
						report.want(t, 200, 200)
						time.Sleep(5 * time.Second)
					}
					// Nothing waits for the receiver but, on Lambda, one request now and then.
					took := time.Since(begin) - 20*time.Second
					if took > 2*time.Second || host == "server" && took > 0 {
						t.Errorf("the messages took %v", took)
					}
					minutes := int(time.Since(begin).Minutes()) + 2
					broken := answer != nil && !strings.Contains(name, "answer") || name == "answers 500"
					synctest.Wait() // for who writes the log
					warned := strings.Count(s.log.String(), "is lost")
					// On Lambda so many at once are more than the queue holds.
					if warned > minutes || broken && warned == 0 || !broken && warned > 0 && host == "server" {
						t.Errorf("%d warnings in %d minutes", warned, minutes)
					}
					stop := time.Now()
					s.Close()
					if took := time.Since(stop); took > 2*time.Second {
						t.Errorf("the end took %v", took)
					}
					time.Sleep(time.Minute) // what is under way ends by itself
				})
			})
		}
	}
}

// A single request on Lambda waits for a receiver that hangs 200 ms, the next ones not at all.
func TestFlushOnLambda(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newTraced(t, &receiver{answer: brokenReceivers()["hangs"]})
		took := func(budget time.Duration) time.Duration {
			ctx, cancel := context.WithTimeout(t.Context(), budget)
			defer cancel()
			begin := time.Now()
			r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/api/telemetry", strings.NewReader("{"))
			s.ServeHTTP(httptest.NewRecorder(), r)
			return time.Since(begin)
		}
		if d := took(time.Minute); d != 200*time.Millisecond {
			t.Errorf("the first request took %v", d)
		}
		if d := took(time.Minute); d != 0 {
			t.Errorf("the second request took %v", d)
		}
		time.Sleep(2 * time.Minute)
		if d := took(50 * time.Millisecond); d != 50*time.Millisecond {
			t.Errorf("a request with 50 ms left took %v", d)
		}
		s.Close()
		time.Sleep(time.Minute)
	})
}
