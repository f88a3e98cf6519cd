package exchange

import (
	"io"
	"net/http"
	"net/url"
	"time"

	"mayfly/emulator/internal/fault"
	"mayfly/emulator/internal/record"
	"mayfly/emulator/internal/wire"
)

// MaxBody is the length of the longest body that any service reads except for the storage account.
const MaxBody = 256 << 10

// Handler answers an exchange.
type Handler func(*Exchange) wire.Reply

// Service is one of the emulated services.
type Service interface {
	// Route names the operation in the exchange's record and returns its handler.
	Route(*Exchange) Handler
	// Refused writes a refusal in the service's own shape.
	Refused(*Exchange, *wire.Refusal) wire.Reply
}

// Exchange is one request while it is answered.
type Exchange struct {
	Request   *http.Request
	Host      string   // in lower case, without a port
	ByAddress bool     // the host is this machine, and the path told which service is meant
	Segments  []string // of the path, unescaped
	Query     url.Values
	Now       time.Time
	Device    string      // the id in the path
	Record    record.Call // what goes into the record
	Fault     *fault.Fault
	Body      []byte // after ReadBody
	TooBig    bool   // the body is longer than ReadBody allowed
}

// Lenient notes something that is accepted although no document says whether Azure accepts it.
func (x *Exchange) Lenient(what string) { x.Record.Lenient = append(x.Record.Lenient, what) }

// SetDevice names the device that the path is about.
func (x *Exchange) SetDevice(id string) {
	x.Device, x.Record.Device = id, wire.Clip(id, wire.MaxRegistrationID)
}

// ReadBody reads at most limit bytes into Body. A longer body sets TooBig and is not read to its end.
func (x *Exchange) ReadBody(limit int64) *wire.Refusal {
	if x.Request.Body == nil {
		return nil
	}
	if x.Request.ContentLength > limit {
		x.TooBig = true
		return nil
	}
	var b []byte
	var err error
	if n := x.Request.ContentLength; n > 0 {
		b = make([]byte, n)
		_, err = io.ReadFull(x.Request.Body, b)
	} else if n < 0 {
		b, err = io.ReadAll(io.LimitReader(x.Request.Body, limit+1))
	}
	if err != nil {
		x.Record.Note = "the body ended early"
		return wire.Refuse(http.StatusBadRequest, 400000, "the request body ended early")
	}
	x.Body, x.Record.Bytes, x.TooBig = b, len(b), int64(len(b)) > limit
	return nil
}

// Drain reads the body of a request that no handler looks at: net/http notices only then that the caller has gone.
func (x *Exchange) Drain() { _ = x.ReadBody(MaxBody) }

// Refuse records a refusal; the service's Refused writes it.
func (x *Exchange) Refuse(r *wire.Refusal) {
	x.Record.ErrorCode = r.Code
	if x.Record.Note == "" {
		x.Record.Note = r.Message
	}
}

// Only returns h for requests with a method, and a handler that refuses for others.
func Only(x *Exchange, s Service, method string, h Handler) Handler {
	if x.Request.Method == method {
		return h
	}
	return func(x *Exchange) wire.Reply {
		return s.Refused(x, wire.Refuse(http.StatusMethodNotAllowed, 405000,
			"The requested resource does not support http method '%s'.", x.Request.Method))
	}
}

// NotFound is the handler for paths that a service does not have.
func NotFound(s Service) Handler {
	return func(x *Exchange) wire.Reply {
		return s.Refused(x, wire.Refuse(http.StatusNotFound, 404000, "The requested resource does not exist."))
	}
}
