package dps

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what a failure means for the caller.
type Kind int

// The kinds of failure.
const (
	// Unavailable: DPS could not be reached, or answered 5xx. Try again.
	Unavailable Kind = iota + 1
	// Throttled: HTTP 429. Try again after RetryAfter.
	Throttled
	// Unauthorized: HTTP 401. The key, the certificate, the ID scope or the
	// clock is wrong.
	Unauthorized
	// NotEnrolled: HTTP 404. DPS has no enrollment or no registration for the
	// device.
	NotEnrolled
	// UnknownScope: HTTP 404 that speaks of the DPS instance itself.
	UnknownScope
	// Refused: the registration ended as "failed": the device is blocked, waits
	// for approval, or the custom allocation said no.
	Refused
	// Disabled: the enrollment is disabled.
	Disabled
	// Invalid: DPS does not accept the request (400, 403, 405, 415 and the like).
	Invalid
	// Malformed: the answer is not what DPS documents.
	Malformed
)

var kindNames = map[Kind]string{
	Unavailable: "unavailable", Throttled: "throttled", Unauthorized: "unauthorized", NotEnrolled: "not enrolled",
	UnknownScope: "unknown ID scope", Refused: "refused", Disabled: "disabled", Invalid: "invalid request", Malformed: "malformed answer",
}

// String names the kind.
func (k Kind) String() string { return kindNames[k] }

// Error is a call to DPS that failed. Its text names no credential.
type Error struct {
	Op         string // "look-up", "register" or "operation"
	Device     string // registration id
	Kind       Kind
	Status     int           // HTTP status; 0 when there was no answer, 200 when DPS tells of a refusal
	Code       int           // DPS errorCode, 0 when it gave none
	Message    string        // DPS's own words, shortened
	TrackingID string        // for Microsoft's support
	RetryAfter time.Duration // what DPS asked for, 0 when it did not
	Err        error         // the cause, for calls that got no answer
}

// Error tells what failed, in one line.
func (e *Error) Error() string {
	text := fmt.Sprintf("dps %s of %s: %s", e.Op, e.Device, e.Kind)
	if e.Status != 0 {
		text += fmt.Sprintf(" (HTTP %d", e.Status)
		if e.Code != 0 {
			text += fmt.Sprintf(", error %d", e.Code)
		}
		text += ")"
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Retryable says whether the same call may succeed later without anybody
// changing anything.
func (e *Error) Retryable() bool { return e.Kind == Unavailable || e.Kind == Throttled }

// PendingError says that DPS was still assigning the device when the context
// left no time for one more poll. The next Assign of the device resumes it.
type PendingError struct {
	Device     string
	RetryAfter time.Duration // until DPS may be asked again
}

// Error tells what is under way.
func (e *PendingError) Error() string {
	return fmt.Sprintf("dps: %s is still being assigned, ask again in %s", e.Device, e.RetryAfter.Round(time.Second))
}

// ErrNotAssigned is the answer of Client.Lookup for a device that has no
// assignment at present.
var ErrNotAssigned = errors.New("dps: the device is not assigned")
