package hub

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"mayfly/emulator/internal/exchange"
	"mayfly/emulator/internal/wire"
)

// Envelope is the shape of a hub's error body. Both shapes occur in the wild, often from one hub.
type Envelope string

// The envelopes.
const (
	// EnvelopeByCode answers as the published samples do: 401, 403 and 429 nested, all others as text.
	EnvelopeByCode Envelope = ""
	// EnvelopeText is {"Message":"ErrorCode:Name;text","ExceptionMessage":"Tracking ID:..."}.
	EnvelopeText Envelope = "text"
	// EnvelopeNested is {"Message":"{\"errorCode\":n,...}","ExceptionMessage":""}.
	EnvelopeNested Envelope = "nested"
	// EnvelopeAlternate alternates between the two.
	EnvelopeAlternate Envelope = "alternate"
)

// alternation counts the errors of EnvelopeAlternate.
type alternation struct{ n atomic.Uint64 }

func (e Envelope) nested(status int, a *alternation) bool {
	switch e {
	case EnvelopeNested:
		return true
	case EnvelopeAlternate:
		return a.n.Add(1)%2 == 0
	case EnvelopeByCode:
		return status == http.StatusUnauthorized || status == http.StatusForbidden ||
			status == http.StatusTooManyRequests
	case EnvelopeText:
	}
	return false
}

// Refused implements exchange.Service. The body has one of two shapes (iot-edge-opc-proxy#26; azure-iot-sdk-node
// parseErrorBody); the name of the error is in a header (azure-iot-sdk-csharp HttpTransportHandler.cs).
func (s *Service) Refused(x *exchange.Exchange, r *wire.Refusal) wire.Reply {
	x.Refuse(r)
	name, message := nameOf(r), r.Message
	if message == "" {
		message = wire.DefaultText(wire.ServiceHub, r.Code)
	}
	tracking := strings.ReplaceAll(s.ids.Next(), "-", "")
	stamp := x.Now.UTC().Format("01/02/2006 15:04:05")
	var body struct{ Message, ExceptionMessage string }
	if s.Envelope.nested(r.Status, &s.envelopes) {
		inner := nestedError{r.Code, fmt.Sprintf("%s-G:32-TimeStamp:%s", tracking, stamp), message, dpsTime(x.Now)}
		text, _ := wire.Marshal(inner) // numbers and strings can always be marshaled
		body.Message = string(text)
	} else {
		body.Message = "ErrorCode:" + name + ";" + message
		body.ExceptionMessage = fmt.Sprintf("Tracking ID:%s-G:5-TimeStamp:%s", tracking, stamp)
	}
	rep := wire.NewJSON(r.Status, body)
	rep.Set("iothub-errorcode", name)
	rep.Set("Server", "Microsoft-HTTPAPI/2.0")
	if r.RetryAfter > 0 {
		rep.SetRetryAfter(r.RetryAfter)
	}
	return rep
}

// nestedError is the JSON in the Message of EnvelopeNested.
type nestedError struct {
	ErrorCode  int    `json:"errorCode"`
	TrackingID string `json:"trackingId"`
	Message    string `json:"message"`
	Timestamp  string `json:"timestampUtc"`
}

func dpsTime(t time.Time) string { return t.UTC().Format(wire.DPSTime) }

func nameOf(r *wire.Refusal) string {
	if r.Name != "" {
		return r.Name
	}
	if name := wire.CodeName(r.Code); name != "" {
		return name
	}
	return strings.ReplaceAll(http.StatusText(r.Status), " ", "")
}
