package downlink

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"mayfly/httpsend"
	"mayfly/transform/downlink"
)

const (
	// DefaultEvery is how often a device's hub is asked where no request wants it
	// (azure-docs, iot-hub/iot-hub-devguide-protocols.md: once in 25 minutes at most).
	DefaultEvery = 25 * time.Minute
	// MinPatience is what the sender must have left for the hub to be asked.
	MinPatience = time.Second
	// DefaultMax bounds the messages that one request gets.
	DefaultMax = 10
	// DefaultMaxBytes bounds their bodies together. The first message always fits.
	DefaultMaxBytes = 64 << 10

	// A call to a hub that is silent is given up after half of what the sender still waits, but not before this. A
	// message that such a call has locked is delivered again when its lock ends.
	minReceive = 2 * time.Second
	// answerMargin is left of the sender's patience for writing the answer.
	answerMargin = 300 * time.Millisecond
	// maxRejected is how many messages in a row are rejected for one request.
	maxRejected = 5
	// settleTime bounds the calls that settle the messages of one request.
	settleTime = 20 * time.Second

	minPoll = time.Second // between two looks for a message that is waited for; it doubles
	maxPoll = 8 * time.Second
)

// Mailbox is what waits for one device at its hub.
type Mailbox interface {
	// Receive locks the first message; nil where nothing waits.
	Receive(ctx context.Context) (*downlink.Message, error)
	Complete(ctx context.Context, lockToken string) error
	Abandon(ctx context.Context, lockToken string) error
	Reject(ctx context.Context, lockToken string) error
}

// Step is what happens to messages, or to the question for them.
type Step string

// The steps, as counters name them.
const (
	Asked     Step = "asked"
	Failed    Step = "failed" // the hub gave no usable answer
	Locked    Step = "locked"
	Completed Step = "completed"
	Abandoned Step = "abandoned"
	Rejected  Step = "rejected"
	Lost      Step = "lost" // the lock did not hold until the message was completed: it is delivered again
)

// Options is what a dispatcher is made of.
type Options struct {
	Log *slog.Logger
	Now func() time.Time
	// Count is told of each step; may be nil.
	Count func(source string, step Step)
	// MaxWaiting bounds the requests that wait for a message at one time; 256 when 0. One more looks once.
	MaxWaiting int
}

// Dispatcher locks and settles messages.
type Dispatcher struct {
	log     *slog.Logger
	now     func() time.Time
	count   func(string, Step)
	turns   turns
	asked   asked
	waiting chan struct{}
}

// New makes a dispatcher.
func New(o Options) *Dispatcher {
	if o.Count == nil {
		o.Count = func(string, Step) {}
	}
	if o.MaxWaiting == 0 {
		o.MaxWaiting = 256
	}
	return &Dispatcher{
		log: o.Log, now: o.Now, count: o.Count, waiting: make(chan struct{}, o.MaxWaiting),
	}
}

// Batch is messages that are locked for one answer.
type Batch struct {
	Messages []*downlink.Message // in the order of the hub

	dispatcher *Dispatcher
	ask        *Ask
	release    func()
}

// Take locks what waits for a device, as far as it is due and there is time. It never returns nil; a batch with
// messages has to be settled. An error of the hub is in the log alone: the telemetry is stored.
func (d *Dispatcher) Take(ctx context.Context, ask *Ask) *Batch {
	b := &Batch{dispatcher: d, ask: ask}
	if !d.due(ask) {
		return b
	}
	leave, end := d.enterWait(ask)
	defer leave()
	for pause := minPoll; ; pause = min(pause*2, maxPoll) {
		release, ok := d.turns.enter(ctx, ask)
		if !ok {
			return b
		}
		d.fill(ctx, b)
		if len(b.Messages) > 0 {
			b.release = release
			return b
		}
		release()
		if !ask.sleep(ctx, min(pause, end.Sub(d.now()))) {
			return b
		}
	}
}

