package order

import (
	"container/heap"
	"container/list"
	"time"
)

// Lines are items that stand in line, one line a key. An item of a line is given only when all before it are gone, or
// are given by the same call. The zero value is not usable: New makes one. It is not safe for concurrent use.
type Lines[T any] struct {
	keys  map[string]*line[T]
	ready list.List // of *line[T] that have something to give, the one that has waited longest first
	later waits[T]  // lines whose first item is leased or delayed
	items int
}

// Entry is an item in line.
type Entry[T any] struct {
	Seq      uint64 // the place in line: lower ones are earlier
	Put      int64  // when it was stored, in nanoseconds since 1970
	Attempts int    // how often it has been taken
	Ref      T      // the owner's own

	line   *line[T]
	next   *Entry[T]
	until  int64 // nobody is given it before: the end of the lease, or of the delay
	leased bool
	gone   bool
}

// Key is the key whose line the entry stands in.
func (e *Entry[T]) Key() string { return e.line.key }

// Gone tells whether the entry was removed.
func (e *Entry[T]) Gone() bool { return e.gone }

type line[T any] struct {
	key         string
	first, last *Entry[T]
	ready       *list.Element // in Lines.ready
	wait        int           // place in Lines.later, from 1; 0 when it is not there
}

// New makes empty lines.
func New[T any]() *Lines[T] { return &Lines[T]{keys: map[string]*line[T]{}} }

// Len is the number of items in line, leased ones included.
func (l *Lines[T]) Len() int { return l.items }

// Add puts an item at the end of its line. Seq must grow from call to call.
func (l *Lines[T]) Add(key string, seq uint64, put time.Time, ref T) *Entry[T] {
	in := l.keys[key]
	if in == nil {
		in = &line[T]{key: key}
		l.keys[key] = in
	}
	e := &Entry[T]{Seq: seq, Put: put.UnixNano(), Ref: ref, line: in}
	if in.last == nil {
		in.first = e
	} else {
		in.last.next = e
	}
	in.last = e
	l.items++
	if in.first == e {
		l.place(in)
	}
	return e
}

// Take leases up to n items for a time. A line gives a quarter of them, then the next line has its turn; lines that
// have more are asked again while there is room.
func (l *Lines[T]) Take(now time.Time, n int, lease time.Duration) []*Entry[T] {
	at := now.UnixNano()
	for len(l.later) > 0 && l.later[0].first.until <= at {
		in := l.later[0]
		heap.Pop(&l.later)
		in.ready = l.ready.PushBack(in)
	}
	until := now.Add(lease).UnixNano()
	share := max(1, n/4)
	type turn struct {
		line *line[T]
		next *Entry[T]
	}
	var turns []turn
	var taken []*Entry[T]
	take := func(e *Entry[T]) *Entry[T] {
		for left := share; left > 0 && len(taken) < n && e != nil && (e.gone || e.until <= at); e = e.next {
			if e.gone {
				continue
			}
			e.leased, e.until = true, until
			e.Attempts++
			taken = append(taken, e)
			left--
		}
		return e
	}
	for len(taken) < n && l.ready.Len() > 0 {
		in := l.ready.Remove(l.ready.Front()).(*line[T])
		in.ready = nil
		next := take(in.first)
		l.place(in)
		turns = append(turns, turn{in, next})
	}
	for more := true; more && len(taken) < n; {
		more = false
		for i := range turns {
			before := len(taken)
			turns[i].next = take(turns[i].next)
			more = more || len(taken) > before
		}
	}
	return taken
}

// Holds tells whether the lease that took an entry for the given time still has it: it was not taken again, and not
// removed. A lease that has ended still holds what nobody has taken since.
func (e *Entry[T]) Holds(attempt int) bool { return !e.gone && e.leased && e.Attempts == attempt }

// Remove takes an entry out of its line.
func (l *Lines[T]) Remove(e *Entry[T]) {
	if e.gone {
		return
	}
	e.gone = true
	l.items--
	in := e.line
	if in.first != e {
		return // skipped when its turn comes
	}
	for in.first != nil && in.first.gone {
		in.first = in.first.next
	}
	l.leave(in)
	if in.first == nil {
		in.last = nil
		delete(l.keys, in.key)
		return
	}
	l.place(in)
}

// GiveBack ends the lease of an entry, and gives it to nobody before a time.
func (l *Lines[T]) GiveBack(e *Entry[T], notBefore time.Time) {
	e.leased = false
	l.hold(e, notBefore)
}

// Extend lets the lease of an entry end at another time.
func (l *Lines[T]) Extend(e *Entry[T], until time.Time) { l.hold(e, until) }

func (l *Lines[T]) hold(e *Entry[T], until time.Time) {
	e.until = until.UnixNano()
	if e.line.first == e && !e.gone {
		l.leave(e.line)
		l.place(e.line)
	}
}

// Next is when the next item can be taken: a time in the past when one can be now, false when none waits for a time.
func (l *Lines[T]) Next() (time.Time, bool) {
	switch {
	case l.ready.Len() > 0:
		return time.Time{}, true
	case len(l.later) > 0:
		return time.Unix(0, l.later[0].first.until), true
	}
	return time.Time{}, false
}

// Oldest is when the oldest item was stored; zero when there is none. It looks at every line.
func (l *Lines[T]) Oldest() time.Time {
	var oldest int64
	for _, in := range l.keys {
		if oldest == 0 || in.first.Put < oldest {
			oldest = in.first.Put
		}
	}
	if oldest == 0 {
		return time.Time{}
	}
	return time.Unix(0, oldest)
}

// place puts a line where its first item belongs.
func (l *Lines[T]) place(in *line[T]) {
	if in.first.until == 0 {
		in.ready = l.ready.PushBack(in)
		return
	}
	heap.Push(&l.later, in)
}

func (l *Lines[T]) leave(in *line[T]) {
	if in.ready != nil {
		l.ready.Remove(in.ready)
		in.ready = nil
	}
	if in.wait > 0 {
		heap.Remove(&l.later, in.wait-1)
	}
}

// waits is a heap of lines by the time before which their first item is given to nobody.
type waits[T any] []*line[T]

func (w waits[T]) Len() int { return len(w) }
func (w waits[T]) Less(i, j int) bool {
	a, b := w[i].first, w[j].first
	return a.until < b.until || a.until == b.until && a.Seq < b.Seq
}
func (w waits[T]) Swap(i, j int) {
	w[i], w[j] = w[j], w[i]
	w[i].wait, w[j].wait = i+1, j+1
}

// Push is heap's.
func (w *waits[T]) Push(x any) {
	in := x.(*line[T])
	*w = append(*w, in)
	in.wait = len(*w)
}

// Pop is heap's.
func (w *waits[T]) Pop() any {
	old := *w
	in := old[len(old)-1]
	old[len(old)-1] = nil
	*w, in.wait = old[:len(old)-1], 0
	return in
}
