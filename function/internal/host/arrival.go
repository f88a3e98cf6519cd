package host

import (
	"context"
	"errors"
	"net/http"
	"time"
)

const (
	// maxArrival bounds the wait for a client to acknowledge an answer, and to close the connection after it. It is far
	// below the minute for which a hub locks a message.
	maxArrival  = 10 * time.Second
	arrivalPoll = 10 * time.Millisecond
	minCalm     = 3
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
	settle(w.conn.arrived(w.client))
}

// arrived waits until a client has closed its connection, as it does after an answer with Connection: close, and tells
// whether it may have missed the answer. A client that closes before it has read everything resets the connection, and
// one that is gone acknowledges nothing. One that does neither within maxArrival counts as having read it. client is
// the context that net/http ends with the connection: the end of TLS comes before that of the socket.
func (c *connection) arrived(client context.Context) error {
	if c == nil || c.socket == nil {
		return nil
	}
	// How often nothing was wrong with a connection that is closed: a reset follows at once.
	calm := 0
	for end := now().Add(maxArrival); ; time.Sleep(arrivalPoll) { //nolint:forbidigo // sockets live by it
		closed, err := c.socket.ending()
		pending, fault := unacknowledged(c.socket.Conn)
		late := !now().Before(end)
		if closed || client.Err() != nil {
			calm++
		}
		switch {
		case err != nil:
			return errReset
		case fault != nil:
			return errNotConnected
		case pending == 0 && (calm >= minCalm || late):
			return nil
		case late:
			return errUnacked
		}
	}
}
