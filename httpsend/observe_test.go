package httpsend_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/httpsend"
)

// observed records the calls that a client makes.
type observed struct {
	mu    sync.Mutex
	calls []string
}

func (o *observed) observe(
	_ context.Context, c httpsend.Call, header http.Header,
) func(*http.Response, *httpsend.Error) {
	header["Traceparent"] = []string{fmt.Sprint(c.Try)}
	return func(res *http.Response, err *httpsend.Error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		status, tracking := 0, ""
		if res != nil {
			status = res.StatusCode
		}
		if err != nil {
			tracking = " " + err.TrackingID
		}
		o.calls = append(o.calls, fmt.Sprintf("%s %s %d: %d%s", c.Hub, c.DeviceID, c.Try, status, tracking))
	}
}

func TestObserve(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		hub  func(n int) (time.Duration, int, []string)
		want []string
		sent []string // the header that the observer has added
	}{
		"stored":       {script(204), []string{"h d 1: 204"}, []string{"1"}},
		"tried again":  {script(500, 204), []string{"h d 1: 500 ", "h d 2: 204"}, []string{"1", "2"}},
		"side by side": {script(time.Minute, 204), []string{"h d 1: 0 ", "h d 2: 204"}, []string{"1", "2"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var o observed
				var sent []string
				hub := newSlowHub(tt.hub)
				client := &httpsend.Client{Observe: o.observe}
				client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
					o.mu.Lock()
					sent = append(sent, r.Header["Traceparent"]...)
					o.mu.Unlock()
					return hub.RoundTrip(r)
				})
				if err := send(t, client, time.Minute); err != nil {
					t.Fatal(err)
				}
				slices.Sort(o.calls)
				if diff := cmp.Diff(tt.want, o.calls); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(tt.sent, sent); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// An observer need not care about the end of a call.
func TestObserveBegin(t *testing.T) {
	t.Parallel()
	begun := 0
	client := &httpsend.Client{Transport: answers(204, ""),
		Observe: func(context.Context, httpsend.Call, http.Header) func(*http.Response, *httpsend.Error) {
			begun++
			return nil
		}}
	if err := client.Send(t.Context(), testTarget(t), httpsend.Event{}); err != nil || begun != 1 {
		t.Errorf("%v, %d calls observed", err, begun)
	}
}
