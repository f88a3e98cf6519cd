package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/function/internal/delivery"
	"mayfly/httpsend"
	"mayfly/transform/message"
)

// lateHub is DPS, which registers a device at once, and a hub that refuses the
// device for a while.
type lateHub struct {
	status   int // of the refusals
	refusals int
	begin    time.Time
	calls    []string // R: registration; else the time of a send in milliseconds
}

func (h *lateHub) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := func(status int, body string) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{},
		}, nil
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/register"):
		h.calls = append(h.calls, "R")
		return answer(200, `{"status":"assigned","registrationState":{"assignedHub":"h1.azure-devices.net"}}`)
	case strings.Contains(r.URL.Path, "/registrations/"):
		return answer(404, `{"errorCode":404202}`)
	}
	h.calls = append(h.calls, fmt.Sprint(time.Since(h.begin).Milliseconds()))
	if h.refusals > 0 {
		h.refusals--
		return answer(h.status, `{}`)
	}
	return answer(204, "")
}

// A hub that refuses a device which was registered a moment ago may not have heard
// of it: the batch is sent again for 10 s, and the failure is one that passes.
func TestJustRegistered(t *testing.T) {
	t.Parallel()
	const ever = 1000
	tests := []struct {
		name     string
		hub      lateHub
		patience time.Duration // of the sender
		budget   time.Duration
		calls    string
		err      bool
	}{
		{"it knows the device", lateHub{}, time.Minute, time.Minute, "R 0", false},
		{"401, once", lateHub{status: 401, refusals: 1}, time.Minute, time.Minute, "R 0 500", false},
		{"404, twice", lateHub{status: 404, refusals: 2}, time.Minute, time.Minute, "R 0 500 1500", false},
		{"404, all the time", lateHub{status: 404, refusals: ever}, time.Hour, time.Hour,
			"R 0 500 1500 3500 7500", true},
		{"no more time than for one", lateHub{status: 404, refusals: ever}, time.Minute, 1400 * time.Millisecond,
			"R 0 500", true},
		{"once more before the sender gives up", lateHub{status: 404, refusals: ever}, 3 * time.Second, time.Minute,
			"R 0 500 1500 2700 6700", true},
		{"half a second before", lateHub{status: 404, refusals: ever}, 2300 * time.Millisecond, time.Minute,
			"R 0 500 1500 2000 6000 10000", true},
		{"too late for that", lateHub{status: 404, refusals: ever}, 2299 * time.Millisecond, time.Minute,
			"R 0 500 1500 3500 7500", true},
	}
	for i := range tests {
		tt := &tests[i]
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tt.hub.begin = time.Now()
				d := delivererAt(t, &tt.hub, "")
				ctx, cancel := context.WithTimeout(t.Context(), tt.budget)
				defer cancel()
				err := d.Deliver(ctx, &delivery.Request{
					Arrived: time.Now(), AnswerBy: time.Now().Add(tt.patience),
					Messages: []message.Message{{DeviceID: "d", Body: []byte("{}"), MessageID: "1"}},
				}).Results[0]
				if got := strings.Join(tt.hub.calls, " "); got != tt.calls || (err != nil) != tt.err {
					t.Errorf("calls %s, %v\nwant  %s", got, err, tt.calls)
				}
				if _, early := errors.AsType[*delivery.NotReady](err); tt.err && !early {
					t.Errorf("got %v, want one that passes", err)
				}
			})
		})
	}
}

// How a hub's refusal is taken over the minutes after a registration.
func TestRefusedForMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := &lateHub{status: 401, refusals: 1000, begin: time.Now()}
		d := delivererAt(t, hub, "")
		steps := []struct {
			after time.Duration // since the step before
			sends int
			again bool // registered again
			early bool // a failure that passes
		}{
			{0, 5, true, true},
			{3 * time.Second, 1, false, true},  // 10.5 s: no more waits
			{48 * time.Second, 1, false, true}, // 58.5 s
			{2 * time.Second, 2, true, false},  // 60.5 s: registered once more, and the hub's word stands
			{30 * time.Second, 1, false, false},
			{30 * time.Second, 2, true, false},
		}
		for i, step := range steps {
			time.Sleep(step.after)
			hub.calls = nil
			err := d.Deliver(t.Context(), &delivery.Request{
				Arrived: time.Now(), AnswerBy: time.Now().Add(time.Minute),
				Messages: []message.Message{{DeviceID: "d", Body: []byte("{}"), MessageID: fmt.Sprint(i)}},
			}).Results[0]
			_, early := errors.AsType[*delivery.NotReady](err)
			calls := strings.Join(hub.calls, " ")
			again := strings.Contains(calls, "R")
			sends := len(hub.calls)
			if again {
				sends--
			}
			if sends != step.sends || again != step.again || early != step.early || !errors.Is(err, httpsend.NotHere) {
				t.Errorf("step %d: calls %s, %v", i, calls, err)
			}
		}
	})
}

// A device that the hub has disabled is not one that it has not heard of.
func TestDisabledAtTheHub(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		disabled := roundTrip(func(r *http.Request) (*http.Response, error) {
			if strings.Contains(r.URL.Path, "/registrations/") {
				return (&lateHub{}).RoundTrip(r)
			}
			return &http.Response{
				StatusCode: 403, Body: io.NopCloser(strings.NewReader(`{"errorCode":403012}`)), Header: http.Header{},
			}, nil
		})
		begin := time.Now()
		err := delivererAt(t, disabled, "").Deliver(t.Context(), &delivery.Request{
			Arrived: begin, AnswerBy: begin.Add(time.Minute),
			Messages: []message.Message{{DeviceID: "d", Body: []byte("{}"), MessageID: "1"}},
		}).Results[0]
		if _, early := errors.AsType[*delivery.NotReady](err); early || time.Since(begin) != 0 {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
