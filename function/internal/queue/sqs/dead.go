package sqs

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/envelope"
	"mayfly/function/internal/queue/shelf"
)

// scanWait makes SQS ask all of its servers for dead letters.
const scanWait = time.Second

// Check reports what the queue's settings lack, and whether it can be reached.
func (q *Queue) Check(ctx context.Context) error {
	ctx, done := queue.Within(ctx, q.ctx)
	defer done()
	dead, err := q.deadLetters(ctx)
	if err != nil {
		return err
	}
	_, err = dead.attributes(ctx)
	return err
}

// deadLetters finds the queue of dead letters, once.
func (q *Queue) deadLetters(ctx context.Context) (*client, error) {
	if dead := q.dead.Load(); dead != nil {
		return dead, nil
	}
	a, err := q.client.attributes(ctx)
	if err != nil {
		return nil, err
	}
	dead, err := q.client.deadQueue(a)
	if err != nil {
		return nil, err
	}
	q.dead.Store(dead)
	return dead, nil
}

// deadQueue reads where dead letters go from the queue's attributes.
func (c *client) deadQueue(a attributes) (*client, error) {
	var policy struct {
		Target string `json:"deadLetterTargetArn"`
	}
	text := a.get("RedrivePolicy")
	if err := json.Unmarshal([]byte(text), &policy); text != "" && err != nil {
		return nil, c.failed(queue.Unavailable, errors.New("its RedrivePolicy is not JSON"))
	}
	name := policy.Target[strings.LastIndexByte(policy.Target, ':')+1:] // arn:aws:sqs:REGION:ACCOUNT:NAME
	if name == "" {
		return nil, c.failed(queue.Missing, errors.New("it has no dead-letter queue: set its RedrivePolicy "+
			`to {"deadLetterTargetArn":"ARN of another queue","maxReceiveCount":"1000"}`))
	}
	return c.to(name), nil
}

func (c *client) attributes(ctx context.Context) (attributes, error) {
	var answer struct {
		Attributes attributes `xml:"GetQueueAttributesResult>Attribute"`
	}
	err := c.call(ctx, "GetQueueAttributes", url.Values{"AttributeName.1": {"All"}}, &answer)
	return answer.Attributes, err
}

// Depth gives SQS' estimates. SQS does not tell how old the oldest message is; CloudWatch does.
func (q *Queue) Depth(ctx context.Context) (queue.Depth, error) {
	ctx, done := queue.Within(ctx, q.ctx)
	defer done()
	a, err := q.client.attributes(ctx)
	if err != nil {
		return queue.Depth{}, err
	}
	depth := queue.Depth{Items: stored(a)}
	dead, err := q.deadLetters(ctx)
	if err != nil {
		return depth, err
	}
	if a, err = dead.attributes(ctx); err != nil {
		return depth, err
	}
	depth.Dead = stored(a)
	return depth, nil
}

func stored(a attributes) int {
	return a.number("ApproximateNumberOfMessages") + a.number("ApproximateNumberOfMessagesNotVisible") +
		a.number("ApproximateNumberOfMessagesDelayed")
}

// Bury stores an item among the dead letters, and deletes it here then. What fails in between leaves both, and the
// next try one of them: in a FIFO queue the message's id makes the second dead letter a duplicate.
func (q *Queue) Bury(ctx context.Context, item *queue.Leased, reason []byte) error {
	ctx, done := queue.Within(ctx, q.ctx)
	defer done()
	if err := q.bury(ctx, item, reason); err != nil {
		return err
	}
	return q.client.each(ctx, "DeleteMessageBatch", []entry{{"ReceiptHandle": receipt(item)}})
}

