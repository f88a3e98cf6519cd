package failure

import (
	"context"
	"fmt"
	"time"

	"mayfly/dps"
	"mayfly/function/internal/problem"
	"mayfly/httpsend"
)

// dpsProblem tells of a call to DPS that failed.
func dpsProblem(ctx context.Context, e *dps.Error) *Problem {
	var c problem.Code
	detail := ""
	switch e.Kind {
	case dps.Pending:
		p := New(problem.Provisioning, "DPS is still assigning "+e.Device)
		p.RetryAfter = e.RetryAfter
		return p
	case dps.Throttled:
		c, detail = problem.DPSBusy, "DPS throttles; "+e.Device+" has no hub yet"
	case dps.Unauthorized, dps.UnknownScope, dps.Invalid:
		c, detail = problem.BridgeMisconfigured, "DPS does not accept the bridge's credentials: "+e.Kind.Error()
		if e.Kind == dps.Invalid {
			detail = "DPS does not accept the request"
		}
	case dps.NotAssigned, dps.NotEnrolled, dps.Refused, dps.Disabled:
		c, detail = problem.DeviceRefused, "DPS refuses "+e.Device+": "+Refusal(e)
	case dps.Misconfigured:
		c, detail = problem.DPSMisconfigured, "DPS cannot give "+e.Device+" a hub: "+e.Repair
	case dps.Failed:
		c, detail = problem.RegistrationFailed, "DPS could not register "+e.Device+" for a reason that passes"
	case dps.Unavailable, dps.Malformed:
		c, detail = problem.DPSUnreachable, Because("DPS gave no usable answer for "+e.Device, e.Err)
		if CutShort(ctx, e.Err) {
			c = problem.OutOfTime
		}
	}
	p := New(c, detail)
	p.Upstream = OfDPS(e)
	if e.RetryAfter > 0 {
		p.RetryAfter = e.RetryAfter
	}
	return p
}

// hubProblem tells of a send that failed.
func hubProblem(ctx context.Context, e *httpsend.Error, now time.Time) *Problem {
	var c problem.Code
	detail := ""
	if e.Kind == httpsend.Invalid && e.Status == 0 { // nothing was sent
		return New(problem.InvalidMessage, e.Message)
	}
	switch e.Kind {
	case httpsend.Throttled:
		c, detail = problem.HubBusy, "the hub throttles"
	case httpsend.Down:
		c, detail = problem.HubDown, Because("the hub has not answered for a while", e.Err)
	case httpsend.QuotaExceeded:
		c, detail = problem.HubQuota, "the hub's daily quota is used up until the next UTC day"
	case httpsend.Invalid, httpsend.NotHere, httpsend.LockLost:
		c, detail = problem.HubRefused, "the hub does not take events of "+e.Device
	case httpsend.Blocked:
		c, detail = problem.DeviceRefused, "an operator has blocked "+e.Device
	case httpsend.TooLarge:
		c, detail = problem.EventTooLarge, e.Message
	case httpsend.Unavailable:
		detail = Because(fmt.Sprintf("the hub gave no usable answer, tries: %d", e.Tries), e.Err)
		if c = problem.HubUnreachable; CutShort(ctx, e.Err) {
			c = problem.OutOfTime
		}
	}
	if e.Kind == httpsend.NotHere && e.Status == 0 { // the hub's name does not exist
		c, detail = problem.HubUnreachable, Because("the hub cannot be found", e.Err)
	}
	p := New(c, detail)
	if e.Status != 0 || c == problem.HubUnreachable || c == problem.OutOfTime {
		p.Upstream = OfHub(e)
	}
	switch {
	case e.Kind == httpsend.QuotaExceeded:
		utc := now.UTC()
		p.RetryAfter = time.Date(utc.Year(), utc.Month(), utc.Day()+1, 0, 0, 0, 0, time.UTC).Sub(utc)
	case e.RetryAfter > 0:
		p.RetryAfter = e.RetryAfter
	}
	return p
}
