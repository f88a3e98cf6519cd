package function_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/emulator"
	"mayfly/function"
	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/file"
	"mayfly/function/internal/queue/queuetest"
)

var drillSeed = flag.Uint64("seed", 1, "of the drills of durable mode")

// durableInstance is a plain server with a queue, whose worker runs until stop is called.
func durableInstance(t *testing.T, azure *emulator.Emulator, q function.Queue, vars ...string) (
	s *function.Service, log *lockedBuffer, stop func(),
) {
	t.Helper()
	c, err := function.LoadConfig(append([]string{"ID_SCOPE=" + azure.IDScope(), "GROUP_KEY=" + azure.GroupKey(),
		"AUTH=none", "QUEUE=file:queue"}, vars...))
	if err != nil {
		t.Fatal(err)
	}
	log = &lockedBuffer{}
	upstream := azure.RoundTripper()
	s = function.New(c, function.Dependencies{
		DPS: upstream, Hub: &poisoned{upstream, "m-poison"}, Log: slog.New(slog.NewJSONHandler(log, nil)), Queue: q,
	})
	ctx, cancel := context.WithCancel(t.Context())
	s.Start(ctx)
	return s, log, func() {
		cancel()
		s.Close()
	}
}

// poisoned is a hub that refuses what holds a message of an id.
type poisoned struct {
	http.RoundTripper
	id string
}

func (p *poisoned) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	if bytes.Contains(body, []byte(`"`+p.id+`"`)) || sentID(r) == p.id {
		return &http.Response{
			StatusCode: http.StatusBadRequest, Header: http.Header{}, Body: http.NoBody, Request: r,
		}, nil
	}
	return p.RoundTripper.RoundTrip(r)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Count(l.b.Bytes(), []byte(text))
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// sendOne sends one message and gives the answer.
func sendOne(t *testing.T, s http.Handler, device, id, body string) (status int, answer string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost,
		"/api/devices/"+device+"/telemetry?messageId="+id, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, strings.TrimSpace(w.Body.String())
}

func setFaults(t *testing.T, azure *emulator.Emulator, faults string) {
	t.Helper()
	if _, err := azure.LoadFaults(strings.NewReader(faults)); err != nil {
		t.Fatal(err)
	}
}

// inOrder tells that each device's events are all there, each once, in the order of their numbers.
func inOrder(t *testing.T, azure *emulator.Emulator, want map[string]int) {
	t.Helper()
	next := map[string]int{}
	for _, e := range azure.Events() {
		var body struct{ N int }
		if err := json.Unmarshal([]byte(e.Body), &body); err != nil {
			t.Fatal(err)
		}
		if body.N != next[e.Device] {
			t.Errorf("%s: %d came, want %d", e.Device, body.N, next[e.Device])
		}
		next[e.Device] = body.N + 1
	}
	for device, n := range want {
		if next[device] != n {
			t.Errorf("%s: %d events of %d", device, next[device], n)
		}
	}
}

