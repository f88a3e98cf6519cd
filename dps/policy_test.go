package dps_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/dps"
	"mayfly/internal/backoff"
)

func repeat(step string, times int) []string { return slices.Repeat([]string{step}, times) }

// retryAfter changes the Retry-After of an answer.
func retryAfter(step, wait string) string { return strings.TrimSuffix(step, " 3") + " " + wait }

// When each call is made, where the jitter takes the longest wait.
func TestCallTimes(t *testing.T) {
	t.Parallel()
	const serverError = `503 {"message":"busy"}`
	wait1, wait50 := retryAfter(assigning, "1"), retryAfter(assigning, "50")
	tests := []struct {
		name    string
		dps     scriptedDPS
		options dps.Options
		budget  time.Duration
		kind    error
		history string
	}{
		{
			"known to DPS",
			scriptedDPS{lookups: []string{assigned}}, dps.Options{}, time.Minute,
			nil, "L0",
		},
		{
			"look-ups without an answer: three, then the registration",
			scriptedDPS{lookups: repeat("", 9), registers: []string{assigned}}, dps.Options{}, 5 * time.Minute,
			nil, "L0 L2700 L8100 R18100",
		},
		{
			"registrations without an answer: eight",
			scriptedDPS{registers: repeat("", 9)}, dps.Options{}, 5 * time.Minute,
			dps.Unavailable, "L0 R0 R2700 R8100 R18900 R30500 R43700 R58700 R73700",
		},
		{
			"polls without an answer: eight",
			scriptedDPS{registers: []string{wait1}, polls: repeat("", 9)}, dps.Options{}, 5 * time.Minute,
			dps.Unavailable, "L0 R0 P1000 P3700 P9100 P19900 P31500 P44700 P59700 P74700",
		},
		{
			"another first time-out",
			scriptedDPS{registers: repeat("", 9)}, dps.Options{AttemptTimeout: time.Second}, 10 * time.Second,
			dps.Unavailable, "L0 R0 R1200 R3600 R8400",
		},
		{
			"errors of the server: eight",
			scriptedDPS{registers: repeat(serverError, 9)}, dps.Options{}, 5 * time.Minute,
			dps.Unavailable, "L0 R0 R200 R600 R1400 R3000 R6200 R11200 R16200",
		},
		{
			"the server names a time",
			scriptedDPS{registers: []string{serverError + " 7", serverError + " 1", assigned}},
			dps.Options{}, time.Minute,
			nil, "L0 R0 R7000 R8000",
		},
		{
			"no time for another try",
			scriptedDPS{registers: repeat(serverError, 9)}, dps.Options{}, 600 * time.Millisecond,
			dps.Unavailable, "L0 R0 R200",
		},
		{
			"throttled: no limit but the time",
			scriptedDPS{registers: append(repeat(throttled, 9), assigned)}, dps.Options{}, 5 * time.Minute,
			nil, "L0 R0 R1500 R3500 R6500 R11500 R20500 R37500 R67500 R97500 R127500",
		},
		{
			"throttled, and no time for another try",
			scriptedDPS{registers: repeat(throttled, 9)}, dps.Options{}, 3 * time.Second,
			dps.Throttled, "L0 R0 R1500",
		},
		{
			"throttled look-ups are not followed by a registration",
			scriptedDPS{lookups: repeat(throttled, 9)}, dps.Options{}, time.Second,
			dps.Throttled, "L0",
		},
		{
			"a look-up that is refused may be a device that DPS never saw",
			scriptedDPS{lookups: []string{unauthorized}, registers: []string{assigned}}, dps.Options{}, time.Minute,
			nil, "L0 R0",
		},
		{
			"polls as DPS asks",
			scriptedDPS{registers: []string{assigning}, polls: []string{retryAfter(assigning, "7"), assigned}},
			dps.Options{}, time.Minute,
			nil, "L0 R0 P3000 P10000",
		},
		{
			"polls where DPS does not ask",
			scriptedDPS{registers: []string{retryAfter(assigning, "")}, polls: []string{assigned}},
			dps.Options{}, time.Minute,
			nil, "L0 R0 P2000",
		},
		{
			"no polls closer than a second",
			scriptedDPS{registers: []string{retryAfter(assigning, "0.2")}, polls: []string{assigned}},
			dps.Options{}, time.Minute,
			nil, "L0 R0 P1000",
		},
		{
			"without a deadline five minutes",
			scriptedDPS{registers: []string{wait50}, polls: []string{wait50}}, dps.Options{}, 0,
			dps.Pending, "L0 R0 P50000 P100000 P150000 P200000 P250000",
		},
	}
	for i := range tests {
		tt := &tests[i]
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, device := scripted(t, &tt.dps, tt.options)
				p.SetJitter(backoff.Ceiling)
				var err error
				if tt.budget == 0 {
					_, err = p.Assign(t.Context(), device)
				} else {
					_, err = assignFor(t, p, device, tt.budget)
				}
				if !errors.Is(err, tt.kind) {
					t.Errorf("got %v, want %v", err, tt.kind)
				}
				if got := tt.dps.history(); got != tt.history {
					t.Errorf("calls %s\nwant  %s", got, tt.history)
				}
			})
		})
	}
}

