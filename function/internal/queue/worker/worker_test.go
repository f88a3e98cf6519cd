package worker_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/dps"
	"mayfly/function/internal/problem"
	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/queuetest"
	"mayfly/function/internal/queue/worker"
	"mayfly/httpsend"
	"mayfly/internal/secret"
	"mayfly/transform/message"
)

func TestDelivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newWorld(4)
		x.put(t, "dev-1", "a", "b", "c")
		x.runs(t, time.Second)
		x.wantStored(t, "a", "b", "c")
		if items, dead := x.left(t); items+dead != 0 || x.calls != 1 || x.gone != 3 {
			t.Error(items, dead, x.calls, x.gone)
		}
	})
}

// What becomes of a message that cannot be delivered, and of the one after it and that of another device.
func TestFailures(t *testing.T) {
	invalid := &httpsend.Error{Kind: httpsend.Invalid, Status: 400, Device: "dev-1"}
	for name, c := range map[string]struct {
		err    error
		after  time.Duration
		stored string // once the failure has ended
		dead   string // the code of the dead letter
	}{
		"refused by the hub": {invalid, time.Second, "a c d", "hub-refused"},
		"too large for the hub": {
			&httpsend.Error{Kind: httpsend.TooLarge, Status: 413}, time.Second, "a c d", "event-too-large"},
		"blocked": {
			&httpsend.Error{Kind: httpsend.Blocked, Status: 401}, time.Second, "a c d", "device-refused"},
		"refused by DPS":   {&dps.Error{Kind: dps.NotEnrolled}, time.Second, "a c d", "device-refused"},
		"a bug":            {&problem.Error{Code: problem.Internal}, time.Second, "a c d", "internal"},
		"not enrolled yet": {&dps.Error{Kind: dps.Pending, RetryAfter: 3 * time.Second}, time.Second, "d a b c", ""},
		"our key is wrong": {&dps.Error{Kind: dps.Unauthorized}, time.Hour, "d a b c", ""},
		"wrong for days":   {&dps.Error{Kind: dps.Unauthorized}, 30 * time.Hour, "d a c", "bridge-misconfigured"},
		"out of time":      {context.DeadlineExceeded, time.Hour, "d a b c", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newWorld(1)
				x.put(t, "dev-1", "a", "b", "c")
				x.put(t, "dev-2", "d")
				x.fails = of("b", c.err)
				ends := time.Now().Add(c.after)
				x.fails = func(m *message.Message) error {
					if m.MessageID == "b" && (time.Now().Before(ends) || c.dead != "" && c.after == time.Second) {
						return c.err
					}
					return nil
				}
				x.runs(t, c.after+10*time.Minute)
				got := slices.Clone(x.stored)
				want := strings.Fields(c.stored)
				if c.dead == "" || c.after > time.Second { // of other devices at any time
					slices.Sort(got)
					slices.Sort(want)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got):\n%s\n%s", diff, x.log.String())
				}
				dead, _ := x.DeadLetters().List(t.Context(), 10)
				if c.dead == "" {
					if len(dead) != 0 {
						t.Errorf("dead: %s", dead[0].Reason)
					}
					return
				}
				if len(dead) != 1 || !strings.Contains(string(dead[0].Reason), `"code":"`+c.dead+`"`) ||
					!strings.Contains(x.log.String(), `msg="dead letter"`) {
					t.Errorf("%d dead letters, %s", len(dead), x.log.String())
				}
			})
		})
	}
}

// Failures of a whole hub, DPS or store of keys make the worker wait, and not each message.
func TestWaitsForTheWhole(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		hub   string
		calls int // in an hour, at most
	}{
		"a hub that is down": {down("hub-1"), "hub-1", 750},
		"a hub without an answer": {
			&httpsend.Error{Hub: "hub-1", Kind: httpsend.Unavailable, Tries: 8}, "hub-1", 400},
		"a quota": {&httpsend.Error{Hub: "hub-1", Kind: httpsend.QuotaExceeded, Status: 403}, "hub-1", 10},
		"DPS":     {&dps.Error{Kind: dps.Unavailable}, "", 400},
		"DPS throttles": {
			&dps.Error{Kind: dps.Throttled, RetryAfter: 30 * time.Second}, "", 150},
		"the store of the keys": {&secret.Error{Temporary: true}, "hub-1", 800},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newWorld(8)
				for i := range 100 {
					x.put(t, fmt.Sprintf("dev-%d", i), fmt.Sprintf("m-%d", i))
				}
				x.hub = func(*message.Message) string { return c.hub }
				up := time.Now().Add(time.Hour)
				x.fails = func(*message.Message) error {
					if time.Now().Before(up) {
						return c.err
					}
					return nil
				}
				ctx, cancel := context.WithCancel(t.Context())
				var wg sync.WaitGroup
				wg.Go(func() { x.worker.Run(ctx) })
				time.Sleep(time.Hour - time.Nanosecond)
				x.mu.Lock()
				if x.calls > c.calls {
					t.Errorf("%d calls in an hour, want at most %d", x.calls, c.calls)
				}
				x.mu.Unlock()
				time.Sleep(24 * time.Hour)
				cancel()
				wg.Wait()
				if items, dead := x.left(t); items+dead != 0 || len(x.stored) != 100 {
					t.Errorf("%d in the queue, %d dead, %d stored:\n%s", items, dead, len(x.stored), x.log.String())
				}
			})
		})
	}
}