func (q *Queue) bury(ctx context.Context, item *queue.Leased, reason []byte) error {
	dead, err := q.deadLetters(ctx)
	if err != nil {
		return err
	}
	e := envelope.Envelope{
		Item: item.Item, Put: item.Put, Attempts: item.Attempts, Buried: q.client.now(), Reason: reason,
	}
	body := envelope.Format(e)
	if len(body) > maxMessageBytes { // the item was near the limit: better without the reason than not at all
		e.Reason = nil
		body = envelope.Format(e)
	}
	h, _ := item.Handle.(handle)
	// Each dead letter is a group of its own, so that those of one device can be received one beside the other.
	return first(dead.batch(ctx, "SendMessageBatch", []entry{dead.message(body, h.message, h.message)}))
}

// DeadLetters gives the dead letters of the queue, those that SQS itself has moved there among them.
func (q *Queue) DeadLetters() queue.DeadLetters { return (*deadLetters)(q) }

type deadLetters Queue

// List gives up to n dead letters. Others cannot have them for a while.
func (d *deadLetters) List(ctx context.Context, n int) ([]queue.DeadLetter, error) {
	ctx, done := queue.Within(ctx, d.ctx)
	defer done()
	messages, err := d.shelf.List(ctx, n)
	list := make([]queue.DeadLetter, len(messages))
	for i, m := range messages {
		list[i] = deadLetter(m)
	}
	return list, err
}

func deadLetter(m message) queue.DeadLetter {
	item := leased([]message{m})[0]
	letter := queue.DeadLetter{ID: m.MessageID, Item: item.Item}
	if e, ok := envelope.Parse(m.Body); ok {
		letter.Buried, letter.Reason = e.Buried, e.Reason
	}
	return letter
}

// Replay moves a dead letter back into the queue.
func (d *deadLetters) Replay(ctx context.Context, id string) error {
	return d.take(ctx, id, func(ctx context.Context, m message) error {
		item := leased([]message{m})[0]
		// SQS drops what has an id that it has seen within five minutes: the one of the dead letter is new.
		e := d.client.message(envelope.Format(envelope.Envelope{Item: item.Item}), item.Key, "replay-"+m.MessageID)
		return first(d.client.batch(ctx, "SendMessageBatch", []entry{e}))
	})
}

// Drop deletes a dead letter.
func (d *deadLetters) Drop(ctx context.Context, id string) error {
	return d.take(ctx, id, func(context.Context, message) error { return nil })
}

// take looks for a dead letter, and deletes it once use is done with it.
func (d *deadLetters) take(ctx context.Context, id string, use func(context.Context, message) error) error {
	ctx, done := queue.Within(ctx, d.ctx)
	defer done()
	found, err := d.shelf.Take(ctx, id, func(m message) error {
		if err := use(ctx, m); err != nil {
			return err
		}
		dead, err := (*Queue)(d).deadLetters(ctx)
		if err != nil {
			return err
		}
		return dead.each(ctx, "DeleteMessageBatch", []entry{{"ReceiptHandle": m.ReceiptHandle}})
	})
	if err == nil && !found {
		err = d.client.failed(queue.NoItem, nil)
	}
	return err
}

// deadSource is the dead letters as a shelf wants them.
type deadSource Queue

func (d *deadSource) Receive(ctx context.Context, n int) ([]message, error) {
	dead, err := (*Queue)(d).deadLetters(ctx)
	if err != nil {
		return nil, err
	}
	return dead.receive(ctx, n, scanWait, shelf.Lease)
}

func (d *deadSource) Extend(ctx context.Context, m message) error {
	return d.hide(ctx, []message{m}, shelf.Lease)
}

func (d *deadSource) Release(ctx context.Context, list []message) { _ = d.hide(ctx, list, 0) } // else their leases end

func (d *deadSource) ID(m message) string { return m.MessageID }

func (d *deadSource) hide(ctx context.Context, list []message, lease time.Duration) error {
	dead, err := (*Queue)(d).deadLetters(ctx)
	if err != nil {
		return err
	}
	receipts := make([]string, len(list))
	for i, m := range list {
		receipts[i] = m.ReceiptHandle
	}
	return dead.setVisibility(ctx, receipts, lease, &d.oneByOne)
}
