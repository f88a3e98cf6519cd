package dps_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/dps"
	"mayfly/internal/backoff"
)

// A failure that a second registration heals is healed once, whether one request
// sees the whole of it or several see parts.
func TestHealing(t *testing.T) {
	t.Parallel()
	const patient, hasty = time.Minute, 2 * time.Second
	tests := []struct {
		name    string
		budget  time.Duration // of each request
		dps     scriptedDPS
		kind    error // in the end; nil: assigned
		history string
	}{
		{
			"in one request", patient,
			scriptedDPS{registers: []string{assigning}, polls: []string{allocation, assigned}},
			nil, "L0 R0 P3000 R3000 P6000",
		},
		{
			"over several requests", hasty,
			scriptedDPS{registers: []string{assigning}, polls: []string{allocation, assigned}},
			nil, "L0 R0 P3000 R3000 P6000",
		},
		{
			"twice in one request", patient,
			scriptedDPS{registers: []string{assigning}, polls: []string{allocation}},
			dps.Misconfigured, "L0 R0 P3000 R3000 P6000",
		},
		{
			"twice over several requests", hasty,
			scriptedDPS{registers: []string{assigning}, polls: []string{allocation}},
			dps.Misconfigured, "L0 R0 P3000 R3000 P6000",
		},
		{
			"an operation that DPS does not know any more", hasty,
			scriptedDPS{registers: []string{assigning}, polls: []string{unknown, assigned}},
			nil, "L0 R0 P3000 R3000 P6000",
		},
		{
			"at once, without an operation", patient,
			scriptedDPS{registers: []string{allocation, assigned}},
			nil, "L0 R0 R0",
		},
		{
			"at once, twice", patient,
			scriptedDPS{registers: []string{allocation}},
			dps.Misconfigured, "L0 R0 R0",
		},
		{
			"one that passes, after a pause of 1 s", patient,
			scriptedDPS{registers: []string{assigning}, polls: []string{outage, assigned}},
			nil, "L0 R0 P3000 R5000 P8000",
		},
		{
			"one that passes, and no time for the pause", 4500 * time.Millisecond,
			scriptedDPS{registers: []string{assigning}, polls: []string{outage}},
			dps.Failed, "L0 R0 P3000",
		},
		{
			"one that does not pass so soon", patient,
			scriptedDPS{registers: []string{assigning}, polls: []string{outage}},
			dps.Failed, "L0 R0 P3000 R5000 P8000",
		},
		{
			"one that passes, at once", patient,
			scriptedDPS{registers: []string{outage, assigned}},
			nil, "L0 R0 R2000",
		},
		{
			"another failure of the allocation", hasty,
			scriptedDPS{registers: []string{assigning}, polls: []string{
				`200 {"status":"failed","registrationState":{"errorCode":400207,"errorMessage":"status code: 400"}}`,
			}},
			dps.Refused, "L0 R0 P3000",
		},
		{
			"404 in another failure", hasty,
			scriptedDPS{registers: []string{assigning}, polls: []string{
				`200 {"status":"failed","registrationState":{"errorCode":400209,"errorMessage":"status code: 404"}}`,
			}},
			dps.Refused, "L0 R0 P3000",
		},
		{
			"the code of the allocation without a failure", hasty,
			scriptedDPS{registers: []string{assigning}, polls: []string{
				`200 {"status":"disabled","registrationState":{"errorCode":400207,"errorMessage":"404"}}`,
			}},
			dps.Disabled, "L0 R0 P3000",
		},
		{
			"a device that is not enrolled", hasty,
			scriptedDPS{registers: []string{unknown}},
			dps.NotEnrolled, "L0 R0",
		},
		{
			"a device that is blocked", hasty,
			scriptedDPS{registers: []string{assigning}, polls: []string{blocked}},
			dps.Refused, "L0 R0 P3000",
		},
	}
	for i := range tests {
		tt := &tests[i]
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, device := scripted(t, &tt.dps, dps.Options{})
				p.SetJitter(backoff.Ceiling)
				err := error(dps.Pending)
				for n := 0; errors.Is(err, dps.Pending) && n < 20; n++ {
					if _, err = assignFor(t, p, device, tt.budget); errors.Is(err, dps.Pending) {
						time.Sleep(500 * time.Millisecond)
					}
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
