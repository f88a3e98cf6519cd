package trigger

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"mayfly/function/internal/queue"
)

// Trigger takes messages that a cloud hands over.
type Trigger struct {
	Queue queue.Queue // that the messages are from
	// Handle delivers or buries items, and gives those that have to come again: see worker.Worker.HandleBatch.
	Handle func(ctx context.Context, items []*queue.Leased) (failed []*queue.Leased)
	Log    *slog.Logger
	Now    func() time.Time
}

const (
	firstDelay = 10 * time.Second
	lastDelay  = 15 * time.Minute
	settleTime = 5 * time.Second
)

// delay is how long an item waits for its next try: twice as long after each.
func delay(attempts int) time.Duration {
	d := firstDelay
	for range min(attempts-1, 10) {
		d *= 2
	}
	return min(d, lastDelay)
}

// settling is time to tell the queue what became of items when the work on them has ended: until ctx' own deadline, and
// settleTime at most.
func settling(ctx context.Context) (context.Context, context.CancelFunc) {
	settle, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	deadline, ok := ctx.Deadline()
	if !ok {
		return settle, cancel
	}
	settle, end := context.WithDeadline(settle, deadline)
	return settle, func() { end(); cancel() }
}

// marks are the headers that App Service's front end and the Functions host's proxy add to requests of clients. The
// host's own calls have none of them.
var marks = []string{
	"X-Forwarded-", "X-Original-", "X-Arr-", "X-Appservice-", "X-Site-Deployment-Id", "X-Ms-Client-Principal",
	"X-Functions-Key", "X-Waws-", "Forwarded", "Disguised-Host", "Was-Default-Hostname", "Client-Ip", "Max-Forwards",
}

// FromHost reports whether a request is the Functions host's own: no client can take the marks off that are added to
// its requests. It is one of two locks: entries of the queue may also be signed.
func FromHost(r *http.Request) bool {
	for name := range r.Header {
		for _, mark := range marks {
			if strings.HasPrefix(name, mark) {
				return false
			}
		}
	}
	return true
}
