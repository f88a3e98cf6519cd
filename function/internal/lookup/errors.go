package lookup

import (
	"errors"
	"fmt"
	"time"

	"mayfly/internal/upstream"
)

// Kind says how a look-up has failed. It can be compared by [errors.Is] with an [Error].
type Kind int

// The kinds of failures.
const (
	// Expression: the look-up's jq fails for this message, or makes a URL that may not be called.
	Expression Kind = iota + 1
	// Late: there is no answer within the time that there is.
	Late
	// Unreachable: there is no connection, or it ended early.
	Unreachable
	// Unavailable: the service answers 5xx or 429.
	Unavailable
	// Down: the service has failed several times in a row, or asked for a pause; it was not called.
	Down
	// Busy: as many calls are under way, or as many are allowed in a time, as may be.
	Busy
	// NotFound: the service answers 404 or 410.
	NotFound
	// Refused: the service answers another status that is not a success.
	Refused
	// Redirected: the service redirects to another host, or too often.
	Redirected
	// Unusable: the answer is not JSON, too large or too deep, or select fails on it.
	Unusable
	// NotAllowed: the address may not be called.
	NotAllowed
	// NoKey: a secret of a header cannot be read.
	NoKey
)

// kinds has the name of each kind for metrics, and its text for people.
var kinds = [...]struct{ name, text string }{
	Expression:  {"expression", "cannot be asked for this message"},
	Late:        {"late", "did not answer in time"},
	Unreachable: {"unreachable", "cannot be reached"},
	Unavailable: {"unavailable", "is not available"},
	Down:        {"down", "has failed before and was not asked"},
	Busy:        {"busy", "cannot be asked more often at present"},
	NotFound:    {"not-found", "does not know what was asked for"},
	Refused:     {"refused", "refuses the request"},
	Redirected:  {"redirected", "redirects to where a look-up may not go"},
	Unusable:    {"unusable", "gives an answer that cannot be used"},
	NotAllowed:  {"not-allowed", "is at an address that is not public"},
	NoKey:       {"no-key", "cannot be asked without its key"},
}

func (k Kind) Error() string { return kinds[k].text }

// Name is the kind in one word.
func (k Kind) Name() string { return kinds[k].name }

// Retryable tells whether the same may succeed later without a change by anybody.
func (k Kind) Retryable() bool {
	switch k {
	case Late, Unreachable, Unavailable, Down, Busy, NoKey:
		return true
	case Expression, NotFound, Refused, Redirected, Unusable, NotAllowed:
	}
	return false
}

// Error is a look-up that failed.
type Error struct {
	Name       string // of the look-up
	Kind       Kind
	Status     int           // of the answer; 0 without one
	Detail     string        // more, fit for a sender; may be empty
	RetryAfter time.Duration // as the service asks, or until it is asked again
	Err        error         // the cause, which may show values and URLs; of NoKey it is a secret.Error
}

// Error tells what failed, without any value of the message or the answer.
func (e *Error) Error() string { return "look-up " + e.Name + ": " + e.Reason() }

// Reason tells the same without the name.
func (e *Error) Reason() string {
	text := e.Kind.Error()
	if e.Status != 0 {
		text += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	if detail := e.detail(); detail != "" {
		text += ": " + detail
	}
	return text
}

// detail tells more, where more is known.
func (e *Error) detail() string {
	if e.Detail == "" && e.Kind == Unreachable {
		return upstream.Cause(e.Err)
	}
	return e.Detail
}

// Unwrap gives the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// KindOf gives the kind of a failure; 0 for an error of another package.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return 0
}
