package recorder

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	maxCalls    = 200 // of one request
	maxCallText = 600
)

// call is one request to DPS or a hub.
type call struct {
	began, took                 time.Duration // since the request came in; how long the answer took
	method, host, path          string
	status                      int // 0: no answer
	retryAfter, requestID, fail string
	text                        string // the beginning of the answer
	pending                     bool
}

// Transport records the calls that are made for requests.
func (rec *Recorder) Transport(next http.RoundTripper) http.RoundTripper {
	if rec == nil {
		return next
	}
	return &transport{next, rec}
}

type transport struct {
	next http.RoundTripper
	rec  *Recorder
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	e := entryOf(r.Context())
	if e == nil {
		return t.next.RoundTrip(r)
	}
	began := t.rec.now().Sub(e.began)
	i := e.begin(call{began: began, method: r.Method, host: r.URL.Host, path: r.URL.Path, pending: true})
	res, err := t.next.RoundTrip(r)
	took := t.rec.now().Sub(e.began) - began
	e.update(i, func(c *call) {
		c.took, c.pending = took, false
		if err != nil {
			c.fail = clip(err.Error(), maxCallText)
			return
		}
		c.status = res.StatusCode
		c.retryAfter, c.requestID = res.Header.Get("Retry-After"), res.Header.Get("X-Ms-Request-Id")
	})
	if err == nil && res.ContentLength != 0 && i >= 0 {
		res.Body = &textTap{ReadCloser: res.Body, entry: e, call: i}
	}
	return res, err
}

// CloseIdleConnections closes those of the transport below.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// begin adds a call and returns its index; -1: there are too many, and it is only counted.
func (e *entry) begin(c call) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.calls) == maxCalls {
		e.more++
		return -1
	}
	e.calls = append(e.calls, c)
	return len(e.calls) - 1
}

func (e *entry) update(i int, f func(*call)) {
	if i < 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	f(&e.calls[i])
}

// textTap keeps the beginning of an answer.
type textTap struct {
	io.ReadCloser
	entry *entry
	call  int
	kept  []byte
}

// Read implements io.Reader.
func (t *textTap) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if room := maxCallText - len(t.kept); room > 0 && n > 0 {
		t.kept = append(t.kept, p[:min(n, room)]...)
		t.entry.update(t.call, func(c *call) { c.text = string(t.kept) })
	}
	return n, err
}

// Call is one request to DPS or a hub, for people.
type Call struct {
	At      float64 `json:"at"`               // ms since the request came in
	Waited  float64 `json:"waited,omitempty"` // ms since the call before it of the same device and operation ended
	MS      float64 `json:"ms"`
	Service string  `json:"service"` // dps, hub or other
	Op      string  `json:"op"`
	Try     int     `json:"try"`
	Device  string  `json:"device,omitempty"`
	Host    string  `json:"host"`
	Status  int     `json:"status"` // 0: no answer
	Error   string  `json:"error,omitempty"`
	Answer  string  `json:"answer,omitempty"`

	RetryAfter string `json:"retryAfter,omitempty"`
	RequestID  string `json:"requestId,omitempty"` // as in GET /calls and GET /events
	Pending    bool   `json:"pending,omitempty"`
}

// views returns the calls for people, and how many there are more.
func (e *entry) views() ([]Call, int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]Call, len(e.calls))
	type key struct{ op, device string }
	tries, ends := map[key]int{}, map[key]time.Duration{}
	for i := range e.calls {
		c := &e.calls[i]
		v := &out[i]
		*v = Call{At: milliseconds(c.began), MS: milliseconds(c.took), Host: c.host, Status: c.status, Error: c.fail,
			Answer: strings.ToValidUTF8(c.text, "\ufffd"), RetryAfter: c.retryAfter, RequestID: c.requestID,
			Pending: c.pending}
		v.Service, v.Op, v.Device = about(c)
		k := key{v.Op, v.Device}
		tries[k]++
		v.Try = tries[k]
		if v.Try > 1 {
			v.Waited = milliseconds(max(0, c.began-ends[k]))
		}
		ends[k] = c.began + c.took
	}
	return out, e.more
}

// about tells which service a call is to, what it does, and for which device.
func about(c *call) (service, op, device string) {
	parts := strings.Split(strings.Trim(c.path, "/"), "/")
	part := func(i int) string {
		if i >= len(parts) {
			return ""
		}
		text, err := url.PathUnescape(parts[i])
		if err != nil {
			return parts[i]
		}
		return text
	}
	switch {
	case part(0) == "devices" && part(2) == "messages" && part(3) == "events":
		return "hub", "send", part(1)
	case part(0) == "devices":
		return "hub", strings.ToLower(c.method) + " " + part(3), part(1)
	case part(1) == "registrations" && part(3) == "register":
		return "dps", "register", part(2)
	case part(1) == "registrations" && part(3) == "operations":
		return "dps", "poll", part(2)
	case part(1) == "registrations":
		return "dps", "lookup", part(2)
	}
	return "other", c.method + " " + c.path, ""
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
