package host

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"

	"mayfly/function/internal/bodyroom"
)

// framed is a connection that counts the Content-Length lines that come in. net/http
// takes the line away where there is a Transfer-Encoding as well, so this is how to
// tell. It counts lines of bodies too, which is harmless: see closeAfter.
//
// While a head comes in, its bytes take room among those of all connections.
type framed struct {
	net.Conn
	lines atomic.Int64
	match int // how much of lengthLine this line begins with; -1: it begins otherwise

	mu   sync.Mutex
	head *bodyroom.Body // nil while a request is worked on
	end  error          // why nothing more can be read; nil while it can
}

const lengthLine = "content-length:"

// Read reads from the connection, and looks at what it reads.
func (f *framed) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	f.scan(p[:n])
	f.mu.Lock()
	head := f.head
	if timeout := net.Error(nil); err != nil && !(errors.As(err, &timeout) && timeout.Timeout()) {
		f.end = err
	}
	f.mu.Unlock()
	if head != nil && n > 0 {
		if full := head.Grow(n); full != nil {
			return 0, full
		}
	}
	return n, err
}

// ending tells whether the client has closed its side, and the error where it did so otherwise than in good order.
func (f *framed) ending() (closed bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.end != nil && f.end != io.EOF { //nolint:errorlint // connections give it bare
		return true, f.end
	}
	return f.end != nil, nil
}

// begin begins a head in a room; a nil room ends it.
func (f *framed) begin(room *bodyroom.Room, network netip.Prefix) {
	var head *bodyroom.Body
	if room != nil {
		head = room.Open(network.String(), func() { _ = f.Conn.Close() })
	}
	f.mu.Lock()
	head, f.head = f.head, head
	f.mu.Unlock()
	if head != nil {
		head.Close()
	}
}

func (f *framed) scan(b []byte) {
	for len(b) > 0 {
		if f.match < 0 {
			at := bytes.IndexByte(b, '\n')
			if at < 0 {
				return
			}
			b, f.match = b[at+1:], 0
			continue
		}
		c := b[0]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		switch {
		case c == lengthLine[f.match]:
			f.match++
		case c == '\n':
			f.match = 0
		default:
			f.match = -1
		}
		if f.match == len(lengthLine) {
			f.lines.Add(1)
			f.match = -1
		}
		b = b[1:]
	}
}

// CloseWrite lets net/http end its side first, as it does with a TCP connection.
func (f *framed) CloseWrite() error {
	if c, ok := f.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return nil
}

// framing is what is known of the requests of one connection.
type framing struct {
	plain    *framed // nil: the connection cannot be looked at, since it is encrypted
	declared int64   // requests that had a Content-Length
}

// closeAfter tells whether the connection has to be closed after the answer to a
// request. So it is where the request has a Content-Length beside a Transfer-Encoding
// (RFC 9112, section 6.1), because somebody in front may have taken another part of
// it for the body; and where one of HTTP/1.0 may have a Transfer-Encoding. A chunked
// request that comes after more Content-Length lines than requests with one counts as
// such: one of them was its own, or of a body, and to close does no harm. Over TLS
// all chunked requests do.
func (f *framing) closeAfter(r *http.Request) bool {
	if !r.ProtoAtLeast(1, 1) {
		return true
	}
	if r.Header.Get("Content-Length") != "" {
		f.declared++
	}
	if len(r.TransferEncoding) == 0 {
		return false
	}
	return f.plain == nil || f.plain.lines.Load() > f.declared
}
