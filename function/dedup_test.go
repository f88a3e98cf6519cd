package function_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/emulator"
	"mayfly/function"
)

// later is a request that is made some time after the start.
type later struct {
	after  time.Duration
	target string
	body   string
	key    string // Idempotency-Key
	want   string // status and code
}

// sendLater makes the requests, each at its time, and checks the answers.
func sendLater(t *testing.T, s *function.Service, requests []later) {
	t.Helper()
	var wg sync.WaitGroup
	for _, one := range requests {
		wg.Go(func() {
			time.Sleep(one.after)
			r := request(t, http.MethodPost, one.target, one.body)
			if one.key != "" {
				r.Header.Set("Idempotency-Key", one.key)
			}
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if got := statusAndCode(w); got != one.want {
				t.Errorf("after %s: %s, want %s", one.after, got, one.want)
			}
		})
	}
	wg.Wait()
}

// A resend that arrives while the first request is in flight waits for its result:
// DPS takes 6 s here, and what is sent meanwhile again is stored once.
func TestResendInFlight(t *testing.T) {
	t.Parallel()
	const (
		device = "/api/devices/dev-1/telemetry"
		timed  = `{"device":{"deviceId":"dev-1"},"measurements":{"n":1},"timestamp":"2026-03-14T10:00:00Z"}`
		pair   = `[{"device":{"deviceId":"dev-1"},"measurements":{"n":1},"messageId":"a"},{"device":{` +
			`"deviceId":"dev-1"},"measurements":{"n":2},"messageId":"b"}]`
		turned = `[{"device":{"deviceId":"dev-1"},"measurements":{"n":2},"messageId":"b"},{"device":{` +
			`"deviceId":"dev-1"},"measurements":{"n":1},"messageId":"a"}]`
		pending = "Service Unavailable provisioning"
	)
	for name, tt := range map[string]struct {
		env      []string
		requests []later
		events   int
	}{
		"the same Idempotency-Key": {nil, []later{
			{0, device, `{"n":1}`, "k-1", ok}, {5 * time.Second, device, `{"n":1}`, "k-1", ok},
		}, 1},
		"the same message id": {nil, []later{
			{0, device + "?messageId=m", `{"n":1}`, "", ok}, {time.Second, device + "?messageId=m", `{"n":1}`, "", ok},
		}, 1},
		"the same time and content": {nil, []later{
			{0, "/api/telemetry", timed, "", ok}, {5 * time.Second, "/api/telemetry", timed, "", ok},
		}, 1},
		"many at once": {nil, slices.Repeat([]later{{0, device, `{"n":1}`, "k-1", ok}}, 8), 1},
		"batches in another order": {nil, []later{
			{0, "/api/telemetry", pair, "", ok}, {0, "/api/telemetry", turned, "", ok},
		}, 2},
		"a batch that holds what is on its way": {nil, []later{
			{0, device + "?messageId=b", `{"n":2}`, "", ok}, {time.Second, "/api/telemetry", pair, "", ok},
		}, 2},
		"another key": {nil, []later{{0, device, `{"n":1}`, "k-1", ok},
			{0, device, `{"n":1}`, "k-2", ok}}, 2},
		"nothing tells them apart": {nil, []later{{0, device, `{"n":1}`, "", ok}, {0, device, `{"n":1}`, "", ok}}, 2},
		"without deduplication": {[]string{"DEDUP_WINDOW=0"}, []later{
			{0, device, `{"n":1}`, "k-1", ok}, {5 * time.Second, device, `{"n":1}`, "k-1", ok},
		}, 2},
		"the first one's time is over, the second has some left": {[]string{"REQUEST_TIMEOUT=5s"}, []later{
			{0, device, `{"n":1}`, "k-1", pending}, {4 * time.Second, device, `{"n":1}`, "k-1", ok},
		}, 1},
		"both are out of time": {[]string{"REQUEST_TIMEOUT=2s"}, []later{
			{0, device, `{"n":1}`, "k-1", pending}, {time.Second, device, `{"n":1}`, "k-1", pending},
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				azure := newAzure(t, emulator.Config{AssigningPolls: 2, RetryAfter: 3 * time.Second})
				sendLater(t, instance(t, azure, tt.env...), tt.requests)
				if n := len(azure.Events()); n != tt.events {
					t.Errorf("%d events, want %d", n, tt.events)
				}
			})
		})
	}
}

// What is stored already costs nothing of a device's rate.
func TestResendTakesNoRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		azure := newAzure(t, emulator.Config{AssignAtOnce: true})
		s := instance(t, azure, "DEVICE_RATE=2/h")
		const device = "/api/devices/dev-1/telemetry?messageId="
		const slowDown = "Too Many Requests slow-down"
		for i, r := range []later{
			{0, device + "a", `{"n":1}`, "", ok},
			{0, device + "a", `{"n":1}`, "", ok},
			{0, device + "a", `{"n":1}`, "", ok},
			{0, device + "b", `{"n":2}`, "", ok},
			{0, device + "c", `{"n":3}`, "", slowDown},
			{0, device + "a", `{"n":1}`, "", ok},
			{0, "/api/telemetry", `[{"device":{"deviceId":"dev-1"},"measurements":{"n":1},"messageId":"a"},` +
				`{"device":{"deviceId":"dev-1"},"measurements":{"n":2},"messageId":"b"}]`, "", ok},
		} {
			t.Log(i)
			sendLater(t, s, []later{r})
		}
		if n := len(azure.Events()); n != 2 {
			t.Errorf("%d events, want 2", n)
		}
	})
}

// Each message of a batch counts against the rate.
func TestRateOfABatch(t *testing.T) {
	t.Parallel()
	azure := newAzure(t, emulator.Config{AssignAtOnce: true})
	s := instance(t, azure, "DEVICE_RATE=3/h")
	const pair = `[{"device":{"deviceId":"dev-1"},"measurements":{"n":1}},{"device":{"deviceId":"dev-1"},` +
		`"measurements":{"n":2}}]`
	for _, want := range []string{ok, "Too Many Requests slow-down"} {
		sendLater(t, s, []later{{0, "/api/telemetry", pair, "", want}})
	}
	if n := len(azure.Events()); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}

// Of a batch that is partly stored only the rest counts against the rate.
func TestRateOfABatchPartlyStored(t *testing.T) {
	t.Parallel()
	azure := newAzure(t, emulator.Config{AssignAtOnce: true})
	s := instance(t, azure, "DEVICE_RATE=2/h")
	message := func(id string) string {
		return `{"device":{"deviceId":"dev-1"},"measurements":{"n":1},"messageId":"` + id + `"}`
	}
	for _, ids := range [][]string{{"a"}, {"a", "b"}} {
		var messages []string
		for _, id := range ids {
			messages = append(messages, message(id))
		}
		sendLater(t, s, []later{{0, "/api/telemetry", "[" + strings.Join(messages, ",") + "]", "", ok}})
	}
	if n := len(azure.Events()); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}
