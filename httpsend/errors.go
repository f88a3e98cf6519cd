package httpsend

import (
	"net/http"
	"strings"
	"time"

	"mayfly/internal/backoff"
	"mayfly/internal/upstream"
)

// Kind says what a failure means for the caller. It is an error itself, so that
// errors.Is(err, httpsend.Throttled) works.
type Kind int

// The kinds of failure.
const (
	// Unavailable: no answer, 5xx, or an answer that is not a hub's. Try again.
	Unavailable Kind = iota + 1
	// Throttled: HTTP 429. Try again after RetryAfter.
	Throttled
	// Down: nothing was sent, because the hub has been unavailable for a while.
	// Try again after RetryAfter.
	Down
	// NotHere: 401 or 404: the hub does not know the device or its credential, or
	// there is no such hub. Usually the device has moved: ask DPS where it is now.
	NotHere
	// Blocked: an operator has blocked the device. Asking DPS does not help.
	Blocked
	// QuotaExceeded: the hub's daily quota is used up, until the next UTC day.
	QuotaExceeded
	// TooLarge: an event or a batch is over the hub's limit; HTTP 413.
	TooLarge
	// Invalid: the target or an event cannot be sent as it is, and nothing was
	// sent; or the hub does not accept the request (400, 403 and the like).
	Invalid
	// LockLost: HTTP 412: the lock of a received message does not hold any more, so
	// the message is delivered again, or has ended otherwise.
	LockLost
)

var kindNames = map[Kind]string{
	Unavailable: "unavailable", Throttled: "throttled", Down: "down",
	NotHere: "device not at this hub", Blocked: "device blocked",
	QuotaExceeded: "daily quota exceeded", TooLarge: "message too large", Invalid: "invalid request",
	LockLost: "lock lost",
}

// Error names the kind.
func (k Kind) Error() string { return kindNames[k] }

// Error says that the hub did not store the events, or did not do what else it was asked
// for, as far as is known. Its text contains no credential.
type Error struct {
	Hub, Device string
	Kind        Kind
	Status      int    // HTTP status; 0 when there was no answer
	Code        int    // the hub's six-digit code, 0 when it gave none
	Name        string // the hub's name of the error, for example DeviceNotFound
	Message     string // the hub's own text, shortened
	TrackingID  string // for Microsoft's support
	RetryAfter  time.Duration
	Tries       int   // calls made
	Stored      int   // how many events of the same Send, the first ones, are stored
	Err         error // the cause, for calls that got no answer

	fixedText bool // RetryAfter is from the text of the message
}

// Error describes the failure in one line.
func (e *Error) Error() string {
	subject := "hub " + e.Hub + ", device " + e.Device
	return upstream.Describe(subject, e.Kind.Error(), e.Status, e.Code, e.Err, e.Name, e.Message)
}

// Is reports whether target is the error's kind, for errors.Is.
func (e *Error) Is(target error) bool { return target == error(e.Kind) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Retryable reports whether the same event may be stored later without anybody
// changing anything.
func (e *Error) Retryable() bool {
	switch e.Kind {
	case Unavailable, Throttled, Down, QuotaExceeded:
		return true
	case NotHere, Blocked, TooLarge, Invalid, LockLost:
	}
	return false
}

// failure reads an answer that is not 204.
func (e *Error) failure(res *http.Response, body []byte, now time.Time) *Error {
	e.Status = res.StatusCode
	e.RetryAfter = backoff.RetryAfter(res.Header, now)
	d := upstream.ReadDetail(body)
	e.Code, e.Name, e.Message, e.TrackingID = d.Code, d.Name, d.Message, d.TrackingID
	if name := res.Header.Get("iothub-errorcode"); name != "" {
		e.Name = upstream.Text(name)
	}
	if e.TrackingID == "" {
		e.TrackingID = upstream.Text(res.Header.Get("X-Ms-Request-Id"))
	}
	if e.RetryAfter == 0 && (e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable) {
		e.RetryAfter, e.fixedText = backoff.RetryAfterText(e.Message), true
	}
	switch s := e.Status; {
	case s == http.StatusTooManyRequests:
		e.Kind = Throttled
	case s == http.StatusUnauthorized && e.mentions("DEVICE_BLOCKED", "DeviceBlocked"):
		// IoT Central says so of a device that an operator has blocked;
		// DEVICE_DISABLED means moved (azure-docs, iot-central/core/troubleshoot-connection.md).
		e.Kind = Blocked
	case s == http.StatusUnauthorized, s == http.StatusNotFound:
		e.Kind = NotHere
	case s == http.StatusForbidden && (e.Code == 403002 || e.mentions("QuotaExceeded")):
		e.Kind = QuotaExceeded
	case s == http.StatusForbidden && (e.Code == 403012 || e.mentions("DeviceDisabled", "DEVICE_DISABLED")):
		e.Kind = NotHere
	case s == http.StatusRequestEntityTooLarge:
		e.Kind = TooLarge
	case s == http.StatusPreconditionFailed:
		e.Kind = LockLost
	case s >= 500, s == http.StatusRequestTimeout, s < 400:
		// Below 400 the answer is not a hub's, but a portal's or a proxy's.
		e.Kind = Unavailable
	default:
		e.Kind = Invalid
	}
	return e
}

func (e *Error) mentions(words ...string) bool {
	for _, word := range words {
		if strings.Contains(e.Name, word) || strings.Contains(e.Message, word) {
			return true
		}
	}
	return false
}
