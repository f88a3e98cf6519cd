package emulator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Event is one device-to-cloud message as a hub has stored it.
type Event struct {
	Seq    uint64
	Device string
	Hub    string
	Body   json.RawMessage // the bytes as they came, JSON or not

	ContentType, ContentEncoding     string // iothub-contenttype, iothub-contentencoding
	MessageID, CorrelationID, UserID string
	Component                        string // dt-subject or $.sub
	CreationTime                     string // iothub-creation-time-utc as it came

	Properties map[string]string // application properties: names without iothub-app-, in lower case
	System     map[string]string // the other iothub- headers, with their names

	EnqueuedTime time.Time
	AuthMethod   string // sas or x509
	Batch        int    // how many messages came in the same request; 0: not as a batch
	RequestID    string // x-ms-request-id of the answer
}

// eventJSON is Event as the console shows it.
type eventJSON struct {
	Seq             uint64            `json:"seq"`
	Device          string            `json:"device"`
	Hub             string            `json:"hub"`
	Body            json.RawMessage   `json:"body"`
	BodyEncoding    string            `json:"bodyEncoding,omitempty"` // utf-8 or base64 where the body is not JSON
	ContentType     string            `json:"contentType,omitempty"`
	ContentEncoding string            `json:"contentEncoding,omitempty"`
	MessageID       string            `json:"messageId,omitempty"`
	CorrelationID   string            `json:"correlationId,omitempty"`
	UserID          string            `json:"userId,omitempty"`
	Component       string            `json:"component,omitempty"`
	CreationTime    string            `json:"creationTimeUtc,omitempty"`
	Properties      map[string]string `json:"properties,omitempty"`
	System          map[string]string `json:"system,omitempty"`
	EnqueuedTime    time.Time         `json:"enqueuedTime"`
	AuthMethod      string            `json:"authMethod"`
	Batch           int               `json:"batch,omitempty"`
	RequestID       string            `json:"requestId"`
}

// MarshalJSON writes a JSON body as it came, digit for digit, and any other as a string.
func (ev Event) MarshalJSON() ([]byte, error) {
	j := eventJSON{ev.Seq, ev.Device, ev.Hub, ev.Body, "", ev.ContentType, ev.ContentEncoding, ev.MessageID, ev.CorrelationID,
		ev.UserID, ev.Component, ev.CreationTime, ev.Properties, ev.System, ev.EnqueuedTime, ev.AuthMethod, ev.Batch, ev.RequestID}
	if text := utf8.Valid(ev.Body); !text || !json.Valid(ev.Body) {
		s := string(ev.Body)
		if j.BodyEncoding = "utf-8"; !text {
			j.BodyEncoding, s = "base64", base64.StdEncoding.EncodeToString(ev.Body)
		}
		j.Body, _ = marshal(s)
	}
	return marshal(j)
}

// UnmarshalJSON reads what MarshalJSON writes, so that a program can read GET /events.
func (ev *Event) UnmarshalJSON(b []byte) error {
	var j eventJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*ev = Event{j.Seq, j.Device, j.Hub, j.Body, j.ContentType, j.ContentEncoding, j.MessageID, j.CorrelationID, j.UserID, j.Component,
		j.CreationTime, j.Properties, j.System, j.EnqueuedTime, j.AuthMethod, j.Batch, j.RequestID}
	if j.BodyEncoding == "" {
		return nil
	}
	var s string
	err := json.Unmarshal(j.Body, &s)
	if ev.Body = json.RawMessage(s); err == nil && j.BodyEncoding == "base64" {
		ev.Body, err = base64.StdEncoding.DecodeString(s)
	}
	return err
}

// marshal is json.Marshal that leaves <, > and & alone.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func (ev *Event) clone() Event {
	c := *ev
	c.Body, c.Properties, c.System = slices.Clone(ev.Body), maps.Clone(ev.Properties), maps.Clone(ev.System)
	return c
}

const (
	appPrefix    = "iothub-app-"
	systemPrefix = "iothub-"
	creationTime = "iothub-creation-time-utc"
)

