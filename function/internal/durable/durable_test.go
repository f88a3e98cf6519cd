package durable_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/dps"
	"mayfly/function/internal/delivery"
	"mayfly/function/internal/durable"
	"mayfly/function/internal/failure"
	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/entry"
	"mayfly/function/internal/queue/queuetest"
	"mayfly/function/internal/ratelimit"
	"mayfly/httpsend"
	"mayfly/transform/message"
)

// hub answers for devices by id; what it is not told, it takes.
type hub struct {
	mu     sync.Mutex
	fails  map[string]error
	admits map[string]error
	slow   time.Duration
	tried  []string
	began  []time.Duration // how much time each call had
}

func (h *hub) Deliver(ctx context.Context, rq *delivery.Request) delivery.Outcome {
	out := delivery.Outcome{Results: make([]error, len(rq.Messages)), Devices: 1}
	end, _ := ctx.Deadline()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.began = append(h.began, time.Until(end))
	takes := h.slow
	h.mu.Unlock()
	var late error
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		late = ctx.Err()
	}
	h.mu.Lock()
	for i := range rq.Messages {
		h.tried = append(h.tried, rq.Messages[i].MessageID)
		if out.Results[i] = late; late == nil {
			out.Results[i] = h.fails[rq.Messages[i].DeviceID]
		}
	}
	return out
}

func (h *hub) Admit(_ context.Context, messages []message.Message) []error {
	out := make([]error, len(messages))
	for i := range messages {
		out[i] = h.admits[messages[i].DeviceID]
	}
	return out
}

func acceptor(q queue.Queue, h *hub) *durable.Acceptor {
	return durable.New(&durable.Options{
		Queue: q, Codec: &entry.Codec{HasFleet: func(string) bool { return true }}, Delivery: h,
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
}

// request makes messages of "device/id".
func request(mode queue.Mode, of ...string) *durable.Request {
	rq := &durable.Request{Mode: mode, Caller: "c"}
	rq.Source, rq.Arrived = "device", time.Now()
	rq.AnswerBy = rq.Arrived.Add(5 * time.Second)
	for _, name := range of {
		device, id, _ := strings.Cut(name, "/")
		rq.Messages = append(rq.Messages, message.Message{DeviceID: device, MessageID: id, Body: []byte(`{"n":1}`)})
	}
	return rq
}

// says writes an outcome: d delivered, q queued, else the code of the problem.
func says(t *testing.T, out *durable.Outcome) string {
	t.Helper()
	var texts []string
	for i, err := range out.Results {
		switch {
		case err != nil:
			p := failure.Of(t.Context(), err, time.Now())
			texts = append(texts, string(p.Code))
		case out.Queued != nil && out.Queued[i]:
			texts = append(texts, "q")
		default:
			texts = append(texts, "d")
		}
	}
	return strings.Join(texts, " ")
}

func TestModes(t *testing.T) {
	quota := &httpsend.Error{Kind: httpsend.QuotaExceeded}
	refused := &dps.Error{Kind: dps.Refused}
	for name, c := range map[string]struct {
		mode  queue.Mode
		hub   *hub
		put   queue.Kind
		want  string
		tried int
	}{
		"never": {queue.ModeNever, &hub{}, "", "d d d", 3},
		"never, and the hub fails": {queue.ModeNever, &hub{fails: map[string]error{"a": quota}}, "",
			"hub-quota d hub-quota", 3},
		"fallback":            {queue.ModeFallback, &hub{}, "", "d d d", 3},
		"fallback, one fails": {queue.ModeFallback, &hub{fails: map[string]error{"b": quota}}, "", "d q d", 3},
		"fallback, refused": {queue.ModeFallback, &hub{fails: map[string]error{"a": refused}}, "",
			"device-refused d device-refused", 3},
		"fallback, too many": {queue.ModeFallback,
			&hub{fails: map[string]error{"a": ratelimit.SlowDown("a", time.Second)}}, "", "slow-down d slow-down", 3},
		"fallback, slow": {queue.ModeFallback, &hub{slow: time.Minute}, "", "q q q", 3},
		"fallback, no queue": {queue.ModeFallback, &hub{fails: map[string]error{"b": quota}}, queue.Unavailable,
			"d queue-unavailable d", 3},
		"always": {queue.ModeAlways, &hub{}, "", "q q q", 0},
		"always, refused": {queue.ModeAlways, &hub{admits: map[string]error{"b": refused}}, "",
			"q device-refused q", 0},
		"always, full":   {queue.ModeAlways, &hub{}, queue.Full, "queue-full queue-full queue-full", 0},
		"always, denied": {queue.ModeAlways, &hub{}, queue.Denied, "queue-refused queue-refused queue-refused", 0},
		"always, too large": {queue.ModeAlways, &hub{}, queue.TooLarge,
			"queue-item-too-large queue-item-too-large queue-item-too-large", 0},
		"always, unknown": {queue.ModeAlways, &hub{}, queue.Missing, "queue-refused queue-refused queue-refused", 0},
		"always, no answers": {queue.ModeAlways, &hub{}, queue.Unavailable,
			"queue-unavailable queue-unavailable queue-unavailable", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := queuetest.NewMemory()
				if c.put != "" {
					q.Fail = func() error { return &queue.Error{Kind: c.put, Queue: "test", Err: errors.New("why")} }
				}
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				start := time.Now()
				out := acceptor(q, c.hub).Deliver(ctx, request(c.mode, "a/1", "b/2", "a/3"))
				if got := says(t, &out); got != c.want || len(c.hub.tried) != c.tried {
					t.Errorf("%s, %d tried; want %s, %d", got, len(c.hub.tried), c.want, c.tried)
				}
				if took := time.Since(start); took >= 5*time.Second && c.mode != queue.ModeNever {
					t.Errorf("it took %s", took)
				}
				depth, _ := q.Depth(ctx)
				want := 0
				for one := range strings.FieldsSeq(c.want) {
					if one == "q" {
						want++
					}
				}
				if depth.Items != want {
					t.Errorf("%d in the queue, want %d", depth.Items, want)
				}
			})
		})
	}
}

