package push_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	pb "go.opentelemetry.io/proto/slim/otlp/metrics/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"mayfly/function/internal/metrics"
	"mayfly/function/internal/metrics/push"
	"mayfly/function/internal/otlp"
)

// receiver is a client whose exports do what answer does.
type receiver struct {
	answer func(context.Context) error
	calls  atomic.Int32
	last   *pb.MetricsData
	// unknown counts the bytes of fields that are not OTLP's.
	unknown int
}

func (r *receiver) Export(ctx context.Context, data otlp.Message) error {
	r.calls.Add(1)
	r.last = &pb.MetricsData{}
	body, known := data.Proto(), &pb.MetricsData{}
	if err := proto.Unmarshal(body, r.last); err != nil {
		return err
	}
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, known); err != nil {
		return err
	}
	r.unknown = proto.Size(r.last) - proto.Size(known)
	text, _ := data.MarshalJSON()
	inJSON := &pb.MetricsData{}
	if err := protojson.Unmarshal(text, inJSON); err != nil || !proto.Equal(inJSON, r.last) {
		return fmt.Errorf("in JSON it is another export: %w, %s", err, text)
	}
	if r.answer == nil {
		return nil
	}
	return r.answer(ctx)
}

func hang(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func newPusher(r *receiver, interval time.Duration) (*push.Pusher, *metrics.Set, *bytes.Buffer) {
	set, log := metrics.New(nil), &bytes.Buffer{}
	return push.New(&push.Options{
		Set: set, Client: r, Interval: interval, Now: time.Now,
		Resource: resource.NewSchemaless(attribute.String("service.name", "bridge")),
		Reporter: otlp.NewReporter(slog.New(slog.NewJSONHandler(log, nil)), time.Now),
	}), set, log
}

// An export has all kinds of metrics, as OTLP has them.
func TestExport(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	p, set, log := newPusher(r, 0)
	set.CollectProcess("server")
	set.Add(metrics.Messages, 3, "tts", "delivered")
	for _, ms := range []time.Duration{0, 1, 2, 1000} {
		set.Observe(metrics.DecodeDuration, ms*time.Millisecond, "tts")
	}
	p.Flush(t.Context())
	if log.Len() > 0 {
		t.Error(log)
	}
	if unknown := r.unknown; unknown != 0 {
		t.Errorf("%d bytes are of fields that OTLP does not have", unknown)
	}
	from := r.last.GetResourceMetrics()[0]
	if a := from.GetResource().GetAttributes(); len(a) != 1 || a[0].GetValue().GetStringValue() != "bridge" {
		t.Errorf("resource %v", a)
	}
	all := map[string]*pb.Metric{}
	for _, m := range from.GetScopeMetrics()[0].GetMetrics() {
		all[m.GetName()] = m
	}
	messages := all["mayfly_messages_total"].GetSum()
	if !messages.GetIsMonotonic() || messages.GetAggregationTemporality() != 2 ||
		messages.GetDataPoints()[0].GetAsDouble() != 3 || len(messages.GetDataPoints()[0].GetAttributes()) != 2 ||
		messages.GetDataPoints()[0].GetStartTimeUnixNano() == 0 || all["mayfly_messages_total"].GetUnit() != "1" {
		t.Errorf("%v", all["mayfly_messages_total"])
	}
	h := all["mayfly_decode_duration_seconds"].GetExponentialHistogram().GetDataPoints()[0]
	var inBuckets uint64
	for _, n := range h.GetPositive().GetBucketCounts() {
		inBuckets += n
	}
	if h.GetCount() != 4 || h.GetZeroCount() != 1 || inBuckets != 3 || h.GetSum() != 1.003 ||
		all["mayfly_decode_duration_seconds"].GetUnit() != "s" {
		t.Errorf("%v", h)
	}
	if all["mayfly_build_info"].GetGauge() == nil || all["go_gc_duration_seconds"].GetSummary() == nil {
		t.Error("gauges or summaries are missing")
	}
}

// A receiver that hangs delays one answer in a while, by a fifth of a second at most, and is told once a minute.
func TestFlushIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{answer: hang}
		p, _, log := newPusher(r, 0)
		var delayed time.Duration
		for range 600 { // a request a second, for ten minutes
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			began := time.Now()
			p.Flush(ctx)
			took := time.Since(began)
			if took > 200*time.Millisecond {
				t.Fatalf("an answer was delayed by %v", took)
			}
			delayed += took
			cancel()
			time.Sleep(time.Second)
		}
		if n := r.calls.Load(); n < 8 || n > 14 {
			t.Errorf("%d tries", n)
		}
		if n := strings.Count(log.String(), "\n"); n < 5 || n > 11 {
			t.Errorf("%d warnings:\n%s", n, log)
		}
		if delayed > 3*time.Second {
			t.Errorf("all answers were delayed by %v", delayed)
		}
	})
}

// Of what is left of a request's time it takes half, and nothing once that is over.
func TestFlushLeavesTimeForTheAnswer(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]time.Duration{
		-time.Second: 0, 0: 0, 8 * time.Millisecond: 0, 100 * time.Millisecond: 50 * time.Millisecond,
		time.Second: 200 * time.Millisecond,
	} {
		synctest.Test(t, func(t *testing.T) {
			p, _, _ := newPusher(&receiver{answer: hang}, 0)
			ctx, cancel := context.WithTimeout(t.Context(), left)
			defer cancel()
			began := time.Now()
			p.Flush(ctx)
			if took := time.Since(began); took != want {
				t.Errorf("with %v left: %v, want %v", left, took, want)
			}
		})
	}
}

func TestFlushOncePerInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{}
		p, _, log := newPusher(r, 10*time.Second)
		for range 60 {
			p.Flush(t.Context())
			time.Sleep(time.Second)
		}
		if n := r.calls.Load(); n != 6 || log.Len() > 0 {
			t.Errorf("%d exports in a minute: %s", n, log)
		}
	})
}

// While one request's flush waits, the others do not.
func TestFlushesDoNotQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{answer: hang}
		p, _, _ := newPusher(r, 0)
		go p.Flush(t.Context())
		synctest.Wait()
		began := time.Now()
		for range 100 {
			p.Flush(t.Context())
		}
		if time.Since(began) != 0 || r.calls.Load() != 1 {
			t.Errorf("%v, %d exports", time.Since(began), r.calls.Load())
		}
		time.Sleep(time.Second)
	})
}

func TestStartAndClose(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer func(context.Context) error
		calls  int32
		logged bool
	}{
		"takes": {nil, 3, false},
		"fails": {func(context.Context) error { return errors.New("no") }, 3, true},
		"hangs": {hang, 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := &receiver{answer: tt.answer}
				p, _, log := newPusher(r, time.Minute)
				p.Start()
				time.Sleep(150 * time.Second)
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				began := time.Now()
				p.Close(ctx)
				if took := time.Since(began); took > 2*time.Second || r.calls.Load() != tt.calls {
					t.Errorf("%d exports; the end took %v", r.calls.Load(), took)
				}
				if (log.Len() > 0) != tt.logged || strings.Count(log.String(), "\n") > 3 {
					t.Errorf("log: %s", log)
				}
			})
		})
	}
}

func TestNilPusher(t *testing.T) {
	t.Parallel()
	var p *push.Pusher
	p.Flush(t.Context())
	p.Close(t.Context())
}
