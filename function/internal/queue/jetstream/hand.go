package jetstream

import (
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mayfly/function/internal/queue"
)

// hand is what this process holds of a partition: items that the server has delivered to it and that are not settled.
// It gives them in order per key. It is not safe for concurrent use, and bounded by the consumer's MaxAckPending.
type hand struct {
	entries []*entry // by seq
	pin     string   // under which items come at present; empty when it is lost
	lastSeq uint64   // the consumer's sequence of the item that came last under pin
	held    bool     // nothing is given: another process may have an earlier item
	holds   int      // how often it had to be held
}

// entry is one item.
type entry struct {
	seq   uint64 // in the stream: the order
	dseq  uint64 // in the consumer's deliveries
	pin   string // under which it came last
	msg   jetstream.Msg
	item  queue.Item
	put   time.Time
	tries int
	state state
	until time.Time // the end of the lease, or of the delay
	gone  bool
}

type state int

const (
	ready   state = iota
	leased        // by a call of Receive, until a time
	delayed       // by Return, until a time
	settled       // being deleted or buried: the server has not confirmed it
)

// add takes a delivery. The hand is held from then on if the pin is new, or a delivery is missing.
func (h *hand) add(e *entry) {
	hold := e.pin != h.pin || e.dseq != h.lastSeq+1
	h.pin, h.lastSeq = e.pin, e.dseq
	at, has := slices.BinarySearchFunc(h.entries, e.seq, func(o *entry, seq uint64) int {
		return int(int64(o.seq) - int64(seq))
	})
	if has { // delivered again: the lease at the server ended, or the pin was lost meanwhile
		old := h.entries[at]
		old.msg, old.dseq, old.pin = e.msg, e.dseq, e.pin
	} else {
		h.entries = slices.Insert(h.entries, at, e)
	}
	if hold {
		h.held = true
		h.holds++
	}
}

// lose gives up what is not leased: the partition belongs to another process now. What is leased stays until it is
// settled, or its lease ends.
func (h *hand) lose() (dropped []*entry) {
	h.pin, h.held = "", true
	return h.drop(func(e *entry) bool { return e.state == ready || e.state == delayed })
}

func (h *hand) drop(which func(*entry) bool) (dropped []*entry) {
	h.entries = slices.DeleteFunc(h.entries, func(e *entry) bool {
		if which(e) {
			e.gone = true
			dropped = append(dropped, e)
		}
		return e.gone
	})
	return dropped
}

// lapse ends what has lasted until now. It gives entries that are not the partition's any more.
func (h *hand) lapse(now time.Time) (dropped []*entry) {
	stale := false
	for _, e := range h.entries {
		if (e.state == leased || e.state == delayed) && !e.until.After(now) {
			e.state = ready
		}
		stale = stale || e.state == ready && e.pin != h.pin
	}
	if !stale {
		return nil
	}
	return h.drop(func(e *entry) bool { return e.state == ready && e.pin != h.pin })
}

// take leases up to n items: of each key those before which none is outside of this call.
func (h *hand) take(n int, until time.Time) (taken []*entry) {
	if h.held {
		return nil
	}
	var blocked map[string]bool
	for _, e := range h.entries {
		switch {
		case len(taken) == n:
			return taken
		case e.state == ready && !blocked[e.item.Key]:
			e.state, e.until = leased, until
			e.tries++
			taken = append(taken, e)
		default:
			if blocked == nil {
				blocked = map[string]bool{}
			}
			blocked[e.item.Key] = true
		}
	}
	return taken
}

// next is when an entry's lease or delay ends; the zero time when none has one.
func (h *hand) next() (at time.Time) {
	for _, e := range h.entries {
		if (e.state == leased || e.state == delayed) && (at.IsZero() || e.until.Before(at)) {
			at = e.until
		}
	}
	return at
}

// steady lists the entries that the server holds pending for this process, as long as it does not learn otherwise.
func (h *hand) steady() (entries []*entry) {
	for _, e := range h.entries {
		if e.pin == h.pin && e.state != settled {
			entries = append(entries, e)
		}
	}
	return entries
}

// complete tells whether all that is pending at the server is in the hand: before holds what was steady when the server
// was asked, delivered and pending are its answer, and holds is how often the hand had to be held until then. It errs
// on the side of no.
func (h *hand) complete(before []*entry, holds int, delivered uint64, pending int) bool {
	if holds != h.holds { // what is missing now may have been delivered after the answer
		return false
	}
	n := 0
	for _, e := range before {
		if !e.gone && e.pin == h.pin && e.state != settled && e.dseq <= delivered {
			n++
		}
	}
	// What came after the answer was delivered under the same pin, so nobody else had an item in between.
	return n == pending && h.pin != ""
}
