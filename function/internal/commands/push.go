package commands

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"mayfly/function/internal/downlink"
	"mayfly/function/internal/push"
	"mayfly/function/internal/receipt"
	"mayfly/function/internal/requestlog"
)

const (
	maxPushing = 64               // requests after whose answers messages are pushed, at a time
	pushTime   = 20 * time.Second // for all of one request; a hub locks a message for a minute
)

// Pushes is how messages are pushed to the cloud of a device after the answer to it.
type Pushes struct {
	Client *push.Client
	// Posted says that a host tells when an answer was posted, and that nothing runs for long after it: AWS Lambda.
	Posted bool

	places chan struct{}
}

// NewPushes makes them.
func NewPushes(client *push.Client, posted bool) *Pushes {
	return &Pushes{Client: client, Posted: posted, places: make(chan struct{}, maxPushing)}
}

// pushAfter gives what pushes the messages that wait for the device of a request once it is answered; nil where the hub
// is not to be asked now.
func (c *Collector) pushAfter(ctx context.Context, r *Request) *Delivery {
	pusher := r.Mapped.Pusher()
	if pusher == nil || !r.Allowed || !oneDevice(r.Messages) || !c.Pushes.Client.Ready(pusher) {
		return nil
	}
	first := &r.Messages[0]
	box, ok := c.Mailbox(ctx, first)
	if !ok {
		return nil
	}
	ask := &downlink.Ask{
		Source: r.Source, Fleet: first.Fleet, DeviceID: first.DeviceID, LogName: logName(first), Mailbox: box,
		RequestID: requestlog.ID(ctx), Every: cmp.Or(r.Mapped.Downlink.Every, downlink.DefaultEvery),
		Max: downlink.DefaultMax, MaxBytes: downlink.DefaultMaxBytes,
		Until: c.Now().Add(pushTime), Stop: receipt.Stop(ctx),
	}
	if len(c.Pushes.places) == maxPushing || !c.Dispatcher.Due(ask) {
		return nil
	}
	to := c.Pushes.Client.Deliverer(func(ctx context.Context) (*push.Way, error) {
		up, err := r.Mapped.Uplink(ctx, r.Request, r.Part)
		return &push.Way{Source: r.Source, Pusher: pusher, Uplink: up}, err
	})
	return &Delivery{posted: c.Pushes.Posted, push: func(ctx context.Context) {
		select {
		case c.Pushes.places <- struct{}{}:
			defer func() { <-c.Pushes.places }()
		default:
			return // the messages wait for another uplink
		}
		now := c.Now()
		ask.Wanted, ask.Until = true, now.Add(pushTime)
		if deadline, ok := ctx.Deadline(); ok && deadline.Before(ask.Until) {
			ask.Until = deadline
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ask.Until.Sub(now))
		defer cancel()
		if n := c.Dispatcher.Push(ctx, ask, to); n > 0 {
			c.Log.LogAttrs(ctx, slog.LevelInfo, "messages pushed to a device", slog.String("source", r.Source),
				slog.String("requestId", ask.RequestID), slog.String("device", ask.LogName), slog.Int("messages", n))
		}
	}}
}

// pushNow pushes after the answer was handed over. A sender waits for no more than that.
func (d *Delivery) pushNow(ctx context.Context, w http.ResponseWriter) {
	if d.posted {
		receipt.After(w, nil, func(error) { d.push(ctx) })
		return
	}
	_ = http.NewResponseController(w).Flush() // a sender that is gone has sent its uplink all the same
	d.push(ctx)
}