// fill locks messages until there are enough, or no more.
func (d *Dispatcher) fill(ctx context.Context, b *Batch) {
	size, rejected := 0, 0
	for len(b.Messages) < max(b.ask.Max, 1) && rejected < maxRejected {
		m := d.receive(ctx, b.ask)
		if m == nil {
			return
		}
		if b.ask.Fit != nil {
			if result := b.ask.Fit(m); result.Outcome != Delivered {
				d.settleInTime(ctx, b.ask, m, result)
				if result.Outcome == Retry {
					return
				}
				rejected++
				continue
			}
		}
		if size += len(m.Body); len(b.Messages) > 0 && size > b.ask.MaxBytes {
			d.settleInTime(ctx, b.ask, m, Result{Outcome: Retry, Reason: "it does not fit beside those before it"})
			return
		}
		b.Messages = append(b.Messages, m)
	}
}

// receive locks one message, if there is time; nil where there is none.
func (d *Dispatcher) receive(ctx context.Context, ask *Ask) *downlink.Message {
	left := ask.Until.Sub(d.now())
	if left < MinPatience || ask.gone() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTime(left))
	defer cancel()
	d.count(ask.Source, Asked)
	m, err := ask.Mailbox.Receive(ctx)
	if err != nil {
		d.count(ask.Source, Failed)
		d.log.LogAttrs(ctx, slog.LevelInfo, "what waits for a device cannot be received", append(ask.attrs(nil),
			slog.String("cause", err.Error()))...)
		return nil
	}
	if m != nil {
		m.DeviceID, m.Fleet = ask.DeviceID, ask.Fleet
		d.count(ask.Source, Locked)
	}
	return m
}

// callTime is how long a call to the hub may take where the sender still waits for left.
func callTime(left time.Duration) time.Duration {
	return min(left-answerMargin, max(left/2, minReceive))
}

// Settle completes the messages after their answer has been written, or gives them back where an error says that it
// was not. It must be called once where there are messages, and does not depend on the end of ctx.
func (b *Batch) Settle(ctx context.Context, err error) {
	if b.release == nil {
		return
	}
	defer b.release()
	b.release = nil
	result := Result{Outcome: Delivered}
	if err != nil {
		result = Result{Outcome: Retry, Reason: err.Error()}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	for _, m := range b.Messages {
		b.dispatcher.settle(ctx, b.ask, m, result)
	}
}

// settleInTime settles a message while the answer is waited for.
func (d *Dispatcher) settleInTime(ctx context.Context, ask *Ask, m *downlink.Message, result Result) {
	ctx, cancel := context.WithTimeout(ctx, callTime(ask.Until.Sub(d.now())))
	defer cancel()
	d.settle(ctx, ask, m, result)
}

// settle tells the hub what became of a message.
func (d *Dispatcher) settle(ctx context.Context, ask *Ask, m *downlink.Message, result Result) {
	do, step, level, what := ask.Mailbox.Complete, Completed, slog.LevelDebug, "command delivered"
	switch result.Outcome {
	case Reject:
		do, step, level, what = ask.Mailbox.Reject, Rejected, slog.LevelWarn, "command rejected"
	case Retry:
		do, step, level, what = ask.Mailbox.Abandon, Abandoned, slog.LevelInfo, "command given back"
	case Delivered:
	}
	attrs := ask.attrs(m)
	if result.Reason != "" {
		attrs = append(attrs, slog.String("reason", result.Reason))
	}
	if err := do(ctx, m.LockToken); err != nil {
		failed, _ := errors.AsType[*httpsend.Error](err)
		// A try that got no answer may have done it; the next one finds no lock then.
		if failed == nil || failed.Kind != httpsend.LockLost || failed.Tries < 2 {
			step, level, what = Lost, slog.LevelWarn, "command may be delivered again: it could not be settled"
			attrs = append(attrs, slog.String("cause", err.Error()))
		}
	}
	d.count(ask.Source, step)
	d.log.LogAttrs(ctx, level, what, attrs...)
}

// attrs says in the log which message it is about.
func (a *Ask) attrs(m *downlink.Message) []slog.Attr {
	attrs := []slog.Attr{slog.String("source", a.Source), slog.String("device", a.LogName)}
	if a.RequestID != "" {
		attrs = append(attrs, slog.String("requestId", a.RequestID))
	}
	if m != nil {
		attrs = append(attrs, slog.String("messageId", m.ID), slog.Uint64("sequence", m.Sequence))
	}
	return attrs
}
