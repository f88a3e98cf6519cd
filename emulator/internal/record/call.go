package record

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// The operations of Call.Op, which are also the endpoints of a fault.
const (
	OpRegister = "register" // PUT .../register
	OpPoll     = "poll"     // GET .../operations/{id}
	OpLookup   = "lookup"   // POST .../registrations/{id}
	OpEvents   = "events"   // POST .../messages/events, one event
	OpBatch    = "batch"    // the same with several events
	OpReceive  = "receive"  // GET .../messages/devicebound
	OpComplete = "complete"
	OpReject   = "reject"
	OpAbandon  = "abandon"
	OpUpload   = "upload" // POST .../files
	OpNotify   = "notify" // POST .../files/notifications
	OpBlob     = "blob"   // PUT to the storage account
	OpUnknown  = "unknown"
)

// Call is one request to DPS, a hub or the storage account, and its result.
type Call struct {
	Seq       uint64    `json:"seq"`
	Time      time.Time `json:"time"`
	Service   string    `json:"service"` // dps, hub or blob
	Op        string    `json:"op"`
	Method    string    `json:"method"`
	Path      string    `json:"path"`
	Device    string    `json:"device,omitempty"`
	Hub       string    `json:"hub,omitempty"`       // the hub that was called, or the one that DPS assigned
	Status    int       `json:"status"`              // 0: the caller got no answer
	ErrorCode int       `json:"errorCode,omitempty"` // Azure's number, also that inside a failed registration
	State     string    `json:"state,omitempty"`     // registration status in the answer
	Fault     string    `json:"fault,omitempty"`     // id of the fault that was applied
	Note      string    `json:"note,omitempty"`      // the reason, in words
	Lenient   []string  `json:"lenient,omitempty"`   // what was accepted although no document says whether Azure does
	Auth      string    `json:"auth,omitempty"`      // sas or x509
	RequestID string    `json:"requestId"`           // x-ms-request-id
	Messages  int       `json:"messages,omitempty"`  // events stored
	Bytes     int       `json:"bytes"`               // of the request's body

	ModelID string          `json:"modelId,omitempty"` // from a registration's payload
	Payload json.RawMessage `json:"payload,omitempty"` // of a registration
}

// String returns one line for people.
func (c Call) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s %-8s %s -> %d", c.Service, c.Op, c.Device, c.Status)
	for _, p := range []struct{ name, value string }{
		{"", c.State}, {"hub ", c.Hub}, {"fault ", c.Fault}, {"", c.Note},
	} {
		if p.value != "" {
			s.WriteString(", " + p.name + p.value)
		}
	}
	if c.ErrorCode != 0 {
		fmt.Fprintf(&s, ", %d", c.ErrorCode)
	}
	if len(c.Lenient) > 0 {
		s.WriteString(", lenient: " + strings.Join(c.Lenient, "; "))
	}
	return s.String()
}

func (c *Call) clone() Call {
	cp := *c
	cp.Lenient = append([]string(nil), c.Lenient...)
	cp.Payload = append([]byte(nil), c.Payload...)
	return cp
}
