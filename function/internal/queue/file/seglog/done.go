package seglog

import (
	"context"
	"errors"
	"io/fs"
	"os"
)

// Done says that items are delivered. Its error tells that the log does not know yet: the record is written with the
// next one. Without it, the items come again after a start.
func (l *Log) Done(items []*Item) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, it := range items {
		if it.done {
			continue
		}
		it.done = true
		it.at.live--
		l.live -= it.size
		l.owed = append(l.owed, it.Seq)
	}
	if _, err := l.current(); err != nil {
		return err
	}
	return l.writeOwed()
}

// writeOwed writes the records of what is done to the last segment. The caller holds mu.
func (l *Log) writeOwed() error {
	s := l.last()
	if l.written == len(l.owed) {
		return nil
	}
	b := appendDone(nil, s.salt, l.owed[l.written:])
	if err := s.write(b); err != nil {
		return l.lost(err)
	}
	l.bytes += int64(len(b))
	l.written = len(l.owed)
	return nil
}

// Flush writes and syncs what Done has left.
func (l *Log) Flush() error {
	l.mu.Lock()
	if len(l.owed) == 0 && len(l.group.stored) == 0 || l.broken != nil {
		defer l.mu.Unlock()
		return l.broken
	}
	_, err := l.current()
	if err == nil {
		err = l.writeOwed()
	}
	g := l.group
	l.mu.Unlock()
	if err != nil {
		return err
	}
	return l.wait(context.Background(), g)
}

// Compact deletes segments whose items are all done, and writes the rest of the oldest ones again when much of the log
// is done items. Calls must not overlap.
func (l *Log) Compact() error {
	for range l.count() + 1 {
		if err := l.removeDone(); err != nil {
			return err
		}
		from, err := l.wasteful()
		if err != nil || from == nil {
			return err
		}
		if err := l.move(from); err != nil {
			return err
		}
	}
	return l.removeDone()
}

func (l *Log) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.segments)
}

// removeDone deletes the oldest segments while all of their items are done. Each is gone from the disk before the next
// one is deleted: the later one may say that items of the earlier one are done.
func (l *Log) removeDone() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.segments) > 1 && l.segments[0].live == 0 && l.broken == nil {
		s := l.segments[0]
		_ = s.file.Close() // Windows deletes no open file; nobody reads what is done
		if err := os.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return l.lost(err)
		}
		if err := SyncDir(l.dir); err != nil {
			return l.lost(err)
		}
		l.bytes -= s.size
		l.segments = l.segments[1:]
	}
	return nil
}

// wasteful gives the oldest segment when the log takes much more than its items do.
func (l *Log) wasteful() (*segment, error) {
	l.leader <- struct{}{}
	defer func() { <-l.leader }()
	l.mu.Lock()
	defer l.mu.Unlock()
	waste := l.bytes - l.live
	if waste <= l.live+4*l.o.SegmentBytes && (l.bytes <= l.o.MaxBytes/2 || waste <= l.bytes/3) {
		return nil, nil
	}
	if l.broken != nil || len(l.segments) == 0 {
		return nil, l.broken
	}
	oldest := l.segments[0]
	if len(l.segments) == 1 {
		if err := l.roll(); err != nil {
			return nil, err
		}
	}
	return oldest, nil
}

// moveBytes is how much is written again while others wait.
const moveBytes = 1 << 20

// move writes the items of a segment that are not done again at the end of the log.
func (l *Log) move(from *segment) error {
	for next := 0; ; {
		g, end, err := l.copyItems(from, next)
		if err != nil || g == nil {
			return err
		}
		if err := l.wait(context.Background(), g); err != nil {
			return err
		}
		next = end
	}
}

// copyItems writes items from the given one on, and gives where it ended and who waits for the sync; none when nothing
// was left to write.
func (l *Log) copyItems(from *segment, next int) (*group, int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	to, err := l.current()
	if err != nil {
		return nil, 0, err
	}
	var moved []*Item
	var b []byte
	var starts []int64
	for ; next < len(from.items) && len(b) < moveBytes; next++ {
		it := from.items[next]
		if it.done || it.at != from {
			continue
		}
		old := make([]byte, it.size)
		if _, err := from.file.ReadAt(old, it.off); err != nil {
			return nil, 0, err
		}
		f, ok := decodeFrame(old, from.salt)
		starts, moved = append(starts, to.size+int64(len(b))), append(moved, it)
		if !ok { // unreadable, and it stays so: whoever receives it is told
			b = append(b, old...)
			continue
		}
		b = appendRecord(b, to.salt, f.kind, func(b []byte) []byte { return append(b, f.payload...) })
	}
	if len(moved) == 0 {
		return nil, next, nil
	}
	if err := to.write(b); err != nil {
		return nil, 0, l.lost(err)
	}
	l.bytes += int64(len(b))
	g := l.group
	g.stored = append(g.stored, func(err error) {
		for i, it := range moved {
			if err != nil || it.done {
				continue
			}
			from.live--
			to.live++
			to.items = append(to.items, it)
			it.at, it.off = to, starts[i]
		}
	})
	return g, next, nil
}