// The queue has its part of the sender's patience, and of the host's deadline.
func TestReserve(t *testing.T) {
	for name, c := range map[string]struct{ patience, deadline, spent, want time.Duration }{
		"5 s":                  {5 * time.Second, 30 * time.Second, 0, 4 * time.Second},
		"20 s":                 {20 * time.Second, 30 * time.Second, 0, 19 * time.Second},
		"2 s":                  {2 * time.Second, 30 * time.Second, 0, 1500 * time.Millisecond},
		"the host has less":    {20 * time.Second, 3 * time.Second, 0, 2250 * time.Millisecond},
		"spent before":         {5 * time.Second, 30 * time.Second, 3 * time.Second, 1500 * time.Millisecond},
		"no time for the hub":  {5 * time.Second, 30 * time.Second, 4900 * time.Millisecond, 0},
		"the patience is over": {5 * time.Second, 30 * time.Second, 6 * time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &hub{slow: time.Hour}
				ctx, cancel := context.WithTimeout(t.Context(), c.deadline)
				defer cancel()
				rq := request(queue.ModeFallback, "a/1")
				rq.AnswerBy = rq.Arrived.Add(c.patience)
				time.Sleep(c.spent)
				out := acceptor(queuetest.NewMemory(), h).Deliver(ctx, rq)
				var had time.Duration
				if len(h.began) > 0 {
					had = h.began[0]
				}
				if says(t, &out) != "q" || had != c.want {
					t.Errorf("%s, the hub had %s, want %s", says(t, &out), had, c.want)
				}
			})
		})
	}
}

// A message that is too large for the queue may be sent again where the hub may take it later.
func TestTooLarge(t *testing.T) {
	for name, c := range map[string]struct {
		mode   queue.Mode
		behind bool
		heals  bool
	}{
		"fallback, the hub fails":         {queue.ModeFallback, false, true},
		"fallback, behind other messages": {queue.ModeFallback, true, true},
		"always":                          {queue.ModeAlways, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &hub{fails: map[string]error{"a": &httpsend.Error{Kind: httpsend.QuotaExceeded}}}
				a := acceptor(queuetest.NewMemory(), h)
				if c.behind {
					a.Deliver(t.Context(), request(queue.ModeFallback, "a/1"))
					h.fails = nil
				}
				rq := request(c.mode, "a/2")
				rq.Messages[0].Body = []byte(`{"s":"` + strings.Repeat("x", 2<<20) + `"}`)
				out := a.Deliver(t.Context(), rq)
				p := failure.Of(t.Context(), out.Results[0], time.Now())
				if says(t, &out) != "queue-item-too-large" || p.Retryable != c.heals ||
					strings.Contains(p.Detail, "the hub may take it later") != c.heals {
					t.Errorf("%s, retryable %t: %s", p.Code, p.Retryable, p.Detail)
				}
			})
		})
	}
}

// What is queued keeps the message, with its id.
func TestWhatIsQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := queuetest.NewMemory()
		rq := request(queue.ModeAlways, "a/1")
		rq.Messages[0].Fleet = "north"
		acceptor(q, &hub{}).Deliver(t.Context(), rq)
		got, err := q.Receive(t.Context(), 10)
		if err != nil || len(got) != 1 {
			t.Fatal(len(got), err)
		}
		e, err := (&entry.Codec{HasFleet: func(string) bool { return true }}).Decode(t.Context(), got[0].Data)
		if err != nil {
			t.Fatal(err)
		}
		want := &entry.Entry{Source: "device", Caller: "c", Accepted: time.Now().UTC(), Message: rq.Messages[0]}
		if diff := cmp.Diff(want, e); diff != "" || got[0].Key != "north/a" {
			t.Error(got[0].Key, diff)
		}
	})
}