// waitEmpty waits until nothing is in the queue, and gives how long that took.
func waitEmpty(t *testing.T, q function.Queue, limit time.Duration) time.Duration {
	t.Helper()
	start := time.Now()
	for {
		depth, err := q.Depth(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if depth.Items == 0 {
			return time.Since(start)
		}
		if time.Since(start) > limit {
			t.Fatalf("%d messages are in the queue after %s", depth.Items, limit)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// fileQueue is a queue on the disk. It must be closed before the bubble of a test ends.
func fileQueue(t *testing.T) function.Queue {
	t.Helper()
	q, err := file.Open(t.TempDir(), file.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func memoryQueue(*testing.T) function.Queue { return queuetest.NewMemory() }

// A hub is down for an hour. Senders wait 5 s and send once: every message is accepted or delivered in that time, and
// all of them are at the hub when it is back, each device's in order, as fast as the hub takes them.
func TestDrillHubDownForAnHour(t *testing.T) {
	t.Parallel()
	for i, tt := range []struct {
		name    string
		open    func(*testing.T) function.Queue
		backlog time.Duration // of the hub
	}{
		{"in memory, to a patient hub", memoryQueue, 10 * time.Second},
		{"in a folder", fileQueue, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { drillHour(t, *drillSeed+uint64(i), tt.open(t), tt.backlog) })
		})
	}
}

func drillHour(t *testing.T, seed uint64, q function.Queue, backlog time.Duration) {
	t.Helper()
	const devices, messages, perSecond = 500, 20_000, 100
	azure := newAzure(t, emulator.Config{
		AssignAtOnce: true, HubSendsPerSecond: perSecond, HubBacklog: backlog, EventLimit: 2 * messages,
	})
	s, _, stop := durableInstance(t, azure, q)
	defer func() {
		stop()
		_ = q.Close()
	}()
	draw := rand.New(rand.NewPCG(seed, 0))
	counts := map[string]int{}
	var late, failed atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for n := range messages {
		if n == messages/20 {
			setFaults(t, azure, `[{"endpoint":"hub","cut":"before"}]`)
		}
		device := fmt.Sprintf("dev-%d", draw.IntN(devices))
		number := counts[device]
		counts[device]++
		wg.Go(func() {
			began := time.Now()
			status, answer := sendOne(t, s, device, fmt.Sprintf("%s-%d", device, number),
				fmt.Sprintf(`{"n":%d}`, number))
			if status != http.StatusOK && status != http.StatusAccepted {
				failed.Add(1)
				t.Log(status, answer)
			}
			if time.Since(began) >= 5*time.Second {
				late.Add(1)
			}
		})
		time.Sleep(time.Until(start.Add(time.Duration(n+1) * time.Hour / messages)))
	}
	wg.Wait()
	if failed.Load() > 0 || late.Load() > 0 {
		t.Errorf("%d failed, %d late", failed.Load(), late.Load())
	}
	depth, _ := q.Depth(t.Context())
	calls := len(azure.Calls())
	azure.ClearFaults()
	took := waitEmpty(t, q, time.Hour)
	allowed := time.Duration(depth.Items) * time.Second / perSecond
	t.Logf("%d queued, drained in %s; the hub's throttle allows it in %s; %d calls", depth.Items, took, allowed,
		len(azure.Calls())-calls)
	if took > allowed*12/10 {
		t.Errorf("drained in %s, want at most 1.2 x %s", took, allowed)
	}
	inOrder(t, azure, counts)
}

// One message that the hub refuses for good costs no others, and is kept with the reason.
func TestDrillPoison(t *testing.T) {
	t.Parallel()
	synctest.Test(t, drillPoison)
}

func drillPoison(t *testing.T) {
	const messages = 10_000
	q := fileQueue(t)
	azure := newAzure(t, emulator.Config{AssignAtOnce: true, EventLimit: 2 * messages})
	s, log, stop := durableInstance(t, azure, q, "DURABLE=always")
	defer func() {
		stop()
		_ = q.Close()
	}()
	bad := rand.New(rand.NewPCG(*drillSeed, 0)).IntN(messages)
	for n := range messages {
		id := fmt.Sprintf("m-%d", n)
		if n == bad {
			id = "m-poison"
		}
		if status, answer := sendOne(t, s, fmt.Sprintf("dev-%d", n%100), id, fmt.Sprintf(`{"n":%d}`, n)); status !=
			http.StatusAccepted {
			t.Fatal(status, answer)
		}
	}
	waitEmpty(t, q, time.Hour)
	dead, err := q.DeadLetters().List(t.Context(), 10)
	if err != nil || len(dead) != 1 {
		t.Fatalf("%d dead letters, %v", len(dead), err)
	}
	if !strings.Contains(string(dead[0].Reason), `"code":"hub-refused"`) {
		t.Errorf("the reason is %s", dead[0].Reason)
	}
	if n := len(azure.Events()); n != messages-1 {
		t.Errorf("%d events, want %d", n, messages-1)
	}
	if log.count(`"msg":"dead letter"`) != 1 {
		t.Error("the log does not tell of it")
	}
}

// Two workers on one queue deliver each message, and hardly any twice.
func TestDrillTwoWorkers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const messages, devices = 10_000, 200
		azure := newAzure(t, emulator.Config{AssignAtOnce: true, EventLimit: 2 * messages})
		q := queuetest.NewMemory()
		a, _, stopA := durableInstance(t, azure, q, "DURABLE=always")
		b, _, stopB := durableInstance(t, azure, q, "DURABLE=always")
		defer stopB()
		stopped := false
		counts := map[string]int{}
		for n := range messages {
			if n == messages/2 { // one goes, gracefully
				stopA()
				stopped = true
			}
			s := a
			if n%2 == 0 || stopped {
				s = b
			}
			device := fmt.Sprintf("dev-%d", n%devices)
			status, answer := sendOne(t, s, device, fmt.Sprintf("m-%d", n), fmt.Sprintf(`{"n":%d}`, counts[device]))
			if status != http.StatusAccepted {
				t.Fatal(status, answer)
			}
			counts[device]++
		}
		waitEmpty(t, q, time.Hour)
		seen := map[string]bool{}
		for _, e := range azure.Events() {
			seen[e.MessageID] = true
		}
		if extra := len(azure.Events()) - messages; len(seen) != messages || extra >= messages/1000 {
			t.Errorf("%d messages, %d duplicates", len(seen), extra)
		}
	})
}

// In fallback a message does not overtake those of its device that are in the queue, and goes to the hub again once
// these have been delivered.
func TestFallbackKeepsOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		azure := newAzure(t, emulator.Config{AssignAtOnce: true})
		q := queuetest.NewMemory()
		s, _, stop := durableInstance(t, azure, q)
		defer stop()
		send := func(n, want int) {
			t.Helper()
			status, answer := sendOne(t, s, "dev-1", fmt.Sprintf("m-%d", n), fmt.Sprintf(`{"n":%d}`, n))
			if status != want {
				t.Errorf("%d: %d %s, want %d", n, status, answer, want)
			}
		}
		send(0, http.StatusOK)
		setFaults(t, azure, `[{"endpoint":"events","status":503}]`)
		send(1, http.StatusAccepted)
		send(2, http.StatusAccepted)
		azure.ClearFaults()
		send(3, http.StatusAccepted) // behind the others
		waitEmpty(t, q, time.Minute)
		time.Sleep(time.Second)
		send(4, http.StatusOK)
		inOrder(t, azure, map[string]int{"dev-1": 5})
	})
}

