package host

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// arrivals are the bodies that are not here yet.
type arrivals struct {
	mu   sync.Mutex
	open map[*arrival]struct{}
}

// arrival is one of them.
type arrival struct {
	io.ReadCloser
	from *http.ResponseController
	all  *arrivals
}

func (a *arrivals) watch(w http.ResponseWriter, body io.ReadCloser) *arrival {
	one := &arrival{body, http.NewResponseController(w), a}
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

// cut ends the wait for the rest of them.
func (a *arrivals) cut() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for one := range a.open {
		_ = one.from.SetReadDeadline(time.Unix(1, 0)) // long ago
	}
}

func (a *arrival) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	if err != nil {
		a.all.done(a)
	}
	return n, err
}
