package httpsend_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"mayfly/httpsend"
)

// tokenHub records the token of each call.
type tokenHub struct {
	client *httpsend.Client
	clock  time.Time
	token  url.Values
}

func newTokenHub() *tokenHub {
	h := &tokenHub{clock: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		h.token, _ = url.ParseQuery(strings.TrimPrefix(r.Header.Get("Authorization"), "SharedAccessSignature "))
		return answers(204, "")(r)
	})
	h.client = &httpsend.Client{Now: func() time.Time { return h.clock }, Transport: transport}
	return h
}

// left sends and returns how long the token that was used is still valid.
func (h *tokenHub) left(t *testing.T, target httpsend.Target) time.Duration {
	t.Helper()
	if err := h.client.Send(t.Context(), target, httpsend.Event{}); err != nil {
		t.Fatal(err)
	}
	expiry, err := strconv.ParseInt(h.token.Get("se"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Unix(expiry, 0).Sub(h.clock)
}

// A token is good for an hour, and used again while it has more than a quarter of
// one.
func TestTokens(t *testing.T) {
	t.Parallel()
	first := testTarget(t)
	tests := []struct {
		name   string
		after  time.Duration
		second httpsend.Target
		left   time.Duration
	}{
		{"at once", 0, first, time.Hour},
		{"shortly before it is old", 45*time.Minute - time.Second, first, 15*time.Minute + time.Second},
		{"old", 45 * time.Minute, first, time.Hour},
		{"the clock is set back", -time.Second, first, time.Hour},
		{"another hub", time.Minute, httpsend.Target{Hub: "h2", DeviceID: "d", Key: first.Key}, time.Hour},
		{"another device", time.Minute, httpsend.Target{Hub: "h", DeviceID: "d2", Key: first.Key}, time.Hour},
		{"another key", time.Minute, httpsend.Target{Hub: "h", DeviceID: "d", Key: first.Key.Derive("d")}, time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			hub := newTokenHub()
			if left := hub.left(t, first); left != time.Hour {
				t.Errorf("the first token is valid for %v", left)
			}
			hub.clock = hub.clock.Add(tt.after)
			if left := hub.left(t, tt.second); left != tt.left {
				t.Errorf("the second token is valid for %v, want %v", left, tt.left)
			}
			if want := tt.second.Hub + "/devices/" + tt.second.DeviceID; hub.token.Get("sr") != want {
				t.Errorf("it is for %s, want %s", hub.token.Get("sr"), want)
			}
		})
	}
}

func TestTokensAreBounded(t *testing.T) {
	t.Parallel()
	for others, left := range map[int]time.Duration{8191: time.Hour - time.Second, 8192: time.Hour} {
		hub := newTokenHub()
		target := testTarget(t)
		hub.left(t, target)
		for i := range others {
			hub.left(t, httpsend.Target{Hub: "h", DeviceID: strconv.Itoa(i), Key: target.Key})
		}
		hub.clock = hub.clock.Add(time.Second)
		if got := hub.left(t, target); got != left {
			t.Errorf("after %d other devices the token is valid for %v, want %v", others, got, left)
		}
	}
}