// A sender waits for a while; DPS says when to poll. One more poll just in time is
// worth it, within DPS's limit of five in ten seconds.
func TestPatience(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		wait     string // the Retry-After of DPS
		polls    int    // that still say assigning
		patience time.Duration
		took     time.Duration
	}{
		{"one more poll fits in", "3", 1, 5 * time.Second, 4200 * time.Millisecond},
		{"a long Retry-After", "30", 0, 5 * time.Second, 4200 * time.Millisecond},
		{"in time anyway", "2", 1, 5 * time.Second, 4 * time.Second},
		{"just in time anyway", "2.1", 1, 5 * time.Second, 4200 * time.Millisecond},
		{"too late anyway", "3", 2, 5 * time.Second, 7200 * time.Millisecond},
		{"too close to the last poll", "2", 2, 5 * time.Second, 6 * time.Second},
		{"a second after the last poll", "3", 1, 4800 * time.Millisecond, 4 * time.Second},
		{"less than a second after it", "3", 1, 4799 * time.Millisecond, 6 * time.Second},
		{"nobody waits", "3", 1, 0, 6 * time.Second},
		{"nobody waits any more", "3", 1, -time.Second, 6 * time.Second},
		{"a patient sender", "3", 2, 10 * time.Second, 9 * time.Second},
		{"just enough for a poll at once", "3", 0, 801 * time.Millisecond, time.Millisecond},
		{"not enough for a poll at once", "3", 0, 800 * time.Millisecond, 3 * time.Second},
		{"a fifth poll in ten seconds", "2", 4, 10500 * time.Millisecond, 9700 * time.Millisecond},
		{"not a sixth", "2", 5, 12500 * time.Millisecond, 12 * time.Second},
		{"the first was ten seconds ago", "2.2", 5, 13 * time.Second, 12200 * time.Millisecond},
		{"the first was less than ten seconds ago", "2.2", 5, 12999 * time.Millisecond, 13200 * time.Millisecond},
		{"a sender with all the time of the world", "3", 1, 280 * 365 * 24 * time.Hour, 6 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				step := retryAfter(assigning, tt.wait)
				s := &scriptedDPS{registers: []string{step}, polls: append(repeat(step, tt.polls), assigned)}
				p, device := scripted(t, s, dps.Options{})
				start := time.Now()
				var answerBy time.Time
				if tt.patience != 0 {
					answerBy = start.Add(tt.patience)
				}
				if _, err := p.AssignBy(t.Context(), device, answerBy); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

// What a provisioner remembers, and for how long.
func TestMemory(t *testing.T) {
	t.Parallel()
	refused := func() *scriptedDPS { return &scriptedDPS{registers: []string{blocked}} }
	tests := []struct {
		name    string
		dps     *scriptedDPS
		options dps.Options
		after   time.Duration
		calls   string // of the second Assign
	}{
		{"an assignment", &scriptedDPS{lookups: []string{assigned}}, dps.Options{}, 1000 * time.Hour, ""},
		{"a refusal", refused(), dps.Options{}, 30*time.Second - 1, ""},
		{"an old refusal", refused(), dps.Options{}, 30*time.Second + 1, "LR"},
		{"a refusal for as long as one likes", refused(), dps.Options{RefusalTTL: time.Minute}, time.Minute - 1, ""},
		{"and no longer", refused(), dps.Options{RefusalTTL: time.Minute}, time.Minute + 1, "LR"},
		{"no failure that passes", &scriptedDPS{registers: []string{throttled}}, dps.Options{}, 30 * time.Second, "LR"},
		{"a registration under way", &scriptedDPS{registers: []string{assigning}, polls: []string{assigned}},
			dps.Options{},
			10*time.Minute - 1, "P"},
		{"an old registration", &scriptedDPS{registers: []string{assigning}, polls: []string{assigned}}, dps.Options{},
			10*time.Minute + 1, "LR"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, device := scripted(t, tt.dps, tt.options)
				_, _ = assignFor(t, p, device, time.Second)
				first := len(tt.dps.calls)
				time.Sleep(tt.after)
				_, _ = assignFor(t, p, device, time.Second)
				var calls strings.Builder
				for _, c := range tt.dps.calls[first:] {
					calls.WriteByte(c.kind)
				}
				if calls.String() != tt.calls {
					t.Errorf("calls %q, want %q", calls.String(), tt.calls)
				}
			})
		})
	}
}

// Who has no time to wait for DPS to be left alone is told how long that is, and
// makes no call.
func TestNoTurn(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		after time.Duration
		want  time.Duration
	}{
		{"at once", 0, 1500 * time.Millisecond},
		{"shortly before it is over", 1400 * time.Millisecond, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &scriptedDPS{lookups: []string{throttled}}
				p, device := scripted(t, s, dps.Options{})
				p.SetJitter(backoff.Ceiling)
				if _, err := assignFor(t, p, device, time.Second); !errors.Is(err, dps.Throttled) {
					t.Fatal(err)
				}
				time.Sleep(tt.after)
				device.ID = "dev-2"
				_, err := assignFor(t, p, device, 50*time.Millisecond)
				failed, _ := errors.AsType[*dps.Error](err)
				if failed == nil || failed.Kind != dps.Throttled || failed.RetryAfter != tt.want ||
					failed.Device != "dev-2" {
					t.Errorf("got %+v, want Throttled and %v", failed, tt.want)
				}
				if s.history() != "L0" {
					t.Errorf("calls %s", s.history())
				}
			})
		})
	}
}
