package connect

import (
	"context"
	"log/slog"
	"time"

	"mayfly/function/internal/config"
	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/entry"
	"mayfly/function/internal/queue/open"
	"mayfly/internal/secret"
)

// OpenQueue opens the queue that the configuration names; nil where it names none.
func OpenQueue(
	ctx context.Context, c *config.Config, log *slog.Logger, now func() time.Time,
) (queue.Queue, error) {
	if c.QueueTarget == nil {
		return nil, nil
	}
	transport := toQueue()
	return open.Open(ctx, *c.QueueTarget, &open.Options{
		AllowUnsynced: c.AllowUnsynced, Transport: transport, Getenv: c.Getenv, Now: now, Log: log,
		Secrets: &secret.Loader{Transport: transport, Getenv: c.Getenv, Now: now},
	})
}

// EntryCodec makes what writes and reads the entries of the queue.
func EntryCodec(c *config.Config, secrets *secret.Loader) *entry.Codec {
	codec := &entry.Codec{HasFleet: func(name string) bool {
		_, has := c.Fleets[name]
		return has
	}}
	if c.QueueKey != nil {
		keys := secret.NewValue(secrets, *c.QueueKey, config.SigningKeys)
		codec.Keys, codec.Refresh = keys.Get, keys.Refresh
	}
	return codec
}