// A hub that is down does not keep the devices of another one waiting.
func TestOtherHubsGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newWorld(4)
		x.hub = func(m *message.Message) string { return "hub-" + m.DeviceID[:1] }
		x.fails = func(m *message.Message) error {
			if m.DeviceID[:1] == "a" {
				return down("hub-a")
			}
			return nil
		}
		for i := range 200 {
			x.put(t, fmt.Sprintf("b%d", i), "first")
			x.put(t, fmt.Sprintf("a%d", i), "m")
			x.put(t, fmt.Sprintf("b%d", i), "n")
		}
		x.runs(t, 5*time.Minute)
		if len(x.stored) != 400 {
			t.Errorf("%d of 400 are stored", len(x.stored))
		}
		if items, dead := x.left(t); items != 200 || dead != 0 {
			t.Errorf("%d in the queue, %d dead", items, dead)
		}
	})
}

// A hub without quota does not keep what comes for another one waiting until the next day.
func TestOtherHubsGoOnBesideAQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newWorld(4)
		x.hub = func(m *message.Message) string { return "hub-" + m.DeviceID[:1] }
		x.fails = func(m *message.Message) error {
			if m.DeviceID[:1] == "a" {
				return &httpsend.Error{Hub: "hub-a", Kind: httpsend.QuotaExceeded, Status: 403}
			}
			return nil
		}
		for i := range 20 {
			x.put(t, fmt.Sprintf("a%d", i), "m")
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { x.worker.Run(ctx) })
		time.Sleep(2 * time.Minute)
		x.put(t, "b", "n")
		time.Sleep(5 * time.Second)
		cancel()
		wg.Wait()
		x.wantStored(t, "n")
	})
}

// What cannot be read is buried; what a newer release wrote stays.
func TestUnreadable(t *testing.T) {
	for name, c := range map[string]struct {
		data        string
		items, dead int
	}{
		"not an entry": {"{}", 0, 1},
		"another fleet": {
			`{"v":1,"entry":{"source":"x","accepted":"2026-01-01T00:00:00Z","device":"d","fleet":"f"}}`, 0, 1},
		"of a new release": {`{"v":9}`, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newWorld(4)
				errs := x.Put(t.Context(), []queue.Item{{Key: "dev-1", ID: "x", Data: []byte(c.data)}})
				if errs != nil {
					t.Fatal(errs)
				}
				x.put(t, "dev-2", "a")
				x.runs(t, 12*time.Minute)
				x.wantStored(t, "a")
				if items, dead := x.left(t); items != c.items || dead != c.dead {
					t.Errorf("%d in the queue, %d dead", items, dead)
				}
				n := strings.Count(x.log.String(), "level=WARN") + strings.Count(x.log.String(), "level=ERROR")
				if n < 1 || n > 5 {
					t.Errorf("%d lines in the log: %s", n, x.log.String())
				}
			})
		})
	}
}

func TestPanicIsBuried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newWorld(4)
		x.put(t, "dev-1", "a", "b", "c")
		x.fails = func(m *message.Message) error {
			if m.MessageID == "b" {
				panic("a bug")
			}
			return nil
		}
		x.runs(t, time.Minute)
		x.wantStored(t, "a", "c")
		if items, dead := x.left(t); items != 0 || dead != 1 {
			t.Errorf("%d in the queue, %d dead", items, dead)
		}
	})
}

// Leases are extended for as long as a delivery lasts, so that nobody else gets its items.
func TestSlowDeliveryKeepsItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newWorld(4)
		x.Lease = 3 * time.Second
		x.slow = 20 * time.Second
		x.put(t, "dev-1", "a", "b")
		other := newWorld(4)
		other.Memory = x.Memory
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { x.worker.Run(ctx) })
		time.Sleep(time.Second)
		taken, stop := context.WithTimeout(ctx, 15*time.Second)
		defer stop()
		if items, _ := x.Receive(taken, 10); len(items) > 0 {
			t.Errorf("%d items were leased twice", len(items))
		}
		time.Sleep(10 * time.Second)
		cancel()
		wg.Wait()
		x.wantStored(t, "a", "b")
	})
}

// A worker that is stopped ends what is under way, and gives the rest back at once.
func TestStops(t *testing.T) {
	for name, c := range map[string]struct {
		slow   time.Duration
		stored int
	}{"what ends soon is delivered": {2 * time.Second, 1}, "what does not is given back": {25 * time.Second, 0}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newWorld(1)
				x.slow = c.slow
				for i := range 5 {
					x.put(t, fmt.Sprintf("dev-%d", i), "a")
				}
				start := time.Now()
				x.runs(t, time.Second)
				if took := time.Since(start); took > 10*time.Second {
					t.Errorf("it stopped after %s", took)
				}
				if len(x.stored) != c.stored {
					t.Errorf("%d stored", len(x.stored))
				}
				left, err := x.Receive(t.Context(), 10)
				if err != nil || len(left) != 5-c.stored {
					t.Errorf("%d are there at once, %v", len(left), err)
				}
			})
		})
	}
}

// A queue that fails to delete what was delivered does not stop the worker.
func TestDeleteFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newWorld(4)
		x.put(t, "dev-1", "a")
		x.put(t, "dev-2", "b")
		w := worker.New(&worker.Options{
			Queue: forgetful{x.Memory}, Codec: x.codec, Deliver: x.deliver, Places: 2, Now: time.Now, HubOf: x.hub,
			Log: slog.New(slog.NewTextHandler(&locked{x}, nil)),
		})
		x.worker = w
		x.runs(t, 30*time.Second)
		if len(x.stored) != 2 || !strings.Contains(x.log.String(), "cannot be deleted") {
			t.Error(x.stored, x.log.String())
		}
	})
}

type forgetful struct{ *queuetest.Memory }

func (forgetful) Delete(context.Context, []*queue.Leased) error {
	return &queue.Error{Kind: queue.Unavailable, Queue: "test", Err: errors.New("no answer")}
}