// A queue that fails while the hub is up costs nothing in fallback.
func TestQueueIsDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		azure := newAzure(t, emulator.Config{AssignAtOnce: true})
		q := &deafQueue{}
		q.Memory = *queuetest.NewMemory()
		q.Fail = func() error { return &queue.Error{Kind: queue.Denied, Queue: "test"} }
		s, log, stop := durableInstance(t, azure, q)
		defer stop()
		if status, answer := sendOne(t, s, "dev-1", "m-1", `{"n":0}`); status != http.StatusOK {
			t.Error(status, answer)
		}
		r := httptest.NewRecorder()
		s.ServeHTTP(r, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
		if r.Code != http.StatusOK || !strings.Contains(r.Body.String(), "queue: unavailable\n") ||
			strings.Contains(r.Body.String(), "account-7") {
			t.Error(r.Code, r.Body)
		}
		time.Sleep(time.Minute)
		if n := log.count("nothing can be received"); n < 1 || n > 10 {
			t.Errorf("%d lines tell of it", n)
		}
	})
}

// deafQueue cannot be reached.
type deafQueue struct{ queuetest.Memory }

var errDeaf = &queue.Error{Kind: queue.Unavailable, Queue: "test", Err: errors.New("role of account-7")}

func (*deafQueue) Receive(context.Context, int) ([]*queue.Leased, error) { return nil, errDeaf }
func (*deafQueue) Depth(context.Context) (queue.Depth, error)            { return queue.Depth{}, errDeaf }

// sentID gives the message id of a send; httpsend writes the header's name in lower case.
func sentID(r *http.Request) string {
	for name, values := range r.Header {
		if strings.EqualFold(name, "iothub-messageid") {
			return values[0]
		}
	}
	return ""
}
