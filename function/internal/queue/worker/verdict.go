package worker

import (
	"context"
	"errors"
	"net/http"
	"time"

	"mayfly/dps"
	"mayfly/function/internal/failure"
	"mayfly/function/internal/problem"
	"mayfly/httpsend"
	"mayfly/internal/secret"
	"mayfly/transform/message"
)

// verdict is what follows from a failure.
type verdict struct {
	problem *failure.Problem
	refused bool   // for good
	scope   string // what cannot take anything now: a gate; empty where only this device waits
	reason  string
	after   time.Duration // 0: nobody says

	certain   bool // the whole scope fails, though others were delivered a moment ago
	throttled bool // it works, but takes less
}

const (
	// What an operator has to mend, such as a wrong key, is tried again for so long.
	maxMending   = 24 * time.Hour
	mendingDelay = time.Minute
)

// judge tells what follows from the failure of a message that was accepted so long ago.
func judge(ctx context.Context, err error, m *message.Message, age time.Duration, now time.Time) *verdict {
	v := &verdict{problem: failure.Of(ctx, err, now)}
	v.after, v.reason = v.problem.RetryAfter, string(v.problem.Code)
	if fromHub, ok := errors.AsType[*httpsend.Error](err); ok {
		v.hub(fromHub)
	}
	if fromDPS, ok := errors.AsType[*dps.Error](err); ok {
		v.dps(fromDPS, m.Fleet)
	}
	if key, ok := errors.AsType[*secret.Error](err); ok && key.Temporary {
		v.scope = "key " + m.Fleet
	}
	switch {
	case v.problem.Code == problem.Internal:
		v.refused = !errors.Is(err, context.Canceled)
	case v.problem.Retryable:
	case mendable(v.problem.Code) && age < maxMending:
		v.after = mendingDelay
	default:
		v.refused = true
	}
	return v
}

// mendable tells of failures that are the operator's to mend and not the message's fault.
func mendable(code problem.Code) bool {
	return code == problem.BridgeMisconfigured || code == problem.DPSMisconfigured
}

func (v *verdict) hub(e *httpsend.Error) {
	switch e.Kind {
	case httpsend.Down, httpsend.QuotaExceeded:
		v.scope, v.certain = hubScope(e.Hub), true
	case httpsend.Unavailable:
		v.scope, v.after = hubScope(e.Hub), e.RetryAfter
	case httpsend.Throttled:
		v.scope, v.after, v.certain, v.throttled = hubScope(e.Hub), e.RetryAfter, true, true
	case httpsend.NotHere:
		if e.Status == 0 { // the hub's name does not exist
			v.scope, v.after = hubScope(e.Hub), 0
		}
	case httpsend.Blocked, httpsend.TooLarge, httpsend.Invalid, httpsend.LockLost:
	}
}

func (v *verdict) dps(e *dps.Error, fleet string) {
	switch e.Kind {
	case dps.Unavailable:
		v.scope, v.after = dpsScope(fleet), e.RetryAfter
	case dps.Throttled:
		v.scope, v.certain = dpsScope(fleet), true
	default: // of this device
	}
}

func hubScope(hub string) string   { return "hub " + hub }
func dpsScope(fleet string) string { return "dps " + fleet }

// unreadable makes the problem of an entry that cannot be read.
func unreadable(err error) *failure.Problem {
	return &failure.Problem{
		Type: "urn:mayfly:error:queue-entry", Title: "an entry of the queue cannot be read",
		Status: http.StatusUnprocessableEntity, Code: "queue-entry", Detail: err.Error(),
	}
}
