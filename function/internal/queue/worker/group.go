package worker

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"mayfly/function/internal/delivery"
	"mayfly/function/internal/logged"
	"mayfly/function/internal/metrics"
	"mayfly/function/internal/problem"
	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/entry"
	"mayfly/function/internal/requestlog"
	"mayfly/transform/message"
)

// group is items of one device, in their order.
type group struct {
	*Worker
	settle settler
	key    string
	items  []*item
	single int     // so many are sent one by one, because a batch of them was refused
	via    string  // the gate where it was stopped, which it has to pass next
	more   []*item // that came while the group was worked on
}

// item is an item of a queue, and what it holds.
type item struct {
	*queue.Leased
	entry *entry.Entry
}

// maxBatch bounds the messages that are delivered together.
const maxBatch = 200

// run delivers the items of a group. stop ends its waits, work the delivery itself; what is not delivered then is
// returned.
func (g *group) run(stop, work context.Context) {
	for len(g.items) > 0 {
		scope := g.scope()
		if !g.pass(stop, work, scope) {
			return
		}
		if !g.deliver(work, scope) {
			return
		}
		if stop.Err() != nil {
			g.back(work, 0)
		}
	}
}

// scope names the gate that the items have to pass.
func (g *group) scope() string {
	if g.via != "" {
		return g.via
	}
	m := &g.items[0].entry.Message
	if hub := g.HubOf(m); hub != "" {
		return hubScope(hub)
	}
	return dpsScope(m.Fleet)
}

// pass waits until the gate lets the group through. Where it does not, the items are returned.
func (g *group) pass(stop, work context.Context, scope string) bool {
	began := g.Now()
	for {
		wait, changed, ok := g.gates.enter(scope)
		if ok {
			return true
		}
		crowded := g.holding(1)
		closed, alone := g.gates.closed(scope)
		long := g.Now().Sub(began)+closed > maxHold
		if stop.Err() != nil || !g.settle.waits() || long || crowded && !alone {
			g.holding(-1)
			after := min(max(closed, minWait), maxReturn)
			if stop.Err() != nil {
				after = 0
			}
			g.back(work, after)
			return false
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-changed:
		case <-stop.Done():
		}
		timer.Stop()
		g.holding(-1)
	}
}

// deliver sends the first items once, and settles them. It tells whether the group goes on.
func (g *group) deliver(ctx context.Context, scope string) (goesOn bool) {
	n := min(len(g.items), maxBatch)
	if g.single > 0 {
		n = 1
	}
	batch, began := g.items[:n], g.Now()
	results := g.send(ctx, batch, began)
	g.via = ""
	stored := 0
	for stored < n && results[stored] == nil {
		stored++
	}
	g.done(ctx, batch[:stored], began)
	g.items = g.items[stored:]
	g.single = max(g.single-stored, 0)
	if stored == n {
		g.gates.leave(scope, true)
		return true
	}
	first := batch[stored]
	if ctx.Err() != nil {
		g.gates.leave(scope, stored > 0)
		g.back(ctx, 0)
		return false
	}
	v := judge(ctx, results[stored], &first.entry.Message, began.Sub(first.entry.Accepted), g.Now())
	delivered, closed := stored > 0 || v.refused || v.scope == "" && v.problem.Code != problem.OutOfTime, false
	if v.scope != "" && !v.refused {
		closed = g.gates.fail(scope, delivered, v, began)
	} else {
		g.gates.leave(scope, delivered)
	}
	switch {
	case v.refused && n-stored > 1:
		g.single = n - stored
		return true
	case v.refused:
		if !g.bury(ctx, first, v) {
			g.back(ctx, patience(first.Attempts))
			return false
		}
		g.items = g.items[1:]
		g.single = max(g.single-1, 0)
		return true
	case closed && g.settle.waits():
		g.via = v.scope
		return true // at the gate
	}
	g.Log.LogAttrs(ctx, slog.LevelWarn, "queue: a device waits", slog.String("device", first.name()),
		slog.Int("messages", len(g.items)), slog.String("code", string(v.problem.Code)),
		slog.String("detail", first.hide(v.problem.Detail)), slog.Int("attempts", first.Attempts))
	g.back(ctx, max(v.after, min(minPause<<min(first.Attempts, 10), time.Minute)))
	return false
}

// patience is how long items wait that cannot be settled: longer each time, so that a queue which counts how often it
// has lent an item does not give it up.
func patience(attempts int) time.Duration { return min(minPause<<min(attempts, 10), maxReturn) }

