package jetstream

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"net/url"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mayfly/function/internal/queue"
)

// Headers of a message. Their values are escaped as in a URL's query.
const (
	keyHeader    = "Mayfly-Key"
	idHeader     = "Mayfly-Id"
	putHeader    = "Mayfly-Put"    // of a dead letter: when the item was stored
	reasonHeader = "Mayfly-Reason" // of a dead letter: a problem document
)

// Put publishes items, all before it waits for the first acknowledgment.
func (q *Queue) Put(ctx context.Context, items []queue.Item) []error {
	if len(items) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	errs := make([]error, len(items))
	s, err := q.session(ctx)
	if err != nil {
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
	refusal := q.link.refusal() // from before the first publication on
	futures := make([]jetstream.PubAckFuture, len(items))
	for i := range items {
		if size := len(items[i].Data); size > s.itemBytes {
			errs[i] = q.fail(queue.TooLarge, fmt.Errorf("%d bytes, the limit is %d", size, s.itemBytes))
			continue
		}
		msg := message(q.target.subject(partitionOf(items[i].Key, s.partitions)), &items[i])
		futures[i], err = s.js.PublishMsgAsync(msg, jetstream.WithMsgID(messageID(&items[i])),
			jetstream.WithExpectStream(q.target.stream), jetstream.WithRetryAttempts(0))
		if err != nil {
			errs[i] = q.failed(ctx, err)
		}
	}
	failed := false
	for i, future := range futures {
		if future != nil {
			errs[i] = q.acknowledged(ctx, future, refusal)
		}
		failed = failed || errs[i] != nil
	}
	if !failed {
		return nil
	}
	return errs
}

// acknowledged waits until an item is stored. A duplicate is, too.
func (q *Queue) acknowledged(ctx context.Context, future jetstream.PubAckFuture, refusal <-chan struct{}) error {
	for {
		select {
		case <-future.Ok():
			return nil
		case err := <-future.Err():
			return q.failed(ctx, err)
		case <-refusal: // perhaps of something else
			reason := q.link.refusalReason()
			if strings.Contains(reason.Error(), strconv.Quote(future.Msg().Subject)) {
				return q.fail(queue.Denied, reason)
			}
			refusal = q.link.refusal()
		case <-ctx.Done():
			return q.fail(queue.Unavailable, ctx.Err())
		}
	}
}

// message makes the message of an item.
func message(subject string, item *queue.Item) *nats.Msg {
	msg := nats.NewMsg(subject)
	msg.Header.Set(keyHeader, url.QueryEscape(item.Key))
	msg.Header.Set(idHeader, url.QueryEscape(item.ID))
	msg.Data = item.Data
	return msg
}

// itemOf reads the item of a message.
func itemOf(header nats.Header, data []byte) (queue.Item, error) {
	key, err := url.QueryUnescape(header.Get(keyHeader))
	id, err2 := url.QueryUnescape(header.Get(idHeader))
	if err = errors.Join(err, err2); err != nil {
		return queue.Item{}, err
	}
	return queue.Item{Key: key, ID: id, Data: data}, nil
}

// messageID is what the server tells duplicates by. Ids of two keys may be the same.
func messageID(item *queue.Item) string {
	sum := sha256.Sum256([]byte(item.Key + "\x00" + item.ID))
	return hex.EncodeToString(sum[:16])
}

// partitionOf chooses the partition of a key. It must never change: it is the same in all releases.
func partitionOf(key string, n int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	return int(h.Sum32() % uint32(n))
}
