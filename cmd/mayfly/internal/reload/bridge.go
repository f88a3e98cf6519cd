package reload

import (
	"net/http"
	"sync"
)

// Bridge passes requests to the newest handler. Those that the one before it has begun are finished by that. The zero
// value is ready to use; there must be a handler before the first request.
type Bridge struct {
	mu      sync.Mutex
	current *generation
	ending  sync.WaitGroup // handlers whose end is running
}

// generation is a handler with the requests that it serves.
type generation struct {
	handler  http.Handler
	end      func() // called once, after its last request
	inFlight int
	retired  bool
}

// ServeHTTP implements http.Handler.
func (b *Bridge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	g := b.current
	g.inFlight++
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		g.inFlight--
		if g.retired && g.inFlight == 0 {
			b.ending.Go(g.end) // which takes its time, and the client waits for its answer
		}
		b.mu.Unlock()
	}()
	g.handler.ServeHTTP(w, r)
}

// Use has a handler serve from now on. The one before it ends when it has answered what it has begun.
func (b *Bridge) Use(h http.Handler, end func()) {
	b.mu.Lock()
	old := b.current
	b.current = &generation{handler: h, end: end}
	idle := old != nil && old.inFlight == 0
	if old != nil {
		old.retired = true
	}
	b.mu.Unlock()
	if idle {
		old.end()
	}
}

// Close ends the handler that serves, and waits for those before it that are ending. Nothing may be served after that.
func (b *Bridge) Close() {
	b.mu.Lock()
	g := b.current
	b.mu.Unlock()
	if g != nil {
		g.end()
	}
	b.ending.Wait()
}