// send delivers items as the messages of one request. A panic is an error of all of them.
func (g *group) send(ctx context.Context, batch []*item, began time.Time) (results []error) {
	ctx, cancel := context.WithTimeout(ctx, deliverTime)
	defer cancel()
	messages := make([]message.Message, len(batch))
	for i, it := range batch {
		messages[i] = it.entry.Message
	}
	defer func() {
		if v := recover(); v != nil {
			requestlog.Panic(ctx, g.Log, v)
			results = slices.Repeat([]error{&problem.Error{Code: problem.Internal}}, len(batch))
		}
	}()
	out := g.Deliver(ctx, &delivery.Request{
		Source: batch[0].entry.Source, Messages: messages, Arrived: batch[0].entry.Accepted,
		AnswerBy: began.Add(answerTime), Admitted: true,
	})
	return out.Results
}

// done deletes what the hub has stored.
func (g *group) done(ctx context.Context, items []*item, began time.Time) {
	if len(items) == 0 {
		return
	}
	first, now := items[0], g.Now()
	for _, it := range items {
		g.Metrics.Add(metrics.QueueMessages, 1, it.entry.Source, "delivered")
		g.Metrics.Observe(metrics.QueueWait, now.Sub(it.entry.Accepted), it.entry.Source)
	}
	g.Log.LogAttrs(ctx, slog.LevelInfo, "delivered from the queue", slog.String("device", first.name()),
		slog.String("source", first.entry.Source), slog.Int("delivered", len(items)),
		slog.Float64("waited", now.Sub(first.entry.Accepted).Seconds()),
		slog.Float64("ms", float64(now.Sub(began).Microseconds())/1000))
	if err := g.settle.done(ctx, leased(items)); err != nil {
		g.Log.LogAttrs(ctx, slog.LevelWarn, "queue: delivered messages cannot be deleted, and come again",
			slog.String("device", first.name()), slog.Int("messages", len(items)), slog.String("error", err.Error()))
	}
	g.gone(items)
}

func (g *group) gone(items []*item) {
	for _, it := range items {
		if g.Gone != nil {
			g.Gone(&it.entry.Message)
		}
	}
}

// back returns all items of the group.
func (g *group) back(ctx context.Context, after time.Duration) {
	if len(g.items) == 0 {
		return
	}
	for _, it := range g.items {
		g.Metrics.Add(metrics.QueueMessages, 1, it.entry.Source, "returned")
	}
	if err := g.settle.back(ctx, leased(g.items), after); err != nil { // their leases end by themselves
		g.Log.LogAttrs(ctx, slog.LevelWarn, "queue: messages cannot be returned",
			slog.Int("messages", len(g.items)), slog.String("error", err.Error()))
	}
	g.items = nil
}

// bury moves an item to the dead letters. It tells whether that worked.
func (g *group) bury(ctx context.Context, it *item, v *verdict) bool {
	p := v.problem
	p.Hide(it.secrets())
	attrs := []slog.Attr{
		slog.String("source", it.entry.Source), slog.String("caller", it.entry.Caller),
		slog.String("device", it.name()), slog.String("messageId", it.entry.Message.MessageID),
	}
	if !g.dead(ctx, it.Leased, p.JSON(), cmp.Or(it.entry.Source, "none"), append(attrs, p.Attrs(it.secrets())...)) {
		return false
	}
	g.gone([]*item{it})
	return true
}

// dead buries one item, counts it and tells the log.
func (g *group) dead(ctx context.Context, it *queue.Leased, doc []byte, source string, attrs []slog.Attr) bool {
	err := g.settle.bury(ctx, it, doc)
	if failed, ok := errors.AsType[*queue.Error](err); ok && failed.Kind == queue.LeaseLost {
		return true // another worker has it
	}
	if err != nil {
		g.Log.LogAttrs(ctx, slog.LevelError, "queue: a message cannot be moved to the dead letters",
			append(attrs, slog.String("error", err.Error()))...)
		return false
	}
	g.Metrics.Add(metrics.QueueMessages, 1, source, "dead")
	g.Log.LogAttrs(ctx, slog.LevelError, "dead letter", attrs...)
	return true
}

// name is the device of an item, as the log may show it.
func (it *item) name() string { return it.hide(it.entry.Message.DeviceID) }

func (it *item) secrets() []string { return message.SecretIDs([]message.Message{it.entry.Message}) }

func (it *item) hide(text string) string { return logged.Hide(text, it.secrets()) }

func leased(items []*item) []*queue.Leased {
	out := make([]*queue.Leased, len(items))
	for i, it := range items {
		out[i] = it.Leased
	}
	return out
}
