package receipt

import (
	"context"
	"net/http"
)

// Confirmer is a response writer of a host that can tell what became of an answer.
type Confirmer interface {
	// Confirm calls settle once, after the handler has written its whole answer: with nil where nothing speaks against
	// its having arrived, else with the reason. It does so at once, or when the handler has returned.
	Confirm(settle func(error))
}

// Prepare makes an answer one whose arrival can be told: its client closes the connection after it has read the
// answer to the end.
func Prepare(w http.ResponseWriter) { w.Header().Set("Connection", "close") }

// After calls settle once with what became of an answer that was written with an error, or without. Of a writer that
// is not a Confirmer, and wraps none, that error is all there is to tell.
func After(w http.ResponseWriter, err error, settle func(error)) {
	for err == nil {
		if c, ok := w.(Confirmer); ok {
			c.Confirm(settle)
			return
		}
		wrapped, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		w = wrapped.Unwrap()
	}
	settle(err)
}

type stopKey struct{}

// WithStop notes in a context when the process is asked to stop. Its requests go on, but what only waits should end.
func WithStop(ctx context.Context, stop <-chan struct{}) context.Context {
	return context.WithValue(ctx, stopKey{}, stop)
}

// Stop is closed when the process is asked to stop; nil, which never is, where nobody can ask.
func Stop(ctx context.Context) <-chan struct{} {
	stop, _ := ctx.Value(stopKey{}).(<-chan struct{})
	return stop
}
