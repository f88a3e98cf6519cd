package delivery_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/function/internal/delivery"
	"mayfly/function/internal/delivery/credentials"
	"mayfly/httpsend"
	"mayfly/internal/secret"
	"mayfly/transform/message"
)

const groupKey = "bWF5Zmx5LWVtdWxhdG9yLWRldmVsb3BtZW50LWdyb3VwLWtleQ=="

// slowHub takes a second for each event, and counts how many it has at one time.
type slowHub struct {
	mu        sync.Mutex
	now, most int
	panics    string // at events of this device
}

func (h *slowHub) RoundTrip(r *http.Request) (*http.Response, error) {
	if h.panics != "" && strings.Contains(r.URL.Path, h.panics) {
		panic("a bug")
	}
	h.mu.Lock()
	h.now++
	h.most = max(h.most, h.now)
	h.mu.Unlock()
	time.Sleep(time.Second)
	h.mu.Lock()
	h.now--
	h.mu.Unlock()
	return &http.Response{
		StatusCode: http.StatusNoContent, Body: io.NopCloser(bytes.NewReader(nil)), Header: http.Header{},
	}, nil
}

func deliverer(t *testing.T, hub http.RoundTripper) *delivery.Deliverer {
	t.Helper()
	return delivererAt(t, hub, "h.azure-devices.net")
}

func delivererAt(t *testing.T, hub http.RoundTripper, hint string) *delivery.Deliverer {
	t.Helper()
	ref, err := secret.Parse(groupKey)
	if err != nil {
		t.Fatal(err)
	}
	return delivery.New(&delivery.Options{
		Fleets: map[string]delivery.Fleet{"": {
			IDScope: "0ne1", HubHint: hint,
			Credentials: credentials.Options{GroupKeys: []secret.Reference{ref}},
		}},
		DedupWindow: time.Minute, DPS: hub, Hub: hub, Now: time.Now,
		Secrets: &secret.Loader{Now: time.Now}, Log: slog.New(slog.DiscardHandler),
	})
}

// The devices of a request are served side by side, sixteen at one time.
func TestDevicesAtOneTime(t *testing.T) {
	t.Parallel()
	for devices, want := range map[int]struct {
		most int
		took time.Duration
	}{1: {1, time.Second}, 16: {16, time.Second}, 17: {16, 2 * time.Second}, 40: {16, 3 * time.Second}} {
		t.Run(fmt.Sprint(devices), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hub := &slowHub{}
				var messages []message.Message
				for i := range devices {
					messages = append(messages, message.Message{
						DeviceID: fmt.Sprint("d", i), Body: []byte("{}"), MessageID: "m",
					})
				}
				start := time.Now()
				out := deliverer(t, hub).Deliver(t.Context(), &delivery.Request{
					Messages: messages, Arrived: start, AnswerBy: start.Add(time.Minute),
				})
				if hub.most != want.most || time.Since(start) != want.took || out.Devices != devices {
					t.Errorf("%d at one time, %s, %d devices", hub.most, time.Since(start), out.Devices)
				}
				for i, err := range out.Results {
					if err != nil {
						t.Errorf("%d: %v", i, err)
					}
				}
			})
		})
	}
}

// A bug while one device is served leaves the others alone, and its message can be
// sent again.
func TestBugOfOneDevice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := &slowHub{panics: "/bad/"}
		d := deliverer(t, hub)
		rq := func() *delivery.Request {
			return &delivery.Request{
				Arrived:  time.Now(),
				AnswerBy: time.Now().Add(time.Minute),
				Messages: []message.Message{
					{
						DeviceID:  "good",
						Body:      []byte("{}"),
						MessageID: "m",
					}, {DeviceID: "bad", Body: []byte("{}"), MessageID: "m"},
				},
			}
		}
		if out := d.Deliver(t.Context(), rq()); out.Results[0] != nil || out.Results[1] == nil {
			t.Errorf("%v", out.Results)
		}
		hub.panics = ""
		if out := d.Deliver(t.Context(), rq()); out.Results[0] != nil || out.Results[1] != nil || out.Repeated != 1 {
			t.Errorf("%v, %d repeated", out.Results, out.Repeated)
		}
	})
}

