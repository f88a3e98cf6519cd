package open

import (
	"context"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/file"
)

func openFile(t Target, o *Options) (queue.Queue, error) {
	dir, options, err := file.ParsePlace(t.Place)
	if err != nil {
		return nil, &queue.Error{Kind: queue.Missing, Queue: t.String(), Err: err}
	}
	options.Log, options.Now = o.Log, o.Now
	q, err := file.Open(dir, options)
	if err != nil {
		return nil, err
	}
	return q, nil
}

// DeadLetters gives the dead letters of a queue, and what closes it. A folder need not be free for that: its owner
// takes back what is replayed.
func DeadLetters(ctx context.Context, t Target, o *Options) (queue.DeadLetters, func() error, error) {
	if t.Kind == File {
		dir, _, err := file.ParsePlace(t.Place)
		if err != nil {
			return nil, nil, &queue.Error{Kind: queue.Missing, Queue: t.String(), Err: err}
		}
		letters, err := file.DeadLetters(dir)
		return letters, func() error { return nil }, err
	}
	q, err := Open(ctx, t, o)
	if err != nil {
		return nil, nil, err
	}
	return q.DeadLetters(), q.Close, nil
}
