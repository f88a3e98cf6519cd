package delivery_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/function/internal/delivery"
	"mayfly/transform/message"
)

// slowDPS is DPS, which takes three seconds for a registration, and a hub.
type slowDPS struct {
	mu    sync.Mutex
	calls map[string]int
	hangs bool
}

func (s *slowDPS) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := func(call string, status int, body string) (*http.Response, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.calls[call]++
		text := io.NopCloser(strings.NewReader(body))
		return &http.Response{StatusCode: status, Body: text, Header: http.Header{}}, nil
	}
	switch {
	case s.hangs && strings.Contains(r.URL.Path, "/registrations/"):
		<-r.Context().Done()
		return nil, r.Context().Err()
	case strings.HasSuffix(r.URL.Path, "/register"):
		time.Sleep(3 * time.Second)
		return answer("register", 200,
			`{"status":"assigned","registrationState":{"assignedHub":"h1.azure-devices.net"}}`)
	case strings.Contains(r.URL.Path, "/registrations/"):
		return answer("lookup", 404, `{"errorCode":404202}`)
	}
	return answer("send", 204, "")
}

// Hubs are found beside what else is done for the messages: once for each device, and not where there is one to try.
func TestPrepare(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		devices int
		hint    string
		other   time.Duration // what else is done
		took    time.Duration
		want    map[string]int
	}{
		"other work takes longer": {1, "", 4 * time.Second, 4 * time.Second,
			map[string]int{"lookup": 1, "register": 1, "send": 1}},
		"other work is short": {1, "", time.Second, 3 * time.Second,
			map[string]int{"lookup": 1, "register": 1, "send": 1}},
		"no other work": {3, "", 0, 3 * time.Second, map[string]int{"lookup": 3, "register": 3, "send": 3}},
		"a hub to try":  {1, "h1.azure-devices.net", time.Second, time.Second, map[string]int{"send": 1}},
		"many devices": {16, "", 4 * time.Second, 4 * time.Second,
			map[string]int{"lookup": 16, "register": 16, "send": 16}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &slowDPS{calls: map[string]int{}}
				d := delivererAt(t, s, tt.hint)
				var messages []message.Message
				for i := range tt.devices {
					m := message.Message{DeviceID: fmt.Sprint("d", i), Body: []byte("{}"), MessageID: "m"}
					messages = append(messages, m)
				}
				start := time.Now()
				pointers := make([]*message.Message, len(messages))
				for i := range messages {
					pointers[i] = &messages[i]
				}
				p := d.Prepare(t.Context(), pointers, start.Add(time.Minute))
				defer p.End()
				time.Sleep(tt.other)
				p.Over()
				out := d.Deliver(t.Context(), &delivery.Request{
					Messages: messages, Arrived: start, AnswerBy: start.Add(time.Minute),
				})
				if took := time.Since(start); took.Round(time.Second) != tt.took ||
					slices.ContainsFunc(out.Results, func(err error) bool { return err != nil }) {
					t.Errorf("%v after %s, want %s", out.Results, took, tt.took)
				}
				if fmt.Sprint(s.calls) != fmt.Sprint(tt.want) {
					t.Errorf("%v, want %v", s.calls, tt.want)
				}
			})
		})
	}
}

// What was prepared for nothing is given up at once.
func TestPrepareEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := delivererAt(t, &slowDPS{hangs: true}, "")
		start := time.Now()
		p := d.Prepare(t.Context(), []*message.Message{{DeviceID: "a"}, {DeviceID: "b"}}, start.Add(time.Minute))
		synctest.Wait()
		p.End()
		if took := time.Since(start); took != 0 {
			t.Errorf("took %s", took)
		}
	})
}
