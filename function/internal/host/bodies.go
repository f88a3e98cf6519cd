package host

import (
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

const (
	// minBodyRate is the slowest that a body may come, in bytes per second on average:
	// what is left of a narrow-band radio link in bad reception.
	minBodyRate = 64
	// bodyGrace is added to the time that a body has at that rate.
	bodyGrace = 10 * time.Second
	// restTimeout bounds how long net/http waits for the rest of a body that the
	// handler did not want, before it sends the answer.
	restTimeout = 5 * time.Second
)

// arrivals are the bodies that are still being received.
type arrivals struct {
	limit time.Duration // the longest that one may take
	mu    sync.Mutex
	open  map[*arrival]struct{}
}

func newArrivals(limit time.Duration) *arrivals {
	return &arrivals{limit: limit, open: map[*arrival]struct{}{}}
}

// arrival is one body that is being received. Its rate is enforced by the read
// deadline of its socket.
type arrival struct {
	io.ReadCloser
	from  *http.ResponseController
	all   *arrivals
	began time.Time
	whole func() // called once, when all of it has come or no more will; may be nil

	mu    sync.Mutex
	n     int64 // bytes that have come
	cut   bool
	ended bool
}

func (a *arrivals) watch(w http.ResponseWriter, body io.ReadCloser, now time.Time) *arrival {
	one := &arrival{ReadCloser: body, from: http.NewResponseController(w), all: a, began: now}
	a.mu.Lock()
	a.open[one] = struct{}{}
	a.mu.Unlock()
	return one
}

func (a *arrivals) done(one *arrival) {
	a.mu.Lock()
	delete(a.open, one)
	a.mu.Unlock()
}

// leave ends the handler's interest in a body. What is left of it is read and thrown
// away by net/http.
func (a *arrivals) leave(one *arrival, now time.Time) {
	a.done(one)
	one.mu.Lock()
	defer one.mu.Unlock()
	if !one.ended && !one.cut {
		_ = one.from.SetReadDeadline(now.Add(restTimeout))
	}
	one.ended = true
}

// cut ends the wait for the rest of all bodies.
func (a *arrivals) cut() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for one := range a.open {
		one.Cut()
	}
}

// Cut ends the wait for the rest of the body: a Read that waits returns
// os.ErrDeadlineExceeded, and so do all after it. After the body's end it does
// nothing.
func (a *arrival) Cut() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.ended && !a.cut {
		a.cut = true
		_ = a.from.SetReadDeadline(time.Unix(1, 0)) // long ago
	}
}

// Read reads what has come. It returns os.ErrDeadlineExceeded when the body comes
// too slowly.
func (a *arrival) Read(p []byte) (int, error) {
	if !a.wait() {
		return 0, os.ErrDeadlineExceeded
	}
	n, err := a.ReadCloser.Read(p)
	a.mu.Lock()
	a.n += int64(n)
	ended := err != nil && !a.ended
	a.ended = a.ended || err != nil
	if err == io.EOF && ended && !a.cut {
		// From here on net/http watches the socket for a hang-up, and would take the
		// deadline for one.
		_ = a.from.SetReadDeadline(time.Time{})
	}
	a.mu.Unlock()
	if ended {
		a.all.done(a)
		if a.whole != nil {
			a.whole()
		}
	}
	return n, err
}

// wait sets the deadline for the next bytes. It reports false when the body was cut.
func (a *arrival) wait() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cut {
		return false
	}
	if !a.ended {
		late := min(bodyGrace+time.Duration(a.n)*(time.Second/minBodyRate), a.all.limit)
		_ = a.from.SetReadDeadline(a.began.Add(late)) // not possible without a socket
	}
	return true
}
