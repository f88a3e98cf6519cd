package message

import "time"

// Message is one device-to-cloud message. Mapping makes it, validation has
// passed it.
type Message struct {
	DeviceID   string            // 1 to 128 of letters, digits and "-._:"
	SecretID   bool              // what knows the id may speak as the device: it is not to be told
	Downlink   bool              // the sender takes messages for the device in its answer
	ModelID    string            // DTMI, or empty
	GatewayID  string            // the gateway that the device is attached to, or empty
	Fleet      string            // the fleet that the sender says the device is of, or empty
	Component  string            // of the device's model, or empty
	MessageID  string            // the sender's own, or empty
	Correlates string            // the id of the message that this one answers, or empty
	Time       time.Time         // of the measurement, UTC; zero when the sender gave none
	Arrived    bool              // Time is that of the arrival: the sender's cannot be right
	Sent       time.Time         // the sender's then; zero where it is a clock's beginning, as 0 is
	Properties map[string]string // application properties
	Body       []byte            // the measurements: a JSON object
}

// Request is what a body comes with.
type Request struct {
	Method string
	Path   string
	Query  map[string][]string
	Header map[string][]string // canonical names
	Body   []byte              // decompressed
	// Received is when the request came, for senders whose times are relative to
	// it, and for codecs.
	Received time.Time
	// Replaced says that something in front read the body as text, and that the body
	// holds U+FFFD: it stands for bytes that were not UTF-8, or the sender wrote it. Such
	// a body is good as text only.
	Replaced bool

	// Room is asked for the memory that the body takes as values and messages. Where it
	// is nil, only their numbers are bounded.
	Room Room
	// MaxMessages is how many messages the body may hold: [MaxMessages] where it is 0.
	MaxMessages int

	meter *Meter
}

// HeaderValue gives the first value of a header.
func (r *Request) HeaderValue(name string) string {
	if values := r.Header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// QueryValue gives the first value of a query parameter.
func (r *Request) QueryValue(name string) string {
	if values := r.Query[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// SecretIDs are the device ids of messages that are not to be told.
func SecretIDs(messages []Message) []string {
	var ids []string
	for i := range messages {
		if messages[i].SecretID {
			ids = append(ids, messages[i].DeviceID)
		}
	}
	return ids
}
