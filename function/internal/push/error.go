package push

import (
	"time"

	"mayfly/function/internal/downlink"
)

// Kind says how a push failed.
type Kind string

// The ways to fail.
const (
	Unfit    Kind = "unfit"    // the message cannot be made into what the device takes
	Refused  Kind = "refused"  // the cloud answered 4xx
	Reported Kind = "reported" // the cloud answered 2xx and told of a failure
	Down     Kind = "down"     // no usable answer, or 429 or 5xx, or the target is left alone
	Unknown  Kind = "unknown"  // the source's expressions do not say where the message goes
	NoKey    Kind = "no-key"   // the key cannot be read
)

// Error is a push that failed.
type Error struct {
	Kind   Kind
	Text   string // what happened, without payloads and keys
	Status int    // of the cloud's answer; 0: none
	// RetryAfter is how long the cloud asks to wait; 0 where it does not.
	RetryAfter time.Duration
}

func (e *Error) Error() string { return e.Text }

// Result says what becomes of a message whose push ended with an error, or with nil.
func (e *Error) Result() downlink.Result {
	switch {
	case e == nil:
		return downlink.Result{Outcome: downlink.Delivered}
	case e.Kind == Unfit, e.Kind == Refused:
		return downlink.Result{Outcome: downlink.Reject, Reason: e.Text}
	}
	return downlink.Result{Outcome: downlink.Retry, Reason: e.Text}
}
