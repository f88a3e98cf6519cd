package emf_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/function/internal/metrics"
	"mayfly/function/internal/metrics/emf"
)

type log struct {
	bytes.Buffer
	now time.Time
}

func newWriter(interval time.Duration) (*log, *emf.Writer, *metrics.Set) {
	l := &log{now: time.UnixMilli(1773482400123)}
	w := emf.New(&emf.Options{
		To: l, Namespace: "Mayfly", Service: "bridge", Interval: interval, Now: func() time.Time { return l.now },
	})
	return l, w, metrics.New(w)
}

func request(s *metrics.Set, source, code string) {
	s.Add(metrics.Sends, 1, "hub-1", "stored")
	s.Add(metrics.Sends, 1, "hub-2", "stored")
	s.Observe(metrics.SendDuration, 20*time.Millisecond, "hub-1")
	s.Observe(metrics.SendDuration, 30*time.Millisecond, "hub-2")
	s.Observe(metrics.DecodeDuration, time.Millisecond, source)
	s.Add(metrics.Messages, 2, source, "delivered")
	s.Add(metrics.Messages, 1, source, "ignored")
	s.Add(metrics.Requests, 1, "/api/{source}", source, "200", code)
}

// One request is one line; what has several values in it is told apart by the name.
func TestOneRequest(t *testing.T) {
	t.Parallel()
	l, w, set := newWriter(0)
	request(set, "tts", "ok")
	w.Flush()
	w.Flush() // nothing to tell
	want := `{
		"_aws": {"Timestamp": 1773482400123, "CloudWatchMetrics": [
			{"Namespace": "Mayfly", "Dimensions": [["service"], ["service", "source"]], "Metrics": [
				{"Name": "mayfly_decode_duration_seconds", "Unit": "Seconds"},
				{"Name": "mayfly_messages_total_delivered", "Unit": "Count"},
				{"Name": "mayfly_messages_total_ignored", "Unit": "Count"}]},
			{"Namespace": "Mayfly", "Dimensions": [["service"], ["service", "source"], ["service", "code"]],
			 "Metrics": [{"Name": "mayfly_requests_total", "Unit": "Count"}]},
			{"Namespace": "Mayfly", "Dimensions": [["service"]], "Metrics": [
				{"Name": "mayfly_send_duration_seconds", "Unit": "Seconds"},
				{"Name": "mayfly_sends_total_stored", "Unit": "Count"}]}]},
		"service": "bridge", "source": "tts", "code": "ok",
		"mayfly_decode_duration_seconds": 0.001, "mayfly_messages_total_delivered": 2,
		"mayfly_messages_total_ignored": 1, "mayfly_requests_total": 1,
		"mayfly_send_duration_seconds": [0.02, 0.03], "mayfly_sends_total_stored": 2}`
	if strings.Count(l.String(), "\n") != 1 {
		t.Errorf("not one line:\n%s", l.String())
	}
	if diff := cmp.Diff(parse(t, want), parse(t, l.String())); diff != "" {
		t.Error(diff)
	}
}

func parse(t *testing.T, text string) (v map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

// Several requests in an interval are a line for each source and code, and all together as much as was counted.
func TestInterval(t *testing.T) {
	t.Parallel()
	l, w, set := newWriter(time.Minute)
	request(set, "tts", "ok")
	w.Flush()
	l.Reset()
	for i, code := range []string{"ok", "ok", "too-busy", "ok"} {
		request(set, []string{"tts", "helium"}[i/3], code)
		w.Flush()
		l.now = l.now.Add(10 * time.Second)
	}
	if l.Len() > 0 {
		t.Errorf("flushed before its time: %s", l.String())
	}
	l.now = l.now.Add(time.Minute)
	w.Flush()
	got := map[string]float64{}
	for line := range strings.Lines(l.String()) {
		v := parse(t, line)
		for _, name := range []string{
			"mayfly_requests_total", "mayfly_sends_total_stored", "mayfly_messages_total_delivered",
		} {
			n, _ := v[name].(float64)
			got[fmt.Sprint(v["source"], " ", v["code"], " ", name)] += n
			got[name] += n
		}
	}
	for name, want := range map[string]float64{
		"tts ok mayfly_requests_total": 2, "tts too-busy mayfly_requests_total": 1,
		"helium ok mayfly_requests_total": 1, "helium ok mayfly_messages_total_delivered": 2,
		"mayfly_sends_total_stored": 8, "mayfly_messages_total_delivered": 8,
	} {
		if got[name] != want {
			t.Errorf("%s: %v, want %v", name, got[name], want)
		}
	}
	request(set, "tts", "ok")
	l.Reset()
	w.Close()
	if strings.Count(l.String(), "\n") != 1 {
		t.Errorf("the end wrote %q", l.String())
	}
}

// CloudWatch takes 100 values of a metric and 100 metrics of a line.
func TestLimits(t *testing.T) {
	t.Parallel()
	l, w, set := newWriter(0)
	for i := range 1000 {
		set.Observe(metrics.SendDuration, time.Duration(i)*time.Millisecond, "hub")
		set.Add(metrics.Sends, 1, "hub", fmt.Sprint("outcome-", i))
	}
	w.Flush()
	v := parse(t, l.String())
	if values := v["mayfly_send_duration_seconds"].([]any); len(values) != 100 {
		t.Errorf("%d values", len(values))
	}
	if len(v) > 102 { // with _aws and service
		t.Errorf("%d members", len(v))
	}
}

// Gauges come once a minute, and counters that are kept elsewhere by what has come to them.
func TestGauges(t *testing.T) {
	t.Parallel()
	l, w, set := newWriter(0)
	signed := 0.0
	set.Collect(metrics.TokensSigned, func(to metrics.Setter) { to(signed, "a"); to(signed, "b") })
	set.Collect(metrics.CacheEntries, func(to metrics.Setter) { to(3, "tokens", "a"); to(4, "tokens", "b") })
	set.CollectProcess("lambda")
	w.Gauges(set)
	var got []string
	for range 4 {
		signed += 2
		request(set, "tts", "ok")
		l.Reset()
		w.Flush()
		v := parse(t, l.String())
		got = append(got, fmt.Sprint(v["mayfly_tokens_signed_total"], " ", v["mayfly_cache_entries_tokens"]))
		if v["mayfly_build_info"] != nil {
			t.Error("build information is no metric here")
		}
		l.now = l.now.Add(30 * time.Second)
	}
	want := []string{"4 7", "<nil> <nil>", "8 7", "<nil> <nil>"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNilWriter(t *testing.T) {
	t.Parallel()
	var w *emf.Writer
	w.Flush()
	w.Close()
}
