package queue

import (
	"context"
	"time"
)

// Queue stores items until they are delivered. All methods may be called at the same time, by any number of processes
// where the queue is shared.
type Queue interface {
	// Put stores items. It returns when they are stored durably, or not: one error for each item, nil where it is
	// stored, or no slice at all when all are. Items with one key are stored in their order. An item that is too
	// large, or a queue that is full, costs that item alone.
	Put(ctx context.Context, items []Item) []error

	// Receive leases up to n items, and waits for the first one until ctx is done; the error is ctx's then. An item
	// that is leased is given to nobody else until its lease ends. Where the queue is Ordered, items with one key come
	// in their order, and none of them comes while an earlier one is leased by another call.
	Receive(ctx context.Context, n int) ([]*Leased, error)

	// Extend lets leases last for d from now.
	Extend(ctx context.Context, items []*Leased, d time.Duration) error

	// Delete ends leases of items that are delivered: they are gone.
	Delete(ctx context.Context, items []*Leased) error

	// Return ends leases of items that are to be tried again, not before after has passed. Where the queue is
	// Ordered, later items with the same key wait as well.
	Return(ctx context.Context, items []*Leased, after time.Duration) error

	// Bury moves an item to the dead letters, with the reason: a problem document (RFC 9457) as JSON.
	Bury(ctx context.Context, item *Leased, reason []byte) error

	// Depth tells how full the queue is.
	Depth(ctx context.Context) (Depth, error)

	// DeadLetters gives the dead letters of the queue.
	DeadLetters() DeadLetters

	// Limits tells what the queue takes.
	Limits() Limits

	// Close ends all calls. Leases that are open end by themselves.
	Close() error
}

// Item is what is put into a queue.
type Item struct {
	Key  string // of order: the same for all items of one device
	ID   string // the same for duplicates; a queue may drop the second one
	Data []byte
}

// Leased is an item that a queue has leased.
type Leased struct {
	Item
	Put      time.Time // when it was stored; zero where the queue does not tell
	Attempts int       // how often it has been leased, this time included
	Handle   any       // the queue's own
}

// Depth is how full a queue is.
type Depth struct {
	Items  int       // stored and not deleted, leased ones included; some queues give an estimate
	Oldest time.Time // when the oldest of them was stored; zero when there is none or the queue does not tell
	Dead   int       // dead letters
}

// Limits are what a queue takes.
type Limits struct {
	ItemBytes int           // of an item's data, if they are text; of others there may be room for fewer
	Lease     time.Duration // how long a lease lasts that nobody extends
	Ordered   bool          // whether items with one key keep their order
	DepthLag  time.Duration // how old what Depth counts may be; 0: it counts exactly
}

// DeadLetters are the items of a queue that cannot be delivered.
type DeadLetters interface {
	// List gives up to n dead letters, the oldest first where the queue can tell.
	List(ctx context.Context, n int) ([]DeadLetter, error)
	// Replay moves a dead letter back into the queue, behind what is there.
	Replay(ctx context.Context, id string) error
	// Drop deletes a dead letter.
	Drop(ctx context.Context, id string) error
}

// DeadLetter is an item that cannot be delivered, and why.
type DeadLetter struct {
	ID     string // of the dead letter, as List gives it; it is not that of the item
	Item   Item
	Buried time.Time
	Reason []byte // a problem document; empty where the queue itself gave up
}
