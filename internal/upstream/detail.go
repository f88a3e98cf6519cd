package upstream

import (
	"cmp"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// Detail is what the body of an error says.
type Detail struct {
	Code       int    // the service's six-digit code, 0 when it gave none
	Name       string // the service's name of the error, for example DeviceNotFound
	Message    string
	TrackingID string
}

// maxNesting bounds how many errors may be wrapped in each other.
const maxNesting = 4

// envelope is what the error bodies of DPS, hubs and Azure's gateways have in
// common. The code stands in one of two members; the whole may be wrapped in a
// member named error, as Azure Resource Manager does.
type envelope struct {
	ErrorCode        json.RawMessage `json:"errorCode"`
	Code             json.RawMessage `json:"code"`
	TrackingID       string          `json:"trackingId"`
	Message          string          `json:"message"`
	ExceptionMessage string          `json:"exceptionMessage"`
	Error            json.RawMessage `json:"error"`
}

// ReadDetail reads the body of an error. Two forms occur beside a bare one
// (Azure/iot-edge-opc-proxy issue 26; azure-iot-sdk-node, parseErrorBody): the
// message holds "ErrorCode:Name;text", or JSON in a string with the same members
// again. A body of another form is the message. The texts are as Text makes them.
func ReadDetail(body []byte) Detail {
	d := Detail{Message: string(body)}
	if found, ok := readEnvelope(body, maxNesting); ok {
		d = found
	}
	d.Name, d.Message, d.TrackingID = Text(d.Name), Text(d.Message), Text(d.TrackingID)
	return d
}

// ReadForeign reads the error of another service that the message of an error
// holds: DPS passes on what a hub has answered to it. ok is false where the
// message is a text of the service itself.
func ReadForeign(message string) (d Detail, ok bool) {
	if !strings.HasPrefix(message, namePrefix) && !strings.HasPrefix(message, "{") {
		return Detail{}, false
	}
	d = ReadDetail([]byte(message))
	if strings.HasPrefix(message, namePrefix) {
		d.Name, d.Message = cutName(message)
	}
	return d, d.Code != 0 || d.Name != ""
}

// namePrefix is how a hub begins a message that names the error.
const namePrefix = "ErrorCode:"

func cutName(message string) (name, text string) {
	rest, ok := strings.CutPrefix(message, namePrefix)
	if !ok {
		return "", message
	}
	name, text, _ = strings.Cut(rest, ";")
	return name, text
}

func readEnvelope(body []byte, depth int) (d Detail, ok bool) {
	var env envelope
	err := json.Unmarshal(body, &env)
	if _, mistyped := errors.AsType[*json.UnmarshalTypeError](err); err != nil && !mistyped {
		return Detail{}, false // a member of another type does not hide the others
	}
	for _, text := range []json.RawMessage{env.Code, env.ErrorCode} { // the last one stands
		d.setCode(strings.Trim(string(text), `"`))
	}
	d.TrackingID = cmp.Or(env.TrackingID, trackingID(env.ExceptionMessage), trackingID(env.Message))
	for _, inner := range []string{string(env.Error), env.Message} {
		if depth == 0 || !strings.HasPrefix(inner, "{") {
			continue
		}
		if in, ok := readEnvelope([]byte(inner), depth-1); ok {
			return Detail{
				cmp.Or(in.Code, d.Code), cmp.Or(in.Name, d.Name), in.Message, cmp.Or(in.TrackingID, d.TrackingID),
			}, true
		}
	}
	name, message := cutName(env.Message)
	d.Name, d.Message = cmp.Or(name, d.Name), message
	return d, d != Detail{}
}

// setCode reads a code that is a number, a number in a string, or a name.
func (d *Detail) setCode(text string) {
	if text == "" || text == "null" || strings.ContainsAny(text, "{[") {
		return
	}
	if n, err := strconv.Atoi(text); err == nil {
		d.Code = n
	} else {
		d.Name = text
	}
}

// trackingID finds the id in a text such as "Tracking ID:65d1a4-G:5-TimeStamp:...".
func trackingID(text string) string {
	_, id, ok := strings.Cut(text, "Tracking ID:")
	if !ok {
		return ""
	}
	id, _, _ = strings.Cut(strings.TrimSpace(id), ",")
	return id
}

// Class returns the first three digits of a code, which are those of an HTTP
// status: 404 of 404001. It is 0 where the code has fewer.
func Class(code int) int {
	for code > 999 {
		code /= 10
	}
	if code < 100 {
		return 0
	}
	return code
}
