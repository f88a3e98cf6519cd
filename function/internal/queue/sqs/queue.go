package sqs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/envelope"
	"mayfly/function/internal/queue/shelf"
	"mayfly/internal/backoff"
)

const (
	longPoll  = 20 * time.Second // Amazon SQS quotas, "Long polling wait time"
	pollAgain = 250 * time.Millisecond
	// Counts are right a minute after the last change at the earliest (Amazon SQS API Reference, GetQueueAttributes,
	// "eventual consistency").
	depthLag = 2 * time.Minute
)

// Queue is a queue of Amazon SQS.
type Queue struct {
	client *client
	lease  time.Duration

	ctx    context.Context // ends at Close
	cancel context.CancelFunc

	oneByOne atomic.Bool // the server knows no ChangeMessageVisibilityBatch
	dead     atomic.Pointer[client]
	shelf    shelf.Shelf[message]
}

// handle is what SQS knows a leased message by.
type handle struct {
	receipt string
	message string // the message's own id
}

// Limits tells what the queue takes.
func (q *Queue) Limits() queue.Limits {
	return queue.Limits{
		ItemBytes: maxMessageBytes - envelope.MaxOverhead - reasonBytes, Lease: q.lease, Ordered: q.client.fifo(),
		DepthLag: depthLag,
	}
}

// Close ends all calls, and lets others see the dead letters that were listed.
func (q *Queue) Close() error {
	q.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	q.shelf.Close(ctx)
	return nil
}

// Put stores items: in calls of up to ten, one after the other, which keeps their order.
func (q *Queue) Put(ctx context.Context, items []queue.Item) []error {
	ctx, done := queue.Within(ctx, q.ctx)
	defer done()
	errs := make([]error, len(items))
	failed := false
	var entries []entry
	var at []int // where in items an entry is from
	size := 0
	flush := func() {
		for n, err := range q.client.batch(ctx, "SendMessageBatch", entries) {
			errs[at[n]] = err
			failed = failed || err != nil
		}
		entries, at, size = nil, nil, 0
	}
	for i, item := range items {
		body := envelope.Format(envelope.Envelope{Item: item})
		if len(body) > maxMessageBytes-reasonBytes {
			errs[i], failed = q.client.failed(queue.TooLarge, errors.New("a message of SQS has at most 256 KiB")), true
			continue
		}
		if len(entries) == maxBatch || size+len(body) > maxMessageBytes {
			flush()
		}
		entries = append(entries, q.client.message(body, item.Key, item.ID))
		at = append(at, i)
		size += len(body)
	}
	if len(entries) > 0 {
		flush()
	}
	if !failed {
		return nil
	}
	return errs
}

// groupMember is the member of an entry that names its message group.
const groupMember = "MessageGroupId"

// message is an entry of SendMessageBatch.
func (c *client) message(body, key, dedupID string) entry {
	e := entry{"MessageBody": body}
	if c.fifo() {
		e[groupMember], e["MessageDeduplicationId"] = token(key), token(dedupID)
	}
	return e
}

// token makes a text fit for a group or a deduplication id: letters, digits and punctuation of ASCII, at most 128
// (Amazon SQS API Reference, SendMessage). What does not fit is hashed.
func token(s string) string {
	fits := s != "" && len(s) <= 128
	for i := range len(s) {
		fits = fits && s[i] > ' ' && s[i] < 0x7f
	}
	if fits {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// Receive leases up to ten items, however many more are wanted.
func (q *Queue) Receive(ctx context.Context, n int) ([]*queue.Leased, error) {
	ctx, done := queue.Within(ctx, q.ctx)
	defer done()
	for {
		begin := q.client.now()
		messages, err := q.client.receive(ctx, n, q.wait(ctx), q.lease)
		if ctx.Err() != nil && len(messages) == 0 {
			return nil, ctx.Err()
		}
		if err != nil || len(messages) > 0 {
			return leased(messages), err
		}
		if q.client.now().Sub(begin) < pollAgain && !backoff.Sleep(ctx, pollAgain) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
	}
}

// wait is how long SQS may wait for a message.
func (q *Queue) wait(ctx context.Context) time.Duration {
	wait := longPoll
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline)) //nolint:forbidigo // context deadlines use time.Now
	}
	return max(0, wait.Truncate(time.Second))
}

// message is a message as ReceiveMessage gives it.
type message struct {
	MessageID     string `xml:"MessageId"`
	ReceiptHandle string
	Body          string
	Attributes    attributes `xml:"Attribute"`
}

// attributes are pairs of a name and a value.
type attributes []struct{ Name, Value string }

func (a attributes) get(name string) string {
	for _, pair := range a {
		if pair.Name == name {
			return pair.Value
		}
	}
	return ""
}

