package dps

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unique"

	"mayfly/internal/backoff"
	"mayfly/internal/upstream"
)

// answer is any body that DPS sends: a RegistrationOperationStatus (register,
// operation), a bare DeviceRegistrationResult (look-up) or an error
// (azure-rest-api-specs, deviceprovisioningservices/data-plane, models.tsp).
type answer struct {
	OperationID string `json:"operationId"`
	state
	State *state `json:"registrationState"`

	TrackingID string `json:"trackingId"`
}

type state struct {
	Status       string `json:"status"`
	AssignedHub  string `json:"assignedHub"`
	DeviceID     string `json:"deviceId"`
	ErrorCode    code   `json:"errorCode"`
	Code         code   `json:"code"` // where there is no errorCode
	ErrorMessage string `json:"errorMessage"`
	Message      string `json:"message"`
}

// code is an error code that may be written as a number or in a string.
type code int

// UnmarshalJSON never fails: an unreadable code must not hide the error itself.
func (c *code) UnmarshalJSON(text []byte) error {
	n, err := strconv.Atoi(strings.Trim(string(text), `"`))
	if err == nil {
		*c = code(n)
	}
	return nil
}

// final is the state that says how a registration ended.
func (a *answer) final() *state {
	if a.State != nil {
		return a.State
	}
	return &a.state
}

// status is in lower case: Microsoft's Node SDK compares without regard to it.
func (a *answer) status() string {
	if a.Status != "" {
		return strings.ToLower(a.Status)
	}
	return strings.ToLower(a.final().Status)
}

// refusal fills in the error of a registration that ended without a hub. DPS
// reports it with HTTP 200.
func (a *answer) refusal(e *Error) *Error {
	end := a.final()
	text := cmp.Or(end.ErrorMessage, end.Message, a.Message)
	e.Code, e.Message = int(cmp.Or(end.ErrorCode, end.Code, a.ErrorCode, a.Code)), upstream.Text(text)
	e.TrackingID = upstream.Text(a.TrackingID)
	switch a.status() {
	case "disabled":
		e.Kind = Disabled
	case "failed":
		e.Kind, e.Repair = judge(e.Code, text)
		if e.Kind == Failed {
			e.RetryAfter = backoff.RetryAfterText(text)
		}
	default:
		e.Kind = Malformed
		e.Message = upstream.Text("status " + strconv.Quote(a.status()))
	}
	return e
}

// assignment reads the hub that DPS names. What is not a host name is refused:
// the next call carries the device's token there.
func (a *answer) assignment(id string) (*Assignment, bool) {
	end := a.final()
	if !upstream.ValidHost(end.AssignedHub) {
		return nil, false
	}
	device := end.DeviceID
	if device == "" {
		device = id
	}
	return &Assignment{Hub: unique.Make(end.AssignedHub).Value(), DeviceID: strings.Clone(device)}, true
}

// failure fills in the error of an answer that is neither 200 nor 202.
func failure(e *Error, res *http.Response, body []byte, now time.Time) *Error {
	d := upstream.ReadDetail(body)
	e.Status, e.Code, e.Message, e.TrackingID = res.StatusCode, d.Code, d.Message, d.TrackingID
	if e.Code == 0 { // the header of newer versions (azure-rest-api-specs, routes.tsp)
		e.Code, _ = strconv.Atoi(res.Header.Get("X-Ms-Error-Code"))
	}
	if e.TrackingID == "" {
		e.TrackingID = upstream.Text(res.Header.Get("X-Ms-Request-Id"))
	}
	var own struct {
		Message string `json:"message"`
	}
	_ = json.Unmarshal(body, &own) // a body that is not JSON has no message of its own
	_, fromHub := upstream.ReadForeign(own.Message)
	if e.RetryAfter = backoff.RetryAfter(res.Header, now); e.RetryAfter == 0 && res.StatusCode >= 429 {
		e.RetryAfter = backoff.RetryAfterText(e.Message)
	}
	switch s := res.StatusCode; {
	case s == http.StatusTooManyRequests:
		e.Kind = Throttled
	case s >= 500, s < 400,
		s == http.StatusRequestTimeout, s == http.StatusConflict, s == http.StatusPreconditionFailed:
		// Below 400 the answer is not DPS's, but a portal's or a proxy's. 409203 and
		// 412: somebody else is registering the same device just now.
		e.Kind = Unavailable
	case fromHub, s == http.StatusForbidden, ofRegistration(e.Code):
		e.Kind, e.Repair = judge(cmp.Or(e.Code, s), cmp.Or(own.Message, e.Message))
	case s == http.StatusUnauthorized:
		e.Kind = Unauthorized
	case s == http.StatusNotFound && aboutInstance(e.Message):
		e.Kind = UnknownScope
	case s == http.StatusNotFound:
		e.Kind = NotEnrolled
	default:
		e.Kind = Invalid
	}
	return e
}

// ofRegistration reports whether a code is one of those that a registration ends
// with.
func ofRegistration(code int) bool {
	return code == customAllocationFailed || code == blockedOrUnapproved
}

// aboutInstance tells a 404 for the whole DPS instance from one for a device;
// both have the same status (azure-docs, iot-dps/how-to-troubleshoot-dps.md).
func aboutInstance(message string) bool {
	text := strings.ToLower(message)
	return strings.Contains(text, "scope") || strings.Contains(text, "provisioning service") ||
		strings.Contains(text, "dps instance")
}