// A message is refused before anything is sent where a hub would not take it.
func TestCheckSizes(t *testing.T) {
	t.Parallel()
	empty := message.Message{DeviceID: "d", MessageID: "m"}
	e := httpsend.Event{MessageID: "m"}
	room := httpsend.MaxMessage - e.Size()
	for n, want := range map[int]bool{room: true, room + 1: false} {
		m := empty
		m.Body = bytes.Repeat([]byte("1"), n)
		if err := delivery.CheckSizes([]message.Message{empty, m}); (err == nil) != want {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// Ids that a resend has again come of what the sender says; without any of that each
// message has a new one.
func TestIdentify(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 14, 10, 0, 0, 0, time.UTC)
	base := message.Message{DeviceID: "d", Body: []byte("{}"), Time: at}
	ids := func(key string, messages ...message.Message) string {
		delivery.Identify(messages, key)
		var out []string
		for i := range messages {
			out = append(out, messages[i].MessageID)
		}
		return strings.Join(out, " ")
	}
	with := func(change func(*message.Message)) message.Message {
		m := base
		change(&m)
		return m
	}
	if first, again := ids("", base), ids("", base); first != again {
		t.Errorf("the same message has the ids %s and %s", first, again)
	}
	if got := ids("k", with(func(m *message.Message) { m.Time = time.Time{} })); got != "k" {
		t.Errorf("the key of one message: %s", got)
	}
	if got := ids("k", with(func(m *message.Message) { m.MessageID = "own" })); got != "own" {
		t.Errorf("the sender's own id: %s", got)
	}
	for name, change := range map[string]func(*message.Message){
		"device":     func(m *message.Message) { m.DeviceID = "e" },
		"time":       func(m *message.Message) { m.Time = at.Add(1) },
		"body":       func(m *message.Message) { m.Body = []byte("[]") },
		"component":  func(m *message.Message) { m.Component = "c" },
		"properties": func(m *message.Message) { m.Properties = map[string]string{"a": "b"} },
	} {
		if ids("", base) == ids("", with(change)) {
			t.Errorf("another %s, and the same id", name)
		}
	}
	pair := strings.Fields(ids("", base, base))
	if again := strings.Fields(ids("", base, base)); pair[0] == pair[1] || again[0] != pair[0] || again[1] != pair[1] {
		t.Errorf("two equal messages of one request: %v, again: %v", pair, again)
	}
	untimed := with(func(m *message.Message) { m.Time = time.Time{} })
	first, second := ids("", untimed, untimed), ids("", untimed, untimed)
	if f := strings.Fields(first); f[0] == f[1] || first == second || !strings.HasPrefix(f[0], "once-") {
		t.Errorf("without time and id: %s, then %s", first, second)
	}
}

// wanderer is DPS and the hubs of a device that moves: each step says where a look-up
// finds it, where a registration puts it, and which hub has it.
type wanderer struct {
	lookedUp, registered, at string
	calls                    []string
}

func (w *wanderer) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := func(status int, body string) (*http.Response, error) {
		return &http.Response{
			StatusCode: status,
			Body:       io.NopCloser(strings.NewReader(body)),
			Header:     http.Header{},
		}, nil
	}
	assigned := func(call, hub string) (*http.Response, error) {
		w.calls = append(w.calls, call)
		state := fmt.Sprintf(`{"registrationId":"d","assignedHub":%q,"deviceId":"d","status":"assigned"}`, hub)
		if call == "lookup" {
			return answer(http.StatusOK, state)
		}
		return answer(http.StatusOK, `{"operationId":"o","status":"assigned","registrationState":`+state+`}`)
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/register"):
		return assigned("register", w.registered)
	case strings.Contains(r.URL.Path, "/registrations/"):
		return assigned("lookup", w.lookedUp)
	}
	hub := strings.TrimSuffix(r.URL.Host, ".azure-devices.net")
	w.calls = append(w.calls, hub)
	if r.URL.Host == w.at {
		return answer(http.StatusNoContent, "")
	}
	return answer(http.StatusNotFound, `{"Message":"ErrorCode:DeviceNotFound"}`)
}

// A device is followed over the hub that is remembered and the one that a look-up
// names to the one that a registration gives, and no further.
func TestDeviceThatMoves(t *testing.T) {
	t.Parallel()
	const h1, h2, h3 = "h1.azure-devices.net", "h2.azure-devices.net", "h3.azure-devices.net"
	for name, tt := range map[string]struct {
		lookedUp, registered, at string // after the device was known at h1
		want                     string
		stored                   bool
	}{
		"it stays":                  {h1, h1, h1, "h1", true},
		"a look-up finds it":        {h2, h2, h2, "h1 lookup h2", true},
		"a look-up is stale":        {h1, h2, h2, "h1 lookup register h2", true},
		"a look-up finds it wrong":  {h2, h3, h3, "h1 lookup h2 lookup register h3", true},
		"it is nowhere":             {h2, h3, "", "h1 lookup h2 lookup register h3" + strings.Repeat(" h3", 4), false},
		"a registration is no help": {h1, h1, "", "h1 lookup register h1" + strings.Repeat(" h1", 4), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &wanderer{lookedUp: h1, registered: h1, at: h1}
				d := delivererAt(t, w, "")
				send := func(id string) error {
					return d.Deliver(t.Context(), &delivery.Request{
						Arrived: time.Now(), AnswerBy: time.Now().Add(time.Minute),
						Messages: []message.Message{{DeviceID: "d", Body: []byte("{}"), MessageID: id}},
					}).Results[0]
				}
				if err := send("first"); err != nil {
					t.Fatal(err)
				}
				w.calls, w.lookedUp, w.registered, w.at = nil, tt.lookedUp, tt.registered, tt.at
				err := send("second")
				if got := strings.Join(w.calls, " "); got != tt.want || (err == nil) != tt.stored {
					t.Errorf("%s, %v, want %s", got, err, tt.want)
				}
			})
		})
	}
}
