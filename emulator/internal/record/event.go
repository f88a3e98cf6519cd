package record

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	"mayfly/emulator/internal/wire"
)

// Event is one device-to-cloud message as a hub stored it.
type Event struct {
	Seq    uint64
	Device string
	Hub    string
	Body   json.RawMessage // the bytes as they were sent, JSON or not

	ContentType, ContentEncoding     string // iothub-contenttype, iothub-contentencoding
	MessageID, CorrelationID, UserID string
	Component                        string // dt-subject or $.sub
	CreationTime                     string // iothub-creation-time-utc as it was sent

	Properties map[string]string // application properties: names without iothub-app-, in lower case
	System     map[string]string // the other iothub- headers by their names

	EnqueuedTime time.Time
	AuthMethod   string // sas or x509
	Batch        int    // how many messages were sent in the same request; 0: it was not a batch
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

// MarshalJSON writes a JSON body as it was sent, digit for digit, and any other body as a string.
func (ev Event) MarshalJSON() ([]byte, error) {
	j := eventJSON{ev.Seq, ev.Device, ev.Hub, ev.Body, "", ev.ContentType, ev.ContentEncoding, ev.MessageID,
		ev.CorrelationID, ev.UserID, ev.Component, ev.CreationTime, ev.Properties, ev.System, ev.EnqueuedTime,
		ev.AuthMethod, ev.Batch, ev.RequestID}
	if text := utf8.Valid(ev.Body); !text || !json.Valid(ev.Body) {
		s := string(ev.Body)
		if j.BodyEncoding = "utf-8"; !text {
			j.BodyEncoding, s = "base64", base64.StdEncoding.EncodeToString(ev.Body)
		}
		var err error
		if j.Body, err = wire.Marshal(s); err != nil {
			return nil, err
		}
	}
	return wire.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON writes, so that a program can read GET /events.
func (ev *Event) UnmarshalJSON(b []byte) error {
	var j eventJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*ev = Event{j.Seq, j.Device, j.Hub, j.Body, j.ContentType, j.ContentEncoding, j.MessageID, j.CorrelationID,
		j.UserID, j.Component, j.CreationTime, j.Properties, j.System, j.EnqueuedTime, j.AuthMethod, j.Batch,
		j.RequestID}
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

func (ev *Event) clone() Event {
	c := *ev
	c.Body, c.Properties, c.System = slices.Clone(ev.Body), maps.Clone(ev.Properties), maps.Clone(ev.System)
	return c
}
