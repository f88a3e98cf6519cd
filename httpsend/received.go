package httpsend

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Received is one cloud-to-device message, locked for its receiver. The lock holds for a
// minute (azure-docs, iot-hub/iot-hub-devguide-messages-c2d.md); the message is delivered
// again after it, unless it was completed or rejected.
type Received struct {
	Body      []byte
	LockToken string // for Complete, Abandon and Reject

	MessageID       string
	CorrelationID   string
	UserID          string // of the one who sent it, where that was set
	To              string // /devices/{id}/messages/deviceBound
	ContentType     string
	ContentEncoding string
	Ack             string // the feedback that its sender wants: none, positive, negative or full

	// SequenceNumber is the hub's, and grows with each message of a device: a message that
	// is delivered again has the same one.
	SequenceNumber uint64
	// DeliveryCount is how often the message was delivered and abandoned before. At the
	// hub's maximum, 10 by default, it is dead.
	DeliveryCount int
	Enqueued      time.Time // zero where the hub did not say it in a known form
	Expiry        time.Time // likewise

	// System has all system properties as they came, by their names in lower case without
	// iothub-, as in messageid.
	System map[string]string
	// Properties are the application properties. HTTP does not keep the case of a header's
	// name, so the names are in lower case here: fport for a property fPort.
	Properties map[string]string
}

const systemPrefix = "iothub-"

// readReceived reads a message without its body.
func readReceived(h http.Header) *Received {
	m := &Received{LockToken: lockToken(h.Get("ETag")), System: map[string]string{}, Properties: map[string]string{}}
	for name, values := range h {
		name = strings.ToLower(name)
		if len(values) == 0 {
			continue
		}
		if app, ok := strings.CutPrefix(name, appPrefix); ok {
			m.Properties[app] = values[0]
		} else if system, ok := strings.CutPrefix(name, systemPrefix); ok {
			m.System[system] = values[0]
		}
	}
	m.MessageID, m.CorrelationID, m.UserID = m.System["messageid"], m.System["correlationid"], m.System["userid"]
	m.To, m.Ack = m.System["to"], m.System["ack"]
	// Microsoft's C SDK reads these two from headers without a prefix
	// (azure-iot-sdk-c, iothub_client/src/iothubtransporthttp.c).
	m.ContentType, m.ContentEncoding = m.System["contenttype"], m.System["contentencoding"]
	if m.ContentType == "" {
		m.ContentType = h.Get("ContentType")
	}
	if m.ContentEncoding == "" {
		m.ContentEncoding = h.Get("ContentEncoding")
	}
	m.SequenceNumber, _ = strconv.ParseUint(m.System["sequencenumber"], 10, 64)
	m.DeliveryCount, _ = strconv.Atoi(m.System["deliverycount"])
	m.Enqueued, m.Expiry = readTime(m.System["enqueuedtime"]), readTime(m.System["expiry"])
	return m
}

// lockToken takes the quotes off an ETag.
func lockToken(etag string) string {
	return strings.Trim(strings.TrimPrefix(strings.TrimSpace(etag), "W/"), `"`)
}

// timeLayouts are those that a hub may write times in: the documents do not say, and
// Microsoft's C# SDK reads whatever .NET can.
var timeLayouts = []string{
	http.TimeFormat, time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "1/2/2006 3:04:05 PM", "1/2/2006 15:04:05",
}

// readTime reads a time, in UTC where it has no zone. It gives the zero time for what is
// not a time.
func readTime(text string) time.Time {
	for _, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, text, time.UTC); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
