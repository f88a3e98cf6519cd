package dps_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"mayfly/dps"
)

// The answers of a scripted DPS.
const (
	assigning    = `202 {"operationId":"op","status":"assigning"} 3`
	assigned     = `200 {"status":"assigned","registrationState":{"assignedHub":"h.azure-devices.net"}}`
	allocation   = `200 {"status":"failed","registrationState":` + noDeviceYet + `}`
	noDeviceYet  = `{"errorCode":400207,"errorMessage":"Custom allocation failed with status code: 404"}`
	outage       = `200 {"status":"failed","registrationState":{"errorCode":503001}}`
	blocked      = `200 {"status":"failed","registrationState":{"errorCode":400209,"errorMessage":"blocked"}}`
	unknown      = `404 {"errorCode":404202,"message":"Registration not found."}`
	unauthorized = `401 {"errorCode":401002,"message":"Unauthorized"}`
	throttled    = `429 {"errorCode":429001,"message":"Operations are being throttled for this tenant."}`
)

// scriptedDPS answers the calls of each kind in order, the last answer again and
// again: "STATUS BODY" and, after the body, a Retry-After; nothing is no answer.
type scriptedDPS struct {
	lookups, registers, polls []string
	delay                     time.Duration // before each answer

	mu    sync.Mutex
	start time.Time
	calls []scriptedCall
}

// scriptedCall is a call that a scriptedDPS got.
type scriptedCall struct {
	kind byte // 'L' look-up, 'R' register, 'P' poll
	at   time.Duration
	auth string
}

// history writes the calls with their times in milliseconds, as in "L0 R0 P3000".
func (s *scriptedDPS) history() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, c := range s.calls {
		all = append(all, fmt.Sprintf("%c%d", c.kind, c.at.Milliseconds()))
	}
	return strings.Join(all, " ")
}

func (s *scriptedDPS) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	if s.start.IsZero() {
		s.start = time.Now()
	}
	kind, script := byte('L'), s.lookups
	switch {
	case strings.HasSuffix(r.URL.Path, "/register"):
		kind, script = 'R', s.registers
	case strings.Contains(r.URL.Path, "/operations/"):
		kind, script = 'P', s.polls
	}
	n := 0
	for _, c := range s.calls {
		if c.kind == kind {
			n++
		}
	}
	s.calls = append(s.calls, scriptedCall{kind, time.Since(s.start), r.Header.Get("Authorization")})
	s.mu.Unlock()

	if len(script) == 0 {
		script = []string{unknown}
	}
	time.Sleep(s.delay)
	step := script[min(n, len(script)-1)]
	if step == "" { // no answer
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	var status int
	head, rest, _ := strings.Cut(step, " ")
	if _, err := fmt.Sscan(head, &status); err != nil {
		return nil, err
	}
	end := strings.LastIndexByte(rest, '}') + 1
	if after := strings.TrimSpace(rest[end:]); after != "" {
		return answers(status, rest[:end], "Retry-After", after)(r)
	}
	return answers(status, rest[:end])(r)
}

// scripted makes a provisioner that calls s, and its device.
func scripted(t *testing.T, s *scriptedDPS, o dps.Options) (*dps.Provisioner, dps.Device) {
	t.Helper()
	return dps.NewProvisioner(&dps.Client{IDScope: "s", Transport: s}, o), dps.Device{ID: "dev-1", Key: groupKey(t)}
}

// assignFor assigns a device within a budget.
func assignFor(t *testing.T, p *dps.Provisioner, d dps.Device, budget time.Duration) (*dps.Assignment, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), budget)
	defer cancel()
	return p.Assign(ctx, d)
}
