package connect

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/open"
	"mayfly/internal/secret"
)

// OpenDeadLetters opens the dead letters of a queue that is named as QUEUE names it. A server whose disk is not synced
// is as good as any for that.
func OpenDeadLetters(
	ctx context.Context, target string, getenv func(string) string, transport http.RoundTripper, now func() time.Time,
) (letters queue.DeadLetters, name string, done func() error, err error) {
	t, err := open.Parse(target)
	if err != nil {
		return nil, "", nil, err
	}
	letters, done, err = open.DeadLetters(ctx, t, &open.Options{
		AllowUnsynced: true, Transport: transport, Getenv: getenv, Now: now, Log: slog.New(slog.DiscardHandler),
		Secrets: &secret.Loader{Transport: transport, Getenv: getenv, Now: now},
	})
	return letters, t.String(), done, err
}