// A device with messages in the queue stays behind them until they are gone: as the worker of this process tells, or,
// where another process delivers, as the queue tells.
func TestBehind(t *testing.T) {
	quota := &httpsend.Error{Kind: httpsend.QuotaExceeded}
	for name, c := range map[string]struct {
		gone func(a *durable.Acceptor, m *message.Message, q *queuetest.Memory)
		wait time.Duration
		want string
	}{
		"still there": {func(*durable.Acceptor, *message.Message, *queuetest.Memory) {}, time.Hour, "q"},
		"delivered here": {func(a *durable.Acceptor, m *message.Message, _ *queuetest.Memory) { a.Gone(m) },
			0, "d"},
		"another message was delivered here": {func(a *durable.Acceptor, m *message.Message, _ *queuetest.Memory) {
			a.Gone(&message.Message{DeviceID: m.DeviceID, MessageID: "of another process"})
		}, 0, "q"},
		"delivered elsewhere": {func(_ *durable.Acceptor, _ *message.Message, q *queuetest.Memory) {
			items, _ := q.Receive(context.Background(), 1)
			_ = q.Delete(context.Background(), items)
		}, 5 * time.Minute, "d"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, h := queuetest.NewMemory(), &hub{fails: map[string]error{"a": quota}}
				a := acceptor(q, h)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go a.Watch(ctx)
				first := request(queue.ModeFallback, "a/1")
				if out := a.Deliver(t.Context(), first); says(t, &out) != "q" {
					t.Fatal(says(t, &out))
				}
				h.fails = nil
				c.gone(a, &first.Messages[0], q)
				time.Sleep(c.wait)
				out := a.Deliver(t.Context(), request(queue.ModeFallback, "a/2", "b/3"))
				if got := says(t, &out); got != c.want+" d" {
					t.Errorf("%s, want %s", got, c.want)
				}
				cancel()
				synctest.Wait()
			})
		})
	}
}

// What a process finds in the queue when it starts may be of any device.
func TestFoundAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := queuetest.NewMemory()
		if errs := q.Put(t.Context(), []queue.Item{{Key: "x", ID: "1", Data: []byte("{}")}}); errs != nil {
			t.Fatal(errs)
		}
		a := acceptor(q, &hub{})
		a.Begin()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go a.Watch(ctx)
		if out := a.Deliver(t.Context(), request(queue.ModeFallback, "a/1")); says(t, &out) != "q" {
			t.Error(says(t, &out))
		}
		items, _ := q.Receive(t.Context(), 10)
		_ = q.Delete(t.Context(), items)
		time.Sleep(5 * time.Minute)
		if out := a.Deliver(t.Context(), request(queue.ModeFallback, "a/2")); says(t, &out) != "d" {
			t.Error(says(t, &out))
		}
		cancel()
		synctest.Wait()
	})
}

// A request that cannot be delivered goes into the queue before later ones of its device, though these fail sooner; and
// a resend waits for the first one's result.
func TestLaterRequestsWait(t *testing.T) {
	for name, c := range map[string]struct {
		slow, pause time.Duration
		want        string // of the later one
		queued      string
	}{
		"the first is queued":    {time.Minute, time.Second, "q", "1 2"},
		"both at the same time":  {time.Minute, 10 * time.Millisecond, "q", "1 2"},
		"the first is delivered": {2 * time.Second, time.Second, "d", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := queuetest.NewMemory()
				h := &hub{slow: c.slow}
				a := acceptor(q, h)
				done := make(chan struct{})
				go func() {
					defer close(done)
					a.Deliver(t.Context(), request(queue.ModeFallback, "a/1"))
				}()
				time.Sleep(c.pause)
				h.mu.Lock()
				h.slow = 0
				if c.slow == time.Minute {
					h.fails = map[string]error{"a": &httpsend.Error{Kind: httpsend.Down}}
				}
				h.mu.Unlock()
				start := time.Now()
				out := a.Deliver(t.Context(), request(queue.ModeFallback, "a/2"))
				if got := says(t, &out); got != c.want || time.Since(start) >= 5*time.Second {
					t.Errorf("%s after %s, want %s", got, time.Since(start), c.want)
				}
				<-done
				var ids []string
				codec := &entry.Codec{HasFleet: func(string) bool { return true }}
				if depth, _ := q.Depth(t.Context()); depth.Items > 0 {
					items, _ := q.Receive(t.Context(), 10)
					for _, it := range items {
						e, err := codec.Decode(t.Context(), it.Data)
						if err != nil {
							t.Fatal(err)
						}
						ids = append(ids, e.Message.MessageID)
					}
				}
				if got := strings.Join(ids, " "); got != c.queued {
					t.Errorf("in the queue: %s, want %s", got, c.queued)
				}
			})
		})
	}
}
