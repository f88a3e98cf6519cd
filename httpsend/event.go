package httpsend

import (
	"cmp"
	"crypto/tls"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Target is the device that sends, and the hub that it sends to.
type Target struct {
	Hub      string // host name, without a scheme
	DeviceID string
	// Key signs a token for each call, unless Certificate is set.
	Key Key
	// Certificate is the X.509 credential; its connection is closed after the
	// call.
	Certificate *tls.Certificate
	// AnswerBy is when the one who waits for the result stops waiting; the zero
	// time means that nobody does. It shapes the time-outs of the single tries;
	// the whole is bounded by the context.
	AnswerBy time.Time
}

// Event is one device-to-cloud message.
type Event struct {
	Body            []byte
	ContentType     string    // application/json when empty
	ContentEncoding string    // utf-8 when empty
	MessageID       string    // at most 128 characters
	CorrelationID   string    // at most 128 characters
	Time            time.Time // of the measurement; left out when zero
	Component       string    // of the device's model, for IoT Plug and Play
	// Properties are application properties. Names are HTTP tokens and compared
	// without regard to case; what is not printable ASCII in a value is sent
	// percent-encoded.
	Properties map[string]string
}

const (
	appPrefix = "iothub-app-"
	// creationTime is the application property by which IoT Central charts
	// (azure-docs, iot-hub/iot-hub-devguide-messages-construct.md).
	creationTime = appPrefix + "iothub-creation-time-utc"
	timeFormat   = "2006-01-02T15:04:05.999999999Z"
)

// MaxMessage is the size of the largest message that a hub takes, in bytes, as
// Size counts them (azure-docs, iot-hub/iot-hub-devguide-quotas-throttling.md).
const MaxMessage = 256 << 10

// subject is the property that names an event's component.
const subject = "$.sub"

// properties lists the event's system and application properties under the
// names that they have as HTTP headers and in a batch, in a fixed order.
func (e *Event) properties(yield func(name, value string)) {
	yield("iothub-contenttype", cmp.Or(e.ContentType, "application/json"))
	yield("iothub-contentencoding", cmp.Or(e.ContentEncoding, "utf-8"))
	if e.MessageID != "" {
		yield("iothub-messageid", e.MessageID)
	}
	if e.CorrelationID != "" {
		yield("iothub-correlationid", e.CorrelationID)
	}
	if !e.Time.IsZero() {
		yield(creationTime, e.Time.UTC().Format(timeFormat))
	}
	if e.Component != "" {
		// Over HTTPS the convention names none; Microsoft's Node SDK sends
		// dt-subject, and $.sub is what MQTT devices send.
		yield("dt-subject", e.Component)
		yield(appPrefix+subject, e.Component)
	}
	switch len(e.Properties) {
	case 0:
	case 1:
		for name, value := range e.Properties {
			yield(appPrefix+name, value)
		}
	default:
		names := make([]string, 0, len(e.Properties))
		for name := range e.Properties {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			yield(appPrefix+name, e.Properties[name])
		}
	}
}

// Size counts an event as the hub does: body, values of system properties,
// names and values of application properties (azure-docs,
// iot-hub/iot-hub-devguide-messages-construct.md).
func (e *Event) Size() int {
	size := len(e.Body)
	e.properties(func(name, value string) {
		size += len(value)
		if app, ok := strings.CutPrefix(name, appPrefix); ok {
			size += len(app)
		}
	})
	return size
}

// header sets the event's properties on a request.
func (e *Event) header(h http.Header) {
	e.properties(func(name, value string) {
		// Not Set: it would canonicalise each name anew.
		h[name] = []string{headerValue(value)}
	})
}

// headerValue percent-encodes what a header cannot carry.
func headerValue(value string) string {
	const hex = "0123456789ABCDEF"
	safe := func(c byte) bool { return c >= ' ' && c < 0x7f }
	i := 0
	for i < len(value) && safe(value[i]) {
		i++
	}
	if i == len(value) {
		return value
	}
	out := []byte(value[:i])
	for ; i < len(value); i++ {
		if c := value[i]; safe(c) {
			out = append(out, c)
		} else {
			out = append(out, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(out)
}
