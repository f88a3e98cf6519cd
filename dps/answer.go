package dps

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unique"

	"mayfly/internal/backoff"
	"mayfly/internal/foreign"
)

// answer is any body that DPS sends: a RegistrationOperationStatus (register,
// operation), a bare DeviceRegistrationResult (look-up) or an error
// (azure-rest-api-specs, deviceprovisioningservices/data-plane, models.tsp).
type answer struct {
	OperationID string `json:"operationId"`
	state
	State *state `json:"registrationState"`

	Message    string `json:"message"`
	TrackingID string `json:"trackingId"`
}

type state struct {
	Status       string `json:"status"`
	AssignedHub  string `json:"assignedHub"`
	DeviceID     string `json:"deviceId"`
	ErrorCode    code   `json:"errorCode"`
	ErrorMessage string `json:"errorMessage"`
}

// code reads an error code that may be a number or its text.
type code int

// UnmarshalJSON never fails: an unreadable code must not hide the error itself.
func (c *code) UnmarshalJSON(text []byte) error {
	n, err := strconv.Atoi(strings.Trim(string(text), `"`))
	if err == nil {
		*c = code(n)
	}
	return nil
}

// final is the state that tells how a registration ended.
func (a *answer) final() *state {
	if a.State != nil {
		return a.State
	}
	return &a.state
}

// status is compared without regard to case, as Microsoft's Node SDK does.
func (a *answer) status() string {
	if a.Status != "" {
		return strings.ToLower(a.Status)
	}
	return strings.ToLower(a.final().Status)
}

// refusal makes the error of a registration that ended without a hub. DPS tells
// it with HTTP 200.
func (a *answer) refusal(e *Error) *Error {
	end := a.final()
	e.Code, e.Message, e.TrackingID = int(end.ErrorCode), foreign.Text(end.ErrorMessage), a.TrackingID
	switch a.status() {
	case "disabled":
		e.Kind = Disabled
	case "failed":
		e.Kind = Refused
	default:
		e.Kind = Malformed
		e.Message = foreign.Text("status " + strconv.Quote(a.status()))
	}
	return e
}

// assignment reads the hub that DPS names. What is no host name is refused: the
// next call carries the device's token there.
func (a *answer) assignment(id string) (*Assignment, bool) {
	end := a.final()
	if !plainHost(end.AssignedHub) {
		return nil, false
	}
	device := end.DeviceID
	if device == "" || device == id {
		device = id
	}
	return &Assignment{Hub: unique.Make(end.AssignedHub).Value(), DeviceID: strings.Clone(device)}, true
}

// plainHost accepts a host name with an optional port, and nothing that could
// change the meaning of a URL.
func plainHost(host string) bool {
	if host == "" || len(host) > 253+6 {
		return false
	}
	for _, c := range []byte(host) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '-', c == ':':
		default:
			return false
		}
	}
	return true
}

// failure makes the error of a non-2xx answer.
func failure(e *Error, res *http.Response, body []byte, now time.Time) *Error {
	var a answer
	if json.Unmarshal(body, &a) != nil {
		a = answer{Message: string(body)}
	}
	e.Status = res.StatusCode
	e.Code, e.Message, e.TrackingID = int(a.ErrorCode), foreign.Text(a.Message), foreign.Text(a.TrackingID)
	if e.TrackingID == "" {
		e.TrackingID = foreign.Text(res.Header.Get("X-Ms-Request-Id"))
	}
	e.RetryAfter = backoff.RetryAfter(res.Header, now)
	switch s := res.StatusCode; {
	case s == http.StatusUnauthorized:
		e.Kind = Unauthorized
	case s == http.StatusTooManyRequests:
		e.Kind = Throttled
	case s == http.StatusNotFound && aboutInstance(e.Message):
		e.Kind = UnknownScope
	case s == http.StatusNotFound:
		e.Kind = NotEnrolled
	case s >= 500, s == http.StatusRequestTimeout, s == http.StatusConflict, s == http.StatusPreconditionFailed:
		// 409203 and 412: somebody else is registering the same device just now.
		e.Kind = Unavailable
	default:
		e.Kind = Invalid
	}
	return e
}

// aboutInstance tells a 404 for the whole DPS instance from one for a device;
// both have the same status (azure-docs, iot-dps/how-to-troubleshoot-dps.md).
func aboutInstance(message string) bool {
	text := strings.ToLower(message)
	return strings.Contains(text, "scope") || strings.Contains(text, "provisioning service") || strings.Contains(text, "dps instance")
}
