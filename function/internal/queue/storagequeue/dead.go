package storagequeue

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/envelope"
	"mayfly/function/internal/queue/shelf"
)

// poison is what the name of the queue of dead letters ends in. The Functions host uses the same.
const poison = "-poison"

// Check reports whether the queue is there.
func (q *Queue) Check(ctx context.Context) error {
	ctx, done := queue.Within(ctx, q.ctx)
	defer done()
	_, err := q.client.stored(ctx)
	if failed, ok := errors.AsType[*queue.Error](err); ok && failed.Kind == queue.Missing {
		return q.client.failed(queue.Missing, fmt.Errorf("%w: create it with "+
			"az storage queue create --name %s --account-name %s", failed.Err, q.client.name, q.client.account))
	}
	return err
}

// Depth gives Azure's estimates. The age is that of the oldest message that is not leased.
func (q *Queue) Depth(ctx context.Context) (queue.Depth, error) {
	ctx, done := queue.Within(ctx, q.ctx)
	defer done()
	var depth queue.Depth
	var err error
	if depth.Items, err = q.client.stored(ctx); err != nil {
		return depth, err
	}
	if depth.Dead, err = q.client.to(q.client.name + poison).stored(ctx); isMissing(err) {
		err = nil // nothing was ever buried
	}
	if err != nil || depth.Items == 0 {
		return depth, err
	}
	next, err := q.client.messages(ctx, 1, 0)
	if err == nil && len(next) > 0 {
		depth.Oldest = next[0].leased().Put
	}
	return depth, err
}

func isMissing(err error) bool {
	failed, ok := errors.AsType[*queue.Error](err)
	return ok && failed.Kind == queue.Missing
}

// Bury stores an item among the dead letters, and deletes it here then. What fails in between leaves both. An item that
// Item has made is deleted by whoever has received it.
func (q *Queue) Bury(ctx context.Context, item *queue.Leased, reason []byte) error {
	ctx, done := queue.Within(ctx, q.ctx)
	defer done()
	if err := q.bury(ctx, item, reason); err != nil || item.Handle == nil {
		return err
	}
	return q.Delete(ctx, []*queue.Leased{item})
}

func (q *Queue) bury(ctx context.Context, item *queue.Leased, reason []byte) error {
	e := envelope.Envelope{
		Item: item.Item, Put: item.Put, Attempts: item.Attempts, Buried: q.client.now(), Reason: reason,
	}
	text := envelope.Format(e)
	if len(text) > maxTextBytes { // the item was near the limit: better without the reason than not at all
		e.Reason = nil
		text = envelope.Format(e)
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(text))
	if len(text) > maxTextBytes { // somebody else has written it: as it was, or it would come again for ever
		encoded = base64.StdEncoding.EncodeToString(item.Data)
		if len(item.Data) > maxTextBytes {
			encoded = string(item.Data)
		}
	}
	dead := q.client.to(q.client.name + poison)
	err := dead.putAsIs(ctx, encoded, 0)
	if !isMissing(err) {
		return err
	}
	if err := dead.create(ctx); err != nil {
		return dead.failed(queue.Missing, fmt.Errorf("it cannot be created: %w", err))
	}
	return dead.putAsIs(ctx, encoded, 0)
}

// DeadLetters gives the dead letters of the queue, those that the Functions host has put there among them.
func (q *Queue) DeadLetters() queue.DeadLetters { return (*deadLetters)(q) }

type deadLetters Queue

// List gives up to n dead letters. Others cannot have them for a while.
func (d *deadLetters) List(ctx context.Context, n int) ([]queue.DeadLetter, error) {
	ctx, done := queue.Within(ctx, d.ctx)
	defer done()
	items, err := d.shelf.List(ctx, n)
	list := make([]queue.DeadLetter, len(items))
	for i, it := range items {
		list[i] = it.letter
	}
	return list, err
}

// Replay moves a dead letter back into the queue.
func (d *deadLetters) Replay(ctx context.Context, id string) error {
	return d.take(ctx, id, func(ctx context.Context, it *deadItem) error {
		return d.client.putMessage(ctx, envelope.Format(envelope.Envelope{Item: it.letter.Item}), 0)
	})
}

// Drop deletes a dead letter.
func (d *deadLetters) Drop(ctx context.Context, id string) error {
	return d.take(ctx, id, func(context.Context, *deadItem) error { return nil })
}

// take looks for a dead letter, and deletes it once use is done with it.
func (d *deadLetters) take(ctx context.Context, id string, use func(context.Context, *deadItem) error) error {
	ctx, done := queue.Within(ctx, d.ctx)
	defer done()
	found, err := d.shelf.Take(ctx, id, func(it *deadItem) error {
		if err := use(ctx, it); err != nil {
			return err
		}
		return d.client.to(d.client.name+poison).remove(ctx, &it.handle)
	})
	if err == nil && !found {
		err = d.client.failed(queue.NoItem, nil)
	}
	return err
}

// deadItem is a dead letter that is leased.
type deadItem struct {
	letter queue.DeadLetter
	handle handle
}

// deadSource is the dead letters as a shelf wants them.
type deadSource struct{ *client }

func (d deadSource) Receive(ctx context.Context, n int) ([]*deadItem, error) {
	messages, err := d.messages(ctx, n, shelf.Lease)
	if isMissing(err) {
		return nil, nil // nothing was ever buried
	}
	items := make([]*deadItem, len(messages))
	for i := range messages {
		m := &messages[i]
		letter := queue.DeadLetter{ID: m.ID, Item: m.leased().Item}
		if text, err := base64.StdEncoding.DecodeString(m.Text); err == nil {
			if e, ok := envelope.Parse(string(text)); ok {
				letter.Buried, letter.Reason = e.Buried, e.Reason
			}
		}
		if at, err := time.Parse(http.TimeFormat, m.Inserted); err == nil && letter.Buried.IsZero() {
			letter.Buried = at.UTC()
		}
		items[i] = &deadItem{letter: letter, handle: handle{id: m.ID, receipt: m.PopReceipt}}
	}
	return items, err
}

func (d deadSource) Extend(ctx context.Context, it *deadItem) error {
	return d.update(ctx, &it.handle, shelf.Lease)
}

func (d deadSource) Release(ctx context.Context, list []*deadItem) {
	each(list, func(it *deadItem) error { return d.update(ctx, &it.handle, 0) }) // else their leases end
}

func (d deadSource) ID(it *deadItem) string { return it.letter.ID }