// property takes one header, or one member of a batch's properties, whose names are the same (azure-iot-sdk-csharp
// HttpTransportHandler.cs, azure-iot-sdk-java HttpsSingleMessage.java, azure-iot-sdk-node http.ts). The name is in
// lower case: over HTTPS, and in routing queries, names have no case.
func (ev *Event) property(name, value string) {
	switch name {
	case "iothub-messageid":
		ev.MessageID = value
	case "iothub-correlationid":
		ev.CorrelationID = value
	case "iothub-userid":
		ev.UserID = value
	case "iothub-contenttype":
		ev.ContentType = value
	case "iothub-contentencoding":
		ev.ContentEncoding = value
	case "dt-subject":
		ev.Component = value
	case creationTime, "iothub-creationtimeutc":
		ev.CreationTime = value
	default:
		if app, ok := strings.CutPrefix(name, appPrefix); ok {
			ev.appProperty(app, value)
		} else if strings.HasPrefix(name, systemPrefix) {
			if ev.System == nil {
				ev.System = map[string]string{}
			}
			ev.System[name] = value
		}
	}
}

func (ev *Event) appProperty(name, value string) {
	if ev.Properties == nil {
		ev.Properties = map[string]string{}
	}
	ev.Properties[name] = value
	switch {
	case name == "$.sub" && ev.Component == "":
		ev.Component = value
	case name == creationTime && ev.CreationTime == "":
		ev.CreationTime = value
	}
}

// size is what counts against 256 KB: body, values of system properties, names and values of application properties
// (azure-docs iot-hub-devguide-messages-construct.md).
func (ev *Event) size() int {
	n := len(ev.Body) + len(ev.MessageID) + len(ev.CorrelationID) + len(ev.UserID) + len(ev.ContentType) + len(ev.ContentEncoding)
	for k, v := range ev.Properties {
		n += len(k) + len(v)
	}
	for _, v := range ev.System {
		n += len(v)
	}
	return n
}

// fromHeader reads the properties of a single event.
func (ev *Event) fromHeader(c *call) {
	for name, values := range c.r.Header {
		if !strings.HasPrefix(name, "Iothub-") && name != "Dt-Subject" {
			continue
		}
		if len(values) > 1 {
			c.lenient("header " + clip(name, 64) + " more than once: the first is taken")
		}
		ev.property(strings.ToLower(name), values[0])
	}
}

// check refuses what no hub stores.
func (ev *Event) check(c *call) *Refusal {
	if ev.size() > maxEventBytes {
		return tooLarge()
	}
	for _, id := range []string{ev.MessageID, ev.CorrelationID} {
		if len(id) > 128 {
			return refuse(http.StatusBadRequest, 400004, "A message id or correlation id is over 128 characters.")
		}
		if !validMessageID(id) {
			c.lenient("message id outside the documented set")
		}
	}
	if ev.ContentType == "" {
		c.lenient("no iothub-contenttype")
	}
	for k, v := range ev.Properties {
		if !token(k) || k != creationTime && !token(v) {
			c.lenient("property outside the documented set")
			break
		}
	}
	return nil
}

// token is the set that the documents allow in names and values of properties over HTTPS (azure-docs
// iot-hub-devguide-messages-construct.md). The SDKs send times, which are outside, and hubs take them
// (iotc-device-bridge#60).
func token(s string) bool {
	for i := range len(s) {
		if !alphanumeric(s[i]) && strings.IndexByte("!#$%&'*+-.^_`|~", s[i]) < 0 {
			return false
		}
	}
	return true
}

// validMessageID is the set of azure-docs iot-hub-devguide-messages-construct.md.
func validMessageID(id string) bool {
	for i := range len(id) {
		if !alphanumeric(id[i]) && strings.IndexByte("-:.+%_#*?!(),=@;$'", id[i]) < 0 {
			return false
		}
	}
	return true
}

func tooLarge() *Refusal {
	return refuse(http.StatusRequestEntityTooLarge, 413001, "The message is over %d bytes.", maxEventBytes)
}
