package jetstream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mayfly/function/internal/queue"
)

// partitionsKey is where a stream says how many partitions it has: all processes must agree.
const partitionsKey = "mayfly-partitions"

func (t *target) subject(partition int) string { return t.stream + "." + strconv.Itoa(partition) }

// examine finds the streams, makes them where there are none, and refuses those that would lose items.
func (q *Queue) examine(ctx context.Context, s *session) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	refusal := q.link.refusal()
	go func() {
		select {
		case <-refusal:
			cancel(q.link.refusalReason())
		case <-ctx.Done():
		}
	}()
	stream, err := s.js.Stream(ctx, q.target.stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = q.create(ctx, s)
	}
	if err != nil {
		return q.refuse(ctx, "the stream "+q.target.stream, err)
	}
	info := stream.CachedInfo()
	if err := q.suits(&info.Config); err != nil {
		return q.fail(queue.Denied, err)
	}
	s.partitions = q.target.partitions
	if text, has := info.Config.Metadata[partitionsKey]; has {
		if s.partitions, err = number(text, 1, 64); err != nil {
			return q.fail(queue.Denied, fmt.Errorf("%s of the stream's metadata: %w", partitionsKey, err))
		}
	}
	if limit := int(info.Config.MaxMsgSize); limit > 0 {
		s.itemBytes = min(s.itemBytes, max(1, limit-headerBytes))
	}
	if err := q.synced(ctx, info); err != nil {
		return q.fail(queue.Denied, err)
	}
	dead, err := s.js.Stream(ctx, q.target.dead())
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		dead, err = s.js.CreateStream(ctx, jetstream.StreamConfig{
			Name: q.target.dead(), Description: "Dead letters of the queue " + q.target.stream + " of Mayfly",
			Subjects: []string{q.target.dead() + ".>"}, Storage: jetstream.FileStorage,
			Replicas: info.Config.Replicas, Discard: jetstream.DiscardNew,
		})
	}
	if err != nil {
		return q.refuse(ctx, "the stream "+q.target.dead(), err)
	}
	if err := q.keepsLetters(&dead.CachedInfo().Config); err != nil {
		return q.fail(queue.Denied, err)
	}
	q.made.Store(true)
	return nil
}

// create makes the stream, unless somebody else is quicker or the operator deleted it under way.
func (q *Queue) create(ctx context.Context, s *session) (jetstream.Stream, error) {
	if q.made.Load() {
		return nil, jetstream.ErrStreamNotFound
	}
	stream, err := s.js.CreateStream(ctx, jetstream.StreamConfig{
		Name: q.target.stream, Description: "Queue of Mayfly",
		Subjects: []string{q.target.stream + ".*"}, Retention: jetstream.WorkQueuePolicy,
		Storage: jetstream.FileStorage, Replicas: q.target.replicas, Discard: jetstream.DiscardNew,
		MaxBytes: orUnlimited(q.target.maxBytes), MaxMsgs: orUnlimited(q.target.maxItems),
		Metadata: map[string]string{partitionsKey: strconv.Itoa(q.target.partitions)},
	})
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return s.js.Stream(ctx, q.target.stream)
	}
	return stream, err
}

func orUnlimited(n int64) int64 {
	if n == 0 {
		return -1
	}
	return n
}

// refuse is the error of a stream that is not there and cannot be made, or cannot be asked for.
func (q *Queue) refuse(ctx context.Context, what string, err error) error {
	if refusal := context.Cause(ctx); refusal != nil && errors.Is(refusal, nats.ErrPermissionViolation) {
		err = refusal
	}
	kind := kindOf(err)
	var api *jetstream.APIError
	if errors.As(err, &api) && kind == queue.Unavailable && api.Code/100 == 4 {
		kind = queue.Denied
	}
	return q.fail(kind, fmt.Errorf("%s: %w", what, err))
}

// suits tells what a stream that others made would do to items.
func (q *Queue) suits(c *jetstream.StreamConfig) error {
	switch {
	case c.Retention != jetstream.WorkQueuePolicy:
		return fmt.Errorf("the stream %s has the retention %s; want workqueue", c.Name, c.Retention)
	case discards(c):
		return discardsError(c)
	case c.MaxAge > 0:
		return fmt.Errorf("the stream %s deletes items after %s; want no max age", c.Name, c.MaxAge)
	case c.NoAck:
		return fmt.Errorf("the stream %s acknowledges nothing; want no_ack: false", c.Name)
	case len(c.Subjects) != 1 || c.Subjects[0] != c.Name+".*" && c.Subjects[0] != c.Name+".>":
		return fmt.Errorf("the stream %s takes the subjects %v; want %s.* alone", c.Name, c.Subjects, c.Name)
	}
	return nil
}

// keepsLetters tells what a stream that others made would do to dead letters.
func (q *Queue) keepsLetters(c *jetstream.StreamConfig) error {
	wanted := []string{c.Name + ".>", c.Name + ".*", c.Name + lettersSubject}
	switch {
	case c.Storage != jetstream.FileStorage && !q.o.AllowUnsynced:
		return fmt.Errorf("the stream %s is not stored in files", c.Name)
	case c.Retention == jetstream.InterestPolicy:
		return fmt.Errorf("the stream %s keeps only what somebody waits for; want the retention limits", c.Name)
	case discards(c):
		return discardsError(c)
	case c.NoAck:
		return fmt.Errorf("the stream %s acknowledges nothing; want no_ack: false", c.Name)
	case !slices.ContainsFunc(c.Subjects, func(s string) bool { return slices.Contains(wanted, s) }):
		return fmt.Errorf("the stream %s takes the subjects %v; want %s.>", c.Name, c.Subjects, c.Name)
	}
	return nil
}

// discards tells whether a stream makes room for new items by deleting old ones. A limit of each subject does, unless
// the stream discards new items per subject (NATS documentation, "Streams", DiscardNewPerSubject).
func discards(c *jetstream.StreamConfig) bool {
	limited := c.MaxMsgs > 0 || c.MaxBytes > 0 || c.MaxMsgsPerSubject > 0
	return limited && c.Discard != jetstream.DiscardNew || c.MaxMsgsPerSubject > 0 && !c.DiscardNewPerSubject
}

func discardsError(c *jetstream.StreamConfig) error {
	return fmt.Errorf("the stream %s discards old items when it is full; want discard: new, and "+
		"discard_new_per_subject: true where it has max_msgs_per_subject", c.Name)
}
