package failure

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"mayfly/dps"
	"mayfly/httpsend"
	"mayfly/internal/upstream"
)

// Upstream is what the service behind us said.
type Upstream struct {
	Service    string `json:"service"` // "dps" or "hub"
	Status     int    `json:"status,omitempty"`
	ErrorCode  string `json:"errorCode,omitempty"`
	Message    string `json:"message,omitempty"`
	TrackingID string `json:"trackingId,omitempty"`
}

// OfDPS is what DPS said.
func OfDPS(e *dps.Error) *Upstream {
	return &Upstream{
		Service: "dps", Status: e.Status, ErrorCode: number(e.Code), Message: e.Message, TrackingID: e.TrackingID,
	}
}

// OfHub is what a hub said.
func OfHub(e *httpsend.Error) *Upstream {
	return &Upstream{
		Service: "hub", Status: e.Status, ErrorCode: cmp.Or(e.Name, number(e.Code)), Message: e.Message,
		TrackingID: e.TrackingID,
	}
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// Refusal says why DPS refuses a device.
func Refusal(e *dps.Error) string {
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

// CutShort reports whether a call has failed because our own time was over, and
// not by a fault of the service that a cause tells of.
func CutShort(ctx context.Context, cause error) bool {
	return ctx.Err() != nil && (cause == nil || upstream.TimedOut(cause))
}

// Because adds why a call got no answer.
func Because(detail string, err error) string {
	if cause := upstream.Cause(err); cause != "" {
		return detail + ": " + cause
	}
	return detail
}
