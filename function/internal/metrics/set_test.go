package metrics_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"

	"mayfly/function/internal/metrics"
)

// page gives the lines of a page of the set that begin with prefix.
func page(t *testing.T, s *metrics.Set, prefix, accept string) (lines []string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, prefix) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

func family(t *testing.T, s *metrics.Set, name string) *dto.MetricFamily {
	t.Helper()
	all, err := s.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.GetName() == name {
			return f
		}
	}
	return nil
}

func TestNilSetCountsNothing(t *testing.T) {
	var s *metrics.Set
	s.Add(metrics.Messages, 1, "tts", "delivered")
	s.Observe(metrics.DecodeDuration, time.Second, "tts")
	s.Collect(metrics.RequestsInFlight, func(metrics.Setter) { t.Error("a gauge of a nil set was read") })
	s.CollectProcess("server")
	if n := testing.AllocsPerRun(100, func() { s.Add(metrics.Messages, 1, "tts", "delivered") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestCountersAndGauges(t *testing.T) {
	t.Parallel()
	s := metrics.New(nil)
	s.Add(metrics.Messages, 2, "tts", "delivered")
	s.Add(metrics.Messages, 1, "tts", "delivered")
	s.Add(metrics.Messages, 0, "tts", "ignored")
	s.Collect(metrics.CacheEntries, func(set metrics.Setter) {
		set(3, "tokens", "a")
		set(4, "tokens", "a")
		set(1, "tokens", "b")
	})
	s.Collect(metrics.LogLinesDropped, func(set metrics.Setter) { set(7) })
	want := []string{
		`mayfly_cache_entries{cache="tokens",fleet="a"} 7`, `mayfly_cache_entries{cache="tokens",fleet="b"} 1`,
		`mayfly_log_lines_dropped_total 7`, `mayfly_messages_total{outcome="delivered",source="tts"} 3`,
	}
	if got := page(t, s, "mayfly_", ""); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%q", got)
	}
}

// A scraper without native histograms has classic buckets.
func TestHistograms(t *testing.T) {
	t.Parallel()
	s := metrics.New(nil)
	s.Observe(metrics.DecodeDuration, 3*time.Millisecond, "tts")
	s.Observe(metrics.DecodeDuration, -time.Second, "tts")
	for accept, buckets := range map[string]string{
		"text/plain": `le="0.005"} 2`, "application/openmetrics-text; version=1.0.0": `le="0.005"} 2`,
	} {
		got := strings.Join(page(t, s, "mayfly_decode", accept), "\n")
		if !strings.Contains(got, buckets) || !strings.Contains(got, `_count{source="tts"} 2`) {
			t.Errorf("%s: %s", accept, got)
		}
	}
	h := family(t, s, "mayfly_decode_duration_seconds").GetMetric()[0].GetHistogram()
	if h.GetSchema() == 0 || len(h.GetPositiveSpan()) == 0 || len(h.GetBucket()) == 0 || h.GetZeroCount() != 1 {
		t.Errorf("not both native and classic: %v", h)
	}
}

// However many values there are, the number of series is bounded, and nothing is lost.
func TestSeriesAreBounded(t *testing.T) {
	t.Parallel()
	s := metrics.New(nil)
	s.Collect(metrics.CircuitOpen, func(set metrics.Setter) {
		for i := range 5000 {
			set(1, fmt.Sprint("hub-", i))
		}
	})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 5000 {
				s.Add(metrics.Sends, 1, fmt.Sprint("hub-", i), "stored")
				s.Observe(metrics.SendDuration, time.Duration(g), fmt.Sprint("hub-", i))
			}
		})
	}
	wg.Wait()
	for name, limit := range map[string]int{
		"mayfly_sends_total": 1001, "mayfly_send_duration_seconds": 201, "mayfly_circuit_open": 1001,
	} {
		all := family(t, s, name).GetMetric()
		total := 0.0
		for _, m := range all {
			total += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
		if len(all) != limit || total != 20_000 && total != 5000 {
			t.Errorf("%s: %d series with %v in all, want %d", name, len(all), total, limit)
		}
	}
}

// Scrapes that come faster than they are answered do not pile up.
func TestScrapesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, held := metrics.New(nil), make(chan struct{})
		s.Collect(metrics.RequestsInFlight, func(metrics.Setter) { <-held })
		answers := make([]*httptest.ResponseRecorder, 6)
		for i := range answers {
			answers[i] = httptest.NewRecorder()
			go s.Handler().ServeHTTP(answers[i], httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
		}
		synctest.Wait()
		refused := 0
		for _, w := range answers {
			if w.Code == http.StatusServiceUnavailable {
				refused++
			}
		}
		close(held)
		if refused != 2 {
			t.Errorf("%d of 6 are refused, want 2", refused)
		}
	})
}

// What is no text does not break the page.
func TestLabelsAreText(t *testing.T) {
	t.Parallel()
	s := metrics.New(nil)
	s.Add(metrics.Messages, 1, "a\xff\"\n", "delivered")
	s.Add(metrics.Messages, 1, "a\xff\"\n", "delivered")
	if got := page(t, s, "mayfly_messages", ""); len(got) != 1 ||
		got[0] != `mayfly_messages_total{outcome="delivered",source="a?\"\n"} 2` {
		t.Errorf("%q", got)
	}
}

func TestCountingDoesNotAllocate(t *testing.T) {
	s := metrics.New(nil)
	count := func() {
		s.Add(metrics.Requests, 1, "/api/{source}", "tts", "200", "ok")
		s.Observe(metrics.RequestDuration, time.Millisecond, "/api/{source}", "tts")
	}
	count()
	if n := testing.AllocsPerRun(1000, count); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRequest(b *testing.B) {
	s := metrics.New(nil)
	for b.Loop() {
		s.Add(metrics.Requests, 1, "/api/{source}", "tts", "200", "ok")
		s.Add(metrics.Messages, 1, "tts", "delivered")
		s.Add(metrics.Sends, 1, "hub.azure-devices.net", "stored")
		s.Observe(metrics.RequestDuration, time.Millisecond, "/api/{source}", "tts")
		s.Observe(metrics.DecodeDuration, time.Millisecond, "tts")
		s.Observe(metrics.SendDuration, time.Millisecond, "hub.azure-devices.net")
	}
}
