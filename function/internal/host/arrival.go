package host

import (
	"errors"
	"net/http"
	"time"
)

const (
	// maxArrival bounds the wait for a client to acknowledge an answer, and to close the connection after it. It is far
	// below the minute for which a hub locks a message.
	maxArrival  = 10 * time.Second
	arrivalPoll = 10 * time.Millisecond
)

var (
	errReset        = errors.New("the client has reset the connection")
	errUnacked      = errors.New("the client has not acknowledged the answer")
	errNotConnected = errors.New("the client's connection is gone")
)

// Confirm tells whether the answer has arrived: see [receipt.Confirmer].
func (w *watchedWriter) Confirm(settle func(error)) {
	if err := http.NewResponseController(w.ResponseWriter).Flush(); err != nil {
		settle(err)
		return
	}
	settle(w.conn.arrived())
}

// arrived waits until a client has closed its connection, as it does after an answer with Connection: close, and tells
// whether it may have missed the answer. A client that closes before it has read everything resets the connection, and
// one that is gone acknowledges nothing. One that does neither within maxArrival counts as having read it.
func (c *connection) arrived() error {
	if c == nil || c.socket == nil {
		return nil
	}
	for end := now().Add(maxArrival); ; time.Sleep(arrivalPoll) { //nolint:forbidigo // sockets live by time.Now
		closed, err := c.socket.ending()
		pending, fault := unacknowledged(c.socket.Conn)
		late := !now().Before(end)
		switch {
		case err != nil:
			return errReset
		case fault != nil:
			return errNotConnected
		case pending == 0 && (closed || late):
			return nil
		case late:
			return errUnacked
		}
	}
}
