package jetstream

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mayfly/function/internal/queue"
)

// lettersSubject is the last part of the subject of dead letters.
const lettersSubject = ".letters"

// Bury stores an item among the dead letters, and acknowledges it then.
func (q *Queue) Bury(ctx context.Context, item *queue.Leased, reason []byte) error {
	held, lost := q.settle([]*queue.Leased{item})
	if lost > 0 {
		return q.lost(lost)
	}
	if err := q.bury(ctx, held[0], reason); err != nil {
		q.mu.Lock()
		held[0].e.state = leased
		q.mu.Unlock()
		return err
	}
	return q.acknowledge(ctx, held)
}

func (q *Queue) bury(ctx context.Context, h *handle, reason []byte) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	s, err := q.session(ctx)
	if err != nil {
		return err
	}
	msg := message(q.target.dead()+lettersSubject, &h.e.item)
	msg.Header.Set(putHeader, h.e.put.UTC().Format(time.RFC3339Nano))
	msg.Header.Set(reasonHeader, url.QueryEscape(string(reason)))
	// The same item that is buried twice, since the answer to the first time was lost, is one dead letter.
	id := fmt.Sprintf("bury-%d-%d", h.e.seq, h.e.put.UnixNano())
	return q.publish(ctx, s, msg, id, q.target.dead())
}

// publish stores a message, and waits until it is stored.
func (q *Queue) publish(ctx context.Context, s *session, msg *nats.Msg, id, stream string) error {
	refusal := q.link.refusal()
	future, err := s.js.PublishMsgAsync(msg, jetstream.WithMsgID(id), jetstream.WithExpectStream(stream),
		jetstream.WithRetryAttempts(0))
	if err != nil {
		return q.failed(ctx, err)
	}
	return q.acknowledged(ctx, future, refusal)
}

// deadLetters is the stream of the dead letters. The id of one is its sequence there.
type deadLetters struct{ q *Queue }

// DeadLetters gives the dead letters.
func (q *Queue) DeadLetters() queue.DeadLetters { return deadLetters{q} }

// List reads the oldest ones.
func (d deadLetters) List(ctx context.Context, n int) (list []queue.DeadLetter, err error) {
	s, stream, err := d.stream(ctx)
	if err != nil || s == nil {
		return nil, err
	}
	info := stream.CachedInfo().State
	seq := info.FirstSeq
	for len(list) < n && seq <= info.LastSeq && info.Msgs > 0 {
		call, cancel := context.WithTimeout(ctx, callTimeout)
		msg, err := stream.GetMsg(call, seq, jetstream.WithGetMsgSubject(d.q.target.dead()+".>"))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			cancel()
			break
		}
		if err != nil {
			err = d.q.failed(call, err)
			cancel()
			return nil, err
		}
		cancel()
		list = append(list, letter(msg))
		seq = msg.Sequence + 1
	}
	return list, nil
}

func letter(msg *jetstream.RawStreamMsg) queue.DeadLetter {
	item, err := itemOf(msg.Header, msg.Data)
	if err != nil {
		item = queue.Item{Data: msg.Data}
	}
	reason, _ := url.QueryUnescape(msg.Header.Get(reasonHeader))
	return queue.DeadLetter{
		ID: strconv.FormatUint(msg.Sequence, 10), Item: item, Buried: msg.Time, Reason: []byte(reason),
	}
}

func (d deadLetters) stream(ctx context.Context) (*session, jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	s, err := d.q.session(ctx)
	if err != nil {
		return nil, nil, err
	}
	stream, err := s.js.Stream(ctx, d.q.target.dead())
	if err != nil {
		return nil, nil, d.q.failed(ctx, err)
	}
	return s, stream, nil
}

// get reads one dead letter.
func (d deadLetters) get(ctx context.Context, id string) (*session, jetstream.Stream, *jetstream.RawStreamMsg, error) {
	seq, err := strconv.ParseUint(id, 10, 64)
	if err != nil || seq == 0 {
		return nil, nil, nil, d.q.fail(queue.NoItem, nil)
	}
	s, stream, err := d.stream(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	msg, err := stream.GetMsg(ctx, seq)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil, nil, d.q.fail(queue.NoItem, nil)
	}
	if err != nil {
		return nil, nil, nil, d.q.failed(ctx, err)
	}
	return s, stream, msg, nil
}

// Replay stores an item again, and deletes the dead letter then. The message's id is of this dead letter: the server
// knows the one that the item had at first, and would drop it.
func (d deadLetters) Replay(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	s, stream, msg, err := d.get(ctx, id)
	if err != nil {
		return err
	}
	item := letter(msg).Item
	again := message(d.q.target.subject(partitionOf(item.Key, s.partitions)), &item)
	replay := fmt.Sprintf("replay-%d-%d", msg.Sequence, msg.Time.UnixNano())
	if err := d.q.publish(ctx, s, again, replay, d.q.target.stream); err != nil {
		return err
	}
	return d.remove(ctx, stream, msg.Sequence)
}

// Drop deletes a dead letter.
func (d deadLetters) Drop(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, stream, msg, err := d.get(ctx, id)
	if err != nil {
		return err
	}
	return d.remove(ctx, stream, msg.Sequence)
}

func (d deadLetters) remove(ctx context.Context, stream jetstream.Stream, seq uint64) error {
	if err := stream.DeleteMsg(ctx, seq); err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
		return d.q.failed(ctx, err)
	}
	return nil
}
