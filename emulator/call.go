package emulator

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The services of Call.Service.
const (
	ServiceDPS  = "dps"
	ServiceHub  = "hub"
	ServiceBlob = "blob"
)

// The operations of Call.Op, which are also the endpoints of a Fault.
const (
	OpRegister = "register" // PUT .../register
	OpPoll     = "poll"     // GET .../operations/{id}
	OpLookup   = "lookup"   // POST .../registrations/{id}
	OpEvents   = "events"   // POST .../messages/events, one event
	OpBatch    = "batch"    // the same with many
	OpReceive  = "receive"  // GET .../messages/devicebound
	OpComplete = "complete"
	OpReject   = "reject"
	OpAbandon  = "abandon"
	OpUpload   = "upload" // POST .../files
	OpNotify   = "notify" // POST .../files/notifications
	OpBlob     = "blob"   // PUT to the store
	OpUnknown  = "unknown"
)

// Call is one request to DPS, a hub or the store, and what came of it.
type Call struct {
	Seq       uint64    `json:"seq"`
	Time      time.Time `json:"time"`
	Service   string    `json:"service"`
	Op        string    `json:"op"`
	Method    string    `json:"method"`
	Path      string    `json:"path"`
	Device    string    `json:"device,omitempty"`
	Hub       string    `json:"hub,omitempty"`       // the hub that was called, or the one that DPS named
	Status    int       `json:"status"`              // 0: the caller has seen no answer
	ErrorCode int       `json:"errorCode,omitempty"` // Azure's number, also that inside a failed registration
	State     string    `json:"state,omitempty"`     // registration status in the answer
	Fault     string    `json:"fault,omitempty"`     // id of the fault that had its way
	Note      string    `json:"note,omitempty"`      // why, in words
	Lenient   []string  `json:"lenient,omitempty"`   // what was let pass because no document says that Azure refuses it
	Auth      string    `json:"auth,omitempty"`      // sas, x509
	RequestID string    `json:"requestId"`           // x-ms-request-id
	Messages  int       `json:"messages,omitempty"`  // events stored
	Bytes     int       `json:"bytes"`               // of the request's body

	ModelID string          `json:"modelId,omitempty"` // of a registration's payload
	Payload json.RawMessage `json:"payload,omitempty"` // of a registration
}

// reply is an answer before it meets the wire: every answer is small, so that a fault can still change all of it.
type reply struct {
	status int
	header [][2]string // names as Azure writes them
	body   []byte
}

func (r *reply) set(name, value string) { r.header = append(r.header, [2]string{name, value}) }

// call is one request under way.
type call struct {
	e       *Emulator
	r       *http.Request
	host    string // without port, lower case
	rec     Call
	seg     []string // unescaped path segments
	handler func(*call) reply
	fault   *Fault
	device  string // id in the path
	now     time.Time
	query   url.Values
	body    []byte
	tooBig  bool
}

func (c *call) lenient(what string) { c.rec.Lenient = append(c.rec.Lenient, what) }

// readBody takes at most limit bytes; what is longer is refused by the caller of it, unread.
func (c *call) readBody(limit int64) *Refusal {
	if c.r.Body == nil {
		return nil
	}
	if c.r.ContentLength > limit {
		c.tooBig = true
		return nil
	}
	var b []byte
	var err error
	if n := c.r.ContentLength; n > 0 {
		b = make([]byte, n)
		_, err = io.ReadFull(c.r.Body, b)
	} else if n < 0 {
		b, err = io.ReadAll(io.LimitReader(c.r.Body, limit+1))
	}
	if err != nil {
		c.rec.Note = "body broke off"
		return refuse(http.StatusBadRequest, 400000, "the request body broke off")
	}
	c.body, c.rec.Bytes, c.tooBig = b, len(b), int64(len(b)) > limit
	return nil
}

// refused turns a refusal into the service's own error shape.
func (c *call) refused(r *Refusal) reply {
	c.rec.ErrorCode = r.Code
	if c.rec.Note == "" {
		c.rec.Note = r.Message
	}
	var rep reply
	if c.rec.Service == ServiceHub {
		rep = c.e.hubError(r, c.now)
	} else {
		rep = c.e.dpsError(r, c.now)
	}
	rep.header = append(rep.header, r.headers...)
	if r.RetryAfter > 0 {
		rep.set("Retry-After", seconds(r.RetryAfter))
	}
	return rep
}

// segments splits a path as it was escaped, so that a device id may hold an escaped slash.
func segments(u *url.URL) ([]string, bool) {
	raw := strings.Split(strings.Trim(u.EscapedPath(), "/"), "/")
	for i, s := range raw {
		if strings.IndexByte(s, '%') < 0 {
			continue
		}
		dec, err := url.PathUnescape(s)
		if err != nil {
			return nil, false
		}
		raw[i] = dec
	}
	return raw, true
}

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n] + "..."
	}
	return s
}
