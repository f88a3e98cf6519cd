package function

import (
	"context"
	"net/http"
	"time"

	"mayfly/function/internal/connect"
	"mayfly/function/internal/queue"
)

type (
	// DeadLetters are the messages of a queue that cannot be delivered.
	DeadLetters = queue.DeadLetters
	// DeadLetter is one of them, and why.
	DeadLetter = queue.DeadLetter
	// QueueDepth is how full a queue is.
	QueueDepth = queue.Depth
)

// OpenDeadLetters opens the dead letters of a queue that is named as QUEUE names it. Name is without credentials; done
// closes what was opened.
func OpenDeadLetters(ctx context.Context, target string, getenv func(string) string, transport http.RoundTripper) (
	letters DeadLetters, name string, done func() error, err error,
) {
	return connect.OpenDeadLetters(ctx, target, getenv, transport, time.Now)
}
