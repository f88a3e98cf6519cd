package jetstream

import "context"

// Forget is what a call does that finds the stream gone.
func Forget(q *Queue) { q.link.forget() }

// Unacknowledged counts publications whose acknowledgment is waited for.
func Unacknowledged(q *Queue) int {
	_, js := q.link.connection()
	return js.PublishAsyncPending()
}

// Failed is the error of a call whose client has told err.
func Failed(ctx context.Context, q *Queue, err error) error { return q.failed(ctx, err) }
