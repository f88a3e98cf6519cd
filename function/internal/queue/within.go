package queue

import "context"

// Within gives a context for a call to a queue: it ends with ctx, and with open, which ends when the queue is closed.
func Within(ctx, open context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(open, cancel)
	if open.Err() != nil { // AfterFunc takes its time
		cancel()
	}
	return ctx, func() { stop(); cancel() }
}
