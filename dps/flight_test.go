package dps_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/dps"
	"mayfly/internal/backoff"
)

// One leads, another one with more time follows: it takes over where only the
// leader's time ended, and shares the end otherwise.
func TestFollower(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		dps     scriptedDPS
		leader  time.Duration // its time
		kind    error         // of the follower's result; nil: assigned
		history string
	}{
		{
			"the leader's time ends in a call",
			scriptedDPS{lookups: []string{"", assigned}, delay: 100 * time.Millisecond}, time.Second,
			nil, "L0 L1000",
		},
		{
			"the leader's time ends while DPS is assigning",
			scriptedDPS{registers: []string{assigning}, polls: []string{assigned}, delay: 100 * time.Millisecond},
			time.Second,
			nil, "L0 R100 P3200",
		},
		{
			"the leader has no time for DPS to be left alone",
			scriptedDPS{lookups: []string{throttled, assigned}, delay: 100 * time.Millisecond}, time.Second,
			nil, "L0 L1600",
		},
		{
			"the leader succeeds",
			scriptedDPS{lookups: []string{assigned}, delay: 100 * time.Millisecond}, time.Second,
			nil, "L0",
		},
		{
			"the leader is refused",
			scriptedDPS{registers: []string{blocked}, delay: 100 * time.Millisecond}, time.Second,
			dps.Refused, "L0 R100",
		},
		{
			"the leader has tried often enough",
			scriptedDPS{registers: []string{`500 {}`}, delay: 100 * time.Millisecond}, time.Minute,
			dps.Unavailable, "L0 R100 R400 R900 R1800 R3500 R6800 R11900 R17000",
		},
	}
	for i := range tests {
		tt := &tests[i]
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, device := scripted(t, &tt.dps, dps.Options{})
				p.SetJitter(backoff.Ceiling)
				ctx, cancel := context.WithTimeout(t.Context(), tt.leader)
				defer cancel()
				go func() { _, _ = p.Assign(ctx, device) }()
				time.Sleep(50 * time.Millisecond)
				if _, err := assignFor(t, p, device, time.Minute); !errors.Is(err, tt.kind) {
					t.Errorf("got %v, want %v", err, tt.kind)
				}
				if got := tt.dps.history(); got != tt.history {
					t.Errorf("calls %s\nwant  %s", got, tt.history)
				}
			})
		})
	}
}

// A follower whose time ends first is told when to come again.
func TestFollowerOutOfTime(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		steps scriptedDPS
		after time.Duration // the follower's time
		want  time.Duration
	}{
		{"the poll is far", scriptedDPS{registers: []string{retryAfter(assigning, "9")}}, 2 * time.Second,
			7 * time.Second},
		{"the poll is near", scriptedDPS{registers: []string{retryAfter(assigning, "9")}}, 8500 * time.Millisecond,
			time.Second},
		{"there is no operation yet", scriptedDPS{registers: []string{""}}, time.Second, 2 * time.Second},
	}
	for i := range tests {
		tt := &tests[i]
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, device := scripted(t, &tt.steps, dps.Options{})
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				go func() { _, _ = p.Assign(ctx, device) }()
				synctest.Wait()
				_, err := assignFor(t, p, device, tt.after)
				var failed *dps.Error
				if !errors.As(err, &failed) || failed.Kind != dps.Pending || failed.RetryAfter != tt.want {
					t.Errorf("got %v, want Pending and %v", err, tt.want)
				}
				cancel()
			})
		})
	}
}
