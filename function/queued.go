package function

import (
	"context"
	"log/slog"
	"time"

	"mayfly/function/internal/connect"
	"mayfly/function/internal/durable"
	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/trigger"
	"mayfly/function/internal/queue/worker"
	"mayfly/internal/secret"
)

// Queue takes messages that are delivered later.
type Queue = queue.Queue

// OpenQueue opens the queue that QUEUE names; nil where it names none.
func OpenQueue(ctx context.Context, c *Config, log *slog.Logger) (Queue, error) {
	return connect.OpenQueue(ctx, c, log, time.Now)
}

// useQueue has messages queued that the hub does not take now.
func (s *Service) useQueue(q Queue, secrets *secret.Loader) {
	if q == nil {
		return
	}
	s.queue = q
	codec := connect.EntryCodec(s.config, secrets)
	s.durable = durable.New(&durable.Options{
		Queue: q, Codec: codec, Delivery: s.delivery, Metrics: s.metrics, Log: s.log, Now: s.now,
	})
	s.worker = worker.New(&worker.Options{
		Queue: q, Codec: codec, Deliver: s.delivery.Deliver, HubOf: s.delivery.HubOf, Places: s.config.QueueWorkers,
		Metrics: s.metrics, Log: s.log, Now: s.now, Gone: s.durable.Gone,
	})
}

// Start delivers what is in the queue, until ctx is done or the Service is closed. It is for the plain server: where a
// cloud calls the function with what is in the queue, that is what Records and the route of the trigger are for.
func (s *Service) Start(ctx context.Context) {
	if s.worker == nil {
		return
	}
	ctx, s.stopWork = context.WithCancel(ctx)
	s.durable.Begin()
	s.working.Go(func() { s.worker.Run(ctx) })
	s.working.Go(func() { s.durable.Watch(ctx) })
}

// Records returns what answers Lambda's events with messages of the queue; nil where there is none.
func (s *Service) Records() func(ctx context.Context, event []byte) (answer []byte, err error) {
	if s.worker == nil {
		return nil
	}
	return func(ctx context.Context, event []byte) ([]byte, error) {
		defer s.flushAll(ctx)
		return s.trigger().SQS(ctx, event)
	}
}

func (s *Service) trigger() *trigger.Trigger {
	return &trigger.Trigger{Queue: s.queue, Handle: s.worker.HandleBatch, Log: s.log, Now: s.now}
}
