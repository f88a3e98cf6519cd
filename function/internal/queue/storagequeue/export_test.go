package storagequeue

import "context"

// Create makes the queue.
func (q *Queue) Create(ctx context.Context) error { return q.client.create(ctx) }
