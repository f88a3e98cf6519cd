package open

import (
	"context"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/jetstream"
)

func openJetStream(ctx context.Context, t Target, o *Options) (queue.Queue, error) {
	q, err := jetstream.Open(ctx, t.Place, jetstream.Options{
		AllowUnsynced: o.AllowUnsynced, Transport: o.Transport, Secrets: o.Secrets, Log: o.Log, Now: o.Now,
	})
	if err != nil {
		return nil, err
	}
	return q, nil
}
