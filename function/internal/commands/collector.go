package commands

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"mayfly/function/internal/downlink"
	"mayfly/function/internal/receipt"
	"mayfly/function/internal/requestlog"
	"mayfly/transform"
	"mayfly/transform/answer"
	down "mayfly/transform/downlink"
	"mayfly/transform/message"
)

// answerMargin is left of the request's own time for writing the answer.
const answerMargin = 300 * time.Millisecond

// Collector gets what waits for the device of a request that was stored.
type Collector struct {
	Dispatcher *downlink.Dispatcher
	// Mailbox opens what waits for the device of a message; ok is false where its hub is not known.
	Mailbox func(ctx context.Context, m *message.Message) (box downlink.Mailbox, ok bool)
	Pushes  *Pushes
	Log     *slog.Logger
	Now     func() time.Time
}

// Request is a request all of whose messages are stored.
type Request struct {
	HTTP     *http.Request
	Client   context.Context   //nolint:containedctx // ends where its client is gone; it is looked at and not handed on
	Source   string            // its name
	Mapped   *transform.Source // nil: a native route
	Request  *message.Request
	Messages []message.Message
	Part     int       // of the body, of which the first message is
	AnswerBy time.Time // when its sender stops waiting
	Allowed  bool      // whether its caller may receive
}

// Delivery is what goes with the answer to a request. A nil one is nothing.
type Delivery struct {
	Note  string // why nothing goes, where the sender should know; the rest is zero then
	batch *downlink.Batch

	push   func(context.Context) // after the answer; nil: nothing is pushed
	posted bool                  // the host tells when the answer was posted

	hono  bool
	reply answer.Replied

	client context.Context //nolint:containedctx // of the request
	gone   bool            // before the answer was written
	err    error           // why the answer was not written
}

var (
	errNotWritten = errors.New("the answer was not written")
	errGone       = errors.New("the client was gone before the answer was written")
)

// Wanted tells whether a request may be answered with messages, or messages be pushed after it: it costs next to
// nothing, for all those that are not.
func Wanted(r *http.Request, mapped *transform.Source, messages []message.Message) bool {
	if mapped == nil {
		_, ok := WantedBy(r)
		return ok
	}
	settings := &mapped.Downlink
	if !settings.InAnswer() {
		return mapped.Pusher() != nil
	}
	return len(messages) > 0 && (settings.When.IsZero() || messages[0].Downlink)
}

// Collect locks what waits for the device of a request that is Wanted.
func (c *Collector) Collect(ctx context.Context, r *Request) *Delivery {
	ask := downlink.Ask{Until: r.AnswerBy, MaxBytes: downlink.DefaultMaxBytes}
	d := &Delivery{client: r.Client}
	var values []any
	if r.Mapped == nil {
		wanted, _ := WantedBy(r.HTTP)
		d.hono = wanted.Hono
		ask.Wanted, ask.Wait, ask.Max = true, wanted.Wait, downlink.DefaultMax
		if wanted.Hono {
			ask.Max = 1
		}
		ask.Until = later(r.AnswerBy, c.Now().Add(wanted.Wait+downlink.MinPatience))
	} else {
		settings := &r.Mapped.Downlink
		if !settings.InAnswer() {
			return c.pushAfter(ctx, r)
		}
		ask.Wanted, ask.Every, ask.Max = !settings.When.IsZero(), settings.Every, settings.Max
		if ask.Every == 0 {
			ask.Every = downlink.DefaultEvery
		}
		fit := c.fitter(ctx, r)
		ask.Fit = func(m *down.Message) downlink.Result {
			frame, result := fit(m)
			if result.Outcome == downlink.Delivered {
				values = append(values, m.Value(frame))
			}
			return result
		}
	}
	if !oneDevice(r.Messages) {
		return nil
	}
	if !r.Allowed {
		return &Delivery{Note: "this caller may not receive commands"}
	}
	first := &r.Messages[0]
	box, ok := c.Mailbox(ctx, first)
	if !ok {
		return nil
	}
	if deadline, ok := ctx.Deadline(); ok && ask.Until.After(deadline.Add(-answerMargin)) {
		ask.Until = deadline.Add(-answerMargin)
	}
	ask.Source, ask.Fleet, ask.DeviceID, ask.Mailbox = r.Source, first.Fleet, first.DeviceID, box
	ask.LogName, ask.RequestID = logName(first), requestlog.ID(ctx)
	ask.Client, ask.Stop = r.Client, receipt.Stop(ctx)
	d.batch = c.Dispatcher.Take(ctx, &ask)
	if len(d.batch.Messages) == 0 {
		return nil
	}
	d.err = errNotWritten
	if r.Mapped != nil {
		var err error
		if d.reply, err = r.Mapped.ReplyCommands(ctx, r.Request, values[:len(d.batch.Messages)]); err != nil {
			c.Log.LogAttrs(ctx, slog.LevelWarn, "the answer with a command cannot be made",
				slog.String("requestId", ask.RequestID), slog.String("source", r.Source),
				slog.String("cause", message.Shorten(err.Error())))
			d.batch.Settle(ctx, err)
			return nil
		}
	}
	return d
}

// fitter makes what makes the bytes of messages for the device of a request, by the codec of its source where that
// encodes.
func (c *Collector) fitter(ctx context.Context, r *Request) func(*down.Message) (down.Frame, downlink.Result) {
	settings := &r.Mapped.Downlink
	encoding := sync.OnceValues(func() (down.Encoding, error) {
		up, err := r.Mapped.Uplink(ctx, r.Request, 0)
		return down.Encoding{Encoder: up.Encoder, MaxBytes: down.MaxBody, Clock: c.Now()}, err
	})
	return func(m *down.Message) (down.Frame, downlink.Result) {
		e, err := encoding()
		var content down.Content
		if err == nil {
			content, err = m.Content(ctx, e)
		}
		var unfit *down.ContentError
		if err != nil && !errors.As(err, &unfit) {
			return content.Frame, downlink.Result{Outcome: downlink.Retry, Reason: message.Shorten(err.Error())}
		}
		if err == nil {
			content.Frame, err = content.Exactly(settings.Bytes)
		}
		if err != nil && (settings.Bytes > 0 || e.Encoder != nil) { // else an answer need not want bytes
			return content.Frame, downlink.Result{Outcome: downlink.Reject, Reason: message.Shorten(err.Error())}
		}
		return content.Frame, downlink.Result{Outcome: downlink.Delivered}
	}
}

// logName is what the log calls the device of a message.
func logName(m *message.Message) string {
	if m.SecretID {
		return "(secret)"
	}
	return m.DeviceID
}

// oneDevice tells whether all messages are of one device.
func oneDevice(messages []message.Message) bool {
	for i := range messages {
		if messages[i].DeviceID != messages[0].DeviceID || messages[i].Fleet != messages[0].Fleet {
			return false
		}
	}
	return len(messages) > 0
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
