package function

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mayfly/dps"
	"mayfly/function/internal/problem"
	"mayfly/httpsend"
	"mayfly/internal/upstream"
)

// dpsProblem tells of a call to DPS that failed.
func dpsProblem(ctx context.Context, e *dps.Error) *Problem {
	var c problem.Code
	detail := ""
	switch e.Kind {
	case dps.Pending:
		p := newProblem(problem.Provisioning, "DPS is still assigning "+e.Device)
		p.retryAfter = e.RetryAfter
		return p
	case dps.Throttled:
		c, detail = problem.DPSBusy, "DPS throttles; "+e.Device+" has no hub yet"
	case dps.Unauthorized, dps.UnknownScope, dps.Invalid:
		c, detail = problem.BridgeMisconfigured, "DPS does not accept the bridge's credentials: "+e.Kind.Error()
		if e.Kind == dps.Invalid {
			detail = "DPS does not accept the request"
		}
	case dps.NotAssigned, dps.NotEnrolled, dps.Refused, dps.Disabled:
		c, detail = problem.DeviceRefused, "DPS refuses "+e.Device+": "+refusedBecause(e)
	case dps.Misconfigured:
		c, detail = problem.DPSMisconfigured, "DPS cannot give "+e.Device+" a hub: "+e.Repair
	case dps.Failed:
		c, detail = problem.RegistrationFailed, "DPS could not register "+e.Device+" for a reason that passes"
	case dps.Unavailable, dps.Malformed:
		c, detail = problem.DPSUnreachable, because("DPS gave no usable answer for "+e.Device, e.Err)
		if cutShort(ctx, e.Err) {
			c = problem.OutOfTime
		}
	}
	p := newProblem(c, detail)
	p.Upstream = &Upstream{
		Service:    "dps",
		Status:     e.Status,
		ErrorCode:  number(e.Code),
		Message:    e.Message,
		TrackingID: e.TrackingID,
	}
	if e.RetryAfter > 0 {
		p.retryAfter = e.RetryAfter
	}
	return p
}

func refusedBecause(e *dps.Error) string {
	switch {
	case e.Kind == dps.Disabled:
		return "its enrollment is disabled"
	case e.Kind == dps.NotEnrolled:
		return "there is no enrollment for it, or ID_SCOPE is wrong"
	case e.Code == 400209:
		// Bridge and IoT Central documents: "unassociated or blocked".
		return "it is blocked, or waits for approval"
	case strings.Contains(e.Message, "401"):
		// The custom allocation of IoT Central, or a function with a key of its own.
		return "the custom allocation answers 401: it waits for approval, or the function's key is wrong"
	default:
		return "the allocation policy refuses it"
	}
}

// hubProblem tells of a send that failed.
func hubProblem(ctx context.Context, e *httpsend.Error, now time.Time) *Problem {
	var c problem.Code
	detail := ""
	if e.Kind == httpsend.Invalid && e.Status == 0 { // nothing was sent
		return newProblem(problem.InvalidMessage, e.Message)
	}
	switch e.Kind {
	case httpsend.Throttled:
		c, detail = problem.HubBusy, "the hub throttles"
	case httpsend.Down:
		c, detail = problem.HubDown, because("the hub has not answered for a while", e.Err)
	case httpsend.QuotaExceeded:
		c, detail = problem.HubQuota, "the hub's daily quota is used up until the next UTC day"
	case httpsend.Invalid, httpsend.NotHere, httpsend.LockLost:
		c, detail = problem.HubRefused, "the hub does not take events of "+e.Device
	case httpsend.Blocked:
		c, detail = problem.DeviceRefused, "an operator has blocked "+e.Device
	case httpsend.TooLarge:
		c, detail = problem.EventTooLarge, e.Message
	case httpsend.Unavailable:
		detail = because(fmt.Sprintf("the hub gave no usable answer, tries: %d", e.Tries), e.Err)
		if c = problem.HubUnreachable; cutShort(ctx, e.Err) {
			c = problem.OutOfTime
		}
	}
	if e.Kind == httpsend.NotHere && e.Status == 0 { // the hub's name does not exist
		c, detail = problem.HubUnreachable, because("the hub cannot be found", e.Err)
	}
	p := newProblem(c, detail)
	if e.Status != 0 || c == problem.HubUnreachable || c == problem.OutOfTime {
		p.Upstream = hubUpstream(e)
	}
	switch {
	case e.Kind == httpsend.QuotaExceeded:
		utc := now.UTC()
		p.retryAfter = time.Date(utc.Year(), utc.Month(), utc.Day()+1, 0, 0, 0, 0, time.UTC).Sub(utc)
	case e.RetryAfter > 0:
		p.retryAfter = e.RetryAfter
	}
	return p
}

// cutShort reports whether a call has failed because our own time was over, and
// not by a fault of the service that a cause tells of.
func cutShort(ctx context.Context, cause error) bool {
	return ctx.Err() != nil && (cause == nil || upstream.TimedOut(cause))
}

// because adds why a call got no answer.
func because(detail string, err error) string {
	if cause := upstream.Cause(err); cause != "" {
		return detail + ": " + cause
	}
	return detail
}

func hubUpstream(e *httpsend.Error) *Upstream {
	return &Upstream{
		Service:    "hub",
		Status:     e.Status,
		ErrorCode:  cmp.Or(e.Name, number(e.Code)),
		Message:    e.Message,
		TrackingID: e.TrackingID,
	}
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
