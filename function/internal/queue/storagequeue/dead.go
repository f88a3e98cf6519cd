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
)

const (
	// poison is what the name of the queue of dead letters ends in. The Functions host uses the same.
	poison = "-poison"
	// scanLease hides dead letters while they are listed or looked for: a look at more than 32 needs leases.
	scanLease = 20 * time.Second
	// maxScan bounds a search among dead letters.
	maxScan = 2000
)

// Check reports whether the queue is there.
func (q *Queue) Check(ctx context.Context) error {
	ctx, done := q.within(ctx)
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
	ctx, done := q.within(ctx)
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
	ctx, done := q.within(ctx)
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
	dead := q.client.to(q.client.name + poison)
	err := dead.putMessage(ctx, text, 0)
	if !isMissing(err) {
		return err
	}
	if err := dead.create(ctx); err != nil {
		return dead.failed(queue.Missing, fmt.Errorf("it cannot be created: %w", err))
	}
	return dead.putMessage(ctx, text, 0)
}

// DeadLetters gives the dead letters of the queue, those that the Functions host has put there among them.
func (q *Queue) DeadLetters() queue.DeadLetters { return (*deadLetters)(q) }

type deadLetters Queue

// List gives up to n dead letters. They cannot be listed or taken by anybody else meanwhile.
func (d *deadLetters) List(ctx context.Context, n int) ([]queue.DeadLetter, error) {
	var list []queue.DeadLetter
	err := d.scan(ctx, n, func(_ *client, m *message) (bool, error) {
		letter := queue.DeadLetter{ID: m.ID, Item: m.leased().Item}
		if text, err := base64.StdEncoding.DecodeString(m.Text); err == nil {
			if e, ok := envelope.Parse(string(text)); ok {
				letter.Buried, letter.Reason = e.Buried, e.Reason
			}
		}
		if at, err := time.Parse(http.TimeFormat, m.Inserted); err == nil && letter.Buried.IsZero() {
			letter.Buried = at.UTC()
		}
		list = append(list, letter)
		return false, nil
	})
	return list, err
}

// Replay moves a dead letter back into the queue.
func (d *deadLetters) Replay(ctx context.Context, id string) error {
	return d.find(ctx, id, func(ctx context.Context, m *message) error {
		return d.client.putMessage(ctx, envelope.Format(envelope.Envelope{Item: m.leased().Item}), 0)
	})
}

// Drop deletes a dead letter.
func (d *deadLetters) Drop(ctx context.Context, id string) error {
	return d.find(ctx, id, func(context.Context, *message) error { return nil })
}

// find looks for a dead letter, and deletes it once use is done with it.
func (d *deadLetters) find(ctx context.Context, id string, use func(context.Context, *message) error) error {
	found := false
	err := d.scan(ctx, maxScan, func(dead *client, m *message) (bool, error) {
		if found = m.ID == id; !found {
			return false, nil
		}
		if err := use(ctx, m); err != nil {
			return true, err
		}
		return true, dead.remove(ctx, &handle{id: m.ID, receipt: m.PopReceipt})
	})
	if err == nil && !found {
		err = d.client.failed(queue.NoItem, nil)
	}
	return err
}

// scan leases up to n dead letters, shows them to use until it has enough, and lets all of them be seen again.
func (d *deadLetters) scan(ctx context.Context, n int, use func(*client, *message) (enough bool, err error)) error {
	q := (*Queue)(d)
	ctx, done := q.within(ctx)
	defer done()
	dead := q.client.to(q.client.name + poison)
	var held []*message
	defer func() {
		back, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
		defer cancel()
		each(held, func(m *message) error { // what fails is seen again after scanLease; what was deleted fails
			return dead.update(back, &handle{id: m.ID, receipt: m.PopReceipt}, 0)
		})
	}()
	seen := map[string]bool{}
	for n > len(seen) {
		messages, err := dead.messages(ctx, n-len(seen), scanLease)
		if isMissing(err) {
			return nil // nothing was ever buried
		}
		if err != nil {
			return err
		}
		for i := range messages {
			held = append(held, &messages[i])
		}
		fresh := false
		for i := range messages {
			m := &messages[i]
			if seen[m.ID] {
				continue // its lease has ended meanwhile
			}
			seen[m.ID], fresh = true, true
			if enough, err := use(dead, m); enough || err != nil {
				return err
			}
		}
		if !fresh {
			return nil
		}
	}
	return nil
}
