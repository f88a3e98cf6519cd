package dps

import (
	"strings"
	"time"

	"mayfly/internal/upstream"
)

// Kind says what a failure means for the caller. It is an error itself, so that
// errors.Is(err, dps.Throttled) works.
type Kind int

// The kinds of failure.
const (
	// Unavailable: DPS could not be reached, or answered 5xx. Try again.
	Unavailable Kind = iota + 1
	// Throttled: HTTP 429. Try again after RetryAfter.
	Throttled
	// Pending: DPS was still assigning the device when the context left no time
	// for one more poll. The next Assign of the device goes on from there.
	Pending
	// NotAssigned: DPS has no assignment for the device at present. Only look-ups
	// fail so: Assign registers the device then.
	NotAssigned
	// Unauthorized: HTTP 401. The key, the certificate, the ID scope or the
	// clock is wrong.
	Unauthorized
	// NotEnrolled: HTTP 404. DPS has no enrollment or no registration for the
	// device.
	NotEnrolled
	// UnknownScope: HTTP 404 that speaks of the DPS instance itself.
	UnknownScope
	// Refused: the registration ended as "failed", and the device's owner has to
	// act: the device is blocked, waits for approval, or the custom allocation
	// refused it.
	Refused
	// Misconfigured: the registration ended as "failed", and the operator of DPS
	// has to act: the custom allocation, the link to a hub, a quota. See
	// Error.Repair.
	Misconfigured
	// Failed: the registration ended as "failed" for a reason that passes: a
	// throttle, an outage of the hub or of the custom allocation. Try again: the
	// device is registered anew.
	Failed
	// Disabled: the enrollment is disabled.
	Disabled
	// Invalid: the request cannot be sent as it is, or DPS does not accept it
	// (400, 403, 405, 415 and the like).
	Invalid
	// Malformed: the answer is not what DPS documents.
	Malformed
)

var kindNames = map[Kind]string{
	Unavailable: "unavailable", Throttled: "throttled", Pending: "still being assigned", NotAssigned: "not assigned",
	Unauthorized: "unauthorized", NotEnrolled: "not enrolled", UnknownScope: "unknown ID scope", Refused: "refused",
	Misconfigured: "DPS needs repair", Failed: "failed for now",
	Disabled: "disabled", Invalid: "invalid request", Malformed: "malformed answer",
}

// Error names the kind.
func (k Kind) Error() string { return kindNames[k] }

// Error is a call to DPS that failed. Its text contains no credential.
type Error struct {
	Op         string // "look-up", "register" or "operation"
	Device     string // registration id
	Kind       Kind
	Status     int           // HTTP status; 0 when there was no answer, 200 when DPS reports a refusal
	Code       int           // DPS errorCode, 0 when it gave none
	Message    string        // DPS's own text, shortened
	TrackingID string        // for Microsoft's support
	RetryAfter time.Duration // when to ask again, 0 when nobody knows
	Repair     string        // what the operator of DPS has to repair, for Misconfigured
	Err        error         // the cause, for calls that got no answer
}

// Error describes the failure in one line.
func (e *Error) Error() string {
	return upstream.Describe("dps "+e.Op+" of "+e.Device, e.Kind.Error(), e.Status, e.Code, e.Err, e.Message)
}

// Is reports whether target is the error's kind, for errors.Is.
func (e *Error) Is(target error) bool { return target == error(e.Kind) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Retryable reports whether the same call may succeed later without anybody
// changing anything.
func (e *Error) Retryable() bool {
	switch e.Kind {
	case Unavailable, Throttled, Pending, Failed:
		return true
	case NotAssigned, Unauthorized, NotEnrolled, UnknownScope, Refused, Misconfigured, Disabled, Invalid, Malformed:
	}
	return false
}

// curable reports whether a second registration may heal the failure of the
// first: one that passes; IoT Central creates the device while it is asked for it
// ("Custom allocation failed with status code: 404", MicrosoftDocs/azure-docs
// issue 48511); DPS does not know the operation any more.
func (e *Error) curable() bool {
	return e.Kind == Failed || e.Kind == NotEnrolled && e.Op == opPoll ||
		e.Kind == Misconfigured && e.Code == customAllocationFailed && strings.Contains(e.Message, "404")
}
