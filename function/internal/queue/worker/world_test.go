package worker_test

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/function/internal/delivery"
	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/entry"
	"mayfly/function/internal/queue/queuetest"
	"mayfly/function/internal/queue/worker"
	"mayfly/httpsend"
	"mayfly/transform/message"
)

// world is a queue, a worker, and what its hub has taken.
type world struct {
	*queuetest.Memory
	worker *worker.Worker
	codec  *entry.Codec
	log    bytes.Buffer

	mu     sync.Mutex
	fails  func(m *message.Message) error // nil: it is stored
	slow   time.Duration                  // of a delivery
	hub    func(m *message.Message) string
	stored []string // message ids
	calls  int
	gone   int
}

func newWorld(places int) *world {
	x := &world{
		Memory: queuetest.NewMemory(), codec: &entry.Codec{HasFleet: func(name string) bool { return name == "" }},
		fails: func(*message.Message) error { return nil },
		hub:   func(*message.Message) string { return "hub-1" },
	}
	x.worker = worker.New(&worker.Options{
		Queue: x, Codec: x.codec, Deliver: x.deliver, Places: places, Now: time.Now,
		HubOf: func(m *message.Message) string { return x.hub(m) },
		Log:   slog.New(slog.NewTextHandler(&locked{x}, nil)),
		Gone: func(*message.Message) {
			x.mu.Lock()
			defer x.mu.Unlock()
			x.gone++
		},
	})
	return x
}

type locked struct{ *world }

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.log.Write(p)
}

// deliver is a hub that takes batches whole or not at all.
func (x *world) deliver(ctx context.Context, rq *delivery.Request) delivery.Outcome {
	out := delivery.Outcome{Results: make([]error, len(rq.Messages))}
	select {
	case <-time.After(x.slow):
	case <-ctx.Done():
		for i := range out.Results {
			out.Results[i] = ctx.Err()
		}
		return out
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.calls++
	for i := range rq.Messages {
		if err := x.fails(&rq.Messages[i]); err != nil {
			for j := range out.Results {
				out.Results[j] = err
			}
			return out
		}
	}
	for i := range rq.Messages {
		x.stored = append(x.stored, rq.Messages[i].MessageID)
	}
	return out
}

func (x *world) item(t *testing.T, device, id string) queue.Item {
	t.Helper()
	m := message.Message{DeviceID: device, MessageID: id, Body: []byte(`{"n":1}`)}
	data, err := x.codec.Encode(t.Context(), &entry.Entry{Source: "device", Accepted: time.Now(), Message: m})
	if err != nil {
		t.Fatal(err)
	}
	return queue.Item{Key: entry.Key(&m), ID: entry.ID(&m), Data: data}
}

func (x *world) put(t *testing.T, device string, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if errs := x.Put(t.Context(), []queue.Item{x.item(t, device, id)}); errs != nil {
			t.Fatal(errs)
		}
	}
}

// runs runs the worker for a time, and stops it.
func (x *world) runs(t *testing.T, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		x.worker.Run(ctx)
	}()
	time.Sleep(d)
	cancel()
	<-done
}

// left tells what is in the queue, and how many dead letters.
func (x *world) left(t *testing.T) (items, dead int) {
	t.Helper()
	depth, err := x.Depth(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return depth.Items, depth.Dead
}

func (x *world) wantStored(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, x.stored); diff != "" {
		t.Errorf("stored (-want +got):\n%s\n%s", diff, x.log.String())
	}
}

func of(device string, err error) func(m *message.Message) error {
	return func(m *message.Message) error {
		if m.DeviceID == device || m.MessageID == device {
			return err
		}
		return nil
	}
}

func down(hub string) error {
	return &httpsend.Error{Hub: hub, Kind: httpsend.Down, RetryAfter: 5 * time.Second}
}
