package worker_test

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/queuetest"
	"mayfly/httpsend"
	"mayfly/transform/message"
)

// A queue that keeps no order gives item after item of one device, though the device's place is taken: the worker does
// not take all that there are.
func TestHoldsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const items = 3000
		x := newWorld(4)
		for n := range items {
			it := x.item(t, "d1", strconv.Itoa(n))
			it.Key = strconv.Itoa(n) // the queue knows no device
			if errs := x.Put(t.Context(), []queue.Item{it}); errs != nil {
				t.Fatal(errs)
			}
		}
		x.slow = 20 * time.Second
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			x.worker.Run(ctx)
		}()
		time.Sleep(15 * time.Second)
		short, stop := context.WithTimeout(ctx, time.Second)
		defer stop()
		free, err := x.Receive(short, items)
		if err != nil || len(free) < items-1024 {
			t.Errorf("%d of %d items are free, %v", len(free), items, err)
		}
		if err := x.Return(ctx, free, 0); err != nil {
			t.Error(err)
		}
		time.Sleep(10 * time.Minute)
		cancel()
		<-done
		if len(x.stored) != items {
			t.Errorf("%d items were stored", len(x.stored))
		}
	})
}

// HandleBatch gives, of a device, all after the first that failed.
func TestHandleBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newWorld(4)
		var items []*queue.Leased
		for _, of := range [][2]string{
			{"d1", "a"}, {"d2", "b"}, {"d1", "c"}, {"d3", "poison"}, {"d1", "e"}, {"d3", "f"},
		} {
			x.put(t, of[0], of[1])
		}
		if errs := x.Put(t.Context(), []queue.Item{{Key: "d4", ID: "x", Data: []byte(`{"v":2}`)}}); errs != nil {
			t.Fatal(errs)
		}
		items, err := x.Receive(t.Context(), 10)
		if err != nil || len(items) != 7 {
			t.Fatal(len(items), err)
		}
		x.fails = func(m *message.Message) error {
			switch {
			case m.MessageID == "poison":
				return &httpsend.Error{Kind: httpsend.Invalid, Status: 400}
			case m.DeviceID == "d1":
				return &httpsend.Error{Hub: "hub-d1", Kind: httpsend.Unavailable}
			}
			return nil
		}
		x.hub = func(m *message.Message) string { return "hub-" + m.DeviceID } // else one failure stops all
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var failed []string
		for _, it := range x.worker.HandleBatch(ctx, items) {
			failed = append(failed, it.Key)
		}
		slices.Sort(failed)
		if diff := cmp.Diff([]string{"d1", "d1", "d1", "d4"}, failed); diff != "" {
			t.Error(diff)
		}
		if _, dead := x.left(t); dead != 1 {
			t.Errorf("%d dead letters", dead)
		}
	})
}

// A function that is about to be ended does not wait for a queue that takes no dead letters.
func TestHandleBatchInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newWorld(4)
		x.worker.Queue = buriesNever{x.Memory}
		x.put(t, "d1", "poison")
		items, err := x.Receive(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		x.fails = func(*message.Message) error { return &httpsend.Error{Kind: httpsend.Invalid, Status: 400} }
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if failed := x.worker.HandleBatch(ctx, items); len(failed) != 1 || ctx.Err() != nil {
			t.Errorf("%d failed, and the time is over: %v", len(failed), ctx.Err())
		}
	})
}

// buriesNever does not answer when it is to bury something.
type buriesNever struct{ *queuetest.Memory }

func (buriesNever) Bury(ctx context.Context, _ *queue.Leased, _ []byte) error {
	<-ctx.Done()
	return &queue.Error{Kind: queue.Unavailable, Queue: "test", Err: ctx.Err()}
}