func (a attributes) number(name string) int {
	n, _ := strconv.Atoi(a.get(name)) // what is not there is 0
	return n
}

func (c *client) receive(ctx context.Context, n int, wait, lease time.Duration) ([]message, error) {
	var answer struct {
		Result struct{ Message []message } `xml:"ReceiveMessageResult"`
	}
	err := c.once(ctx, "ReceiveMessage", url.Values{
		"MaxNumberOfMessages": {strconv.Itoa(min(max(n, 1), maxBatch))},
		"WaitTimeSeconds":     {seconds(wait)},
		"VisibilityTimeout":   {seconds(lease)},
		"AttributeName.1":     {"All"},
	}, wait+callTimeout, &answer)
	return answer.Result.Message, err
}

func leased(messages []message) []*queue.Leased {
	items := make([]*queue.Leased, 0, len(messages))
	for _, m := range messages {
		items = append(items, Item(m.MessageID, m.ReceiptHandle, m.Body, m.Attributes.get))
	}
	return items
}

// Item makes a leased item of a message that was received, by the names of its attributes. A body that Put has not
// written is an item all the same: what it is worth is for the reader of items to say.
func Item(messageID, receipt, body string, attribute func(name string) string) *queue.Leased {
	item := &queue.Leased{
		Item:   queue.Item{Key: attribute(groupMember), ID: messageID, Data: []byte(body)},
		Handle: handle{receipt, messageID},
	}
	if e, ok := envelope.Parse(body); ok {
		item.Item, item.Attempts, item.Put = e.Item, e.Attempts, e.Put
	}
	n, _ := strconv.Atoi(attribute("ApproximateReceiveCount"))
	item.Attempts += max(n, 1)
	if ms, err := strconv.ParseInt(attribute("SentTimestamp"), 10, 64); err == nil && item.Put.IsZero() {
		item.Put = time.UnixMilli(ms).UTC()
	}
	return item
}

// Extend lets leases last for d from now.
func (q *Queue) Extend(ctx context.Context, items []*queue.Leased, d time.Duration) error {
	return q.setVisibility(ctx, items, d)
}

// Return ends leases. In a FIFO queue the items of the group wait behind the first one.
func (q *Queue) Return(ctx context.Context, items []*queue.Leased, after time.Duration) error {
	return q.setVisibility(ctx, items, max(after, 0))
}

func (q *Queue) setVisibility(ctx context.Context, items []*queue.Leased, d time.Duration) error {
	ctx, done := queue.Within(ctx, q.ctx)
	defer done()
	receipts := make([]string, len(items))
	for i, item := range items {
		receipts[i] = receipt(item)
	}
	return q.client.setVisibility(ctx, receipts, d, &q.oneByOne)
}

// setVisibility says when messages may be received again. oneByOne is set where the server knows the call for one
// message only, as some that imitate SQS.
func (c *client) setVisibility(ctx context.Context, receipts []string, d time.Duration, oneByOne *atomic.Bool) error {
	visibility := seconds(min(d, maxLease-time.Minute)) // SQS counts the twelve hours from when it was received
	entries := make([]entry, len(receipts))
	for i, receipt := range receipts {
		entries[i] = entry{"ReceiptHandle": receipt, "VisibilityTimeout": visibility}
	}
	if !oneByOne.Load() {
		err := c.each(ctx, "ChangeMessageVisibilityBatch", entries)
		if answer, ok := errors.AsType[*apiError](err); !ok || !answer.unknownAction() {
			return err
		}
		oneByOne.Store(true)
	}
	var errs []error
	for _, e := range entries {
		input := url.Values{}
		for member, value := range e {
			input.Set(member, value)
		}
		errs = append(errs, c.call(ctx, "ChangeMessageVisibility", input, &struct{}{}))
	}
	return first(errs)
}

// Delete ends leases of items that are delivered.
func (q *Queue) Delete(ctx context.Context, items []*queue.Leased) error {
	ctx, done := queue.Within(ctx, q.ctx)
	defer done()
	entries := make([]entry, len(items))
	for i, item := range items {
		entries[i] = entry{"ReceiptHandle": receipt(item)}
	}
	return q.client.each(ctx, "DeleteMessageBatch", entries)
}

// each makes calls for any number of entries.
func (c *client) each(ctx context.Context, action string, entries []entry) error {
	var errs []error
	for begin := 0; begin < len(entries); begin += maxBatch {
		errs = append(errs, c.batch(ctx, action, entries[begin:min(begin+maxBatch, len(entries))])...)
	}
	return first(errs)
}

// first is the first failure. One of many is enough to know what to do.
func first(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func receipt(item *queue.Leased) string {
	h, _ := item.Handle.(handle)
	return h.receipt
}

// seconds rounds up, so that nothing comes before its time.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
