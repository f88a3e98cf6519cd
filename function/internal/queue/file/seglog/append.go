package seglog

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// Append stores records, and returns when they are synced: how many of them, from the first one on, and why the others
// are not. It calls stored with their items before it returns; calls of stored never overlap, and are made in the
// order of the log. An error of ctx tells nothing about what is stored later.
func (l *Log) Append(ctx context.Context, records []Record, stored func([]*Item)) (int, error) {
	items, g, full, err := l.append(records, stored)
	if err != nil || len(items) == 0 {
		return 0, errors.Join(err, full)
	}
	if err := l.wait(ctx, g); err != nil {
		return 0, err
	}
	return len(items), full
}

// append writes as many records as there is room for, and lets them wait for the next sync.
func (l *Log) append(records []Record, stored func([]*Item)) (items []*Item, g *group, full, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, err := l.current()
	if err != nil {
		return nil, nil, nil, err
	}
	if err := l.writeOwed(); err != nil {
		return nil, nil, nil, err
	}
	var size int64
	n := 0
	for ; n < len(records); n++ {
		more := size + int64(recordSize(&records[n]))
		if used := l.bytes + l.reserved; used+more > l.o.MaxBytes {
			full = fmt.Errorf("%w: %d of at most %d bytes are used", ErrFull, used+size, l.o.MaxBytes)
			break
		}
		size = more
	}
	if n == 0 {
		return nil, nil, full, nil
	}
	b := make([]byte, 0, size)
	for i := range records[:n] {
		before := len(b)
		b = appendPut(b, s.salt, l.seq, &records[i])
		items = append(items, &Item{Seq: l.seq, at: s, off: s.size + int64(before), size: int64(len(b) - before)})
		l.seq++
	}
	if err := s.write(b); err != nil {
		return nil, nil, nil, l.lost(err)
	}
	l.bytes += size
	g = l.group
	g.stored = append(g.stored, func(err error) {
		if err != nil {
			return
		}
		s.items = append(s.items, items...)
		s.live += len(items)
		l.live += size
		stored(items)
	})
	return items, g, full, nil
}

// wait returns when a group is synced: it syncs itself when nobody else does.
func (l *Log) wait(ctx context.Context, g *group) error {
	select {
	case <-g.done:
		return g.err
	case <-ctx.Done():
		return ctx.Err()
	case l.leader <- struct{}{}:
	}
	defer func() { <-l.leader }()
	select {
	case <-g.done:
		return g.err
	default:
	}
	l.mu.Lock()
	l.group = newGroup()
	if l.broken != nil {
		defer l.mu.Unlock()
		g.settle(l.broken)
		return g.err
	}
	s, size, owed := l.last(), l.last().size, l.written
	l.mu.Unlock()

	err := syncFile(s)

	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle(s, size, owed, g, err)
	if err == nil && s.size >= l.o.SegmentBytes {
		_ = l.roll() // what fails now fails again with the next write
	}
	return g.err
}

// syncFile lets the disk have what is written, and looks whether the file is where the next process will look for it.
func syncFile(s *segment) error {
	if err := s.file.Sync(); err != nil {
		return err
	}
	mine, err := s.file.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(s.path)
	if err != nil || !os.SameFile(mine, there) {
		return ErrMissing
	}
	return nil
}

// settle tells all who wait what became of a sync. The caller holds mu.
func (l *Log) settle(s *segment, size int64, owed int, g *group, err error) {
	if err == nil {
		s.synced = max(s.synced, size)
		l.owed = append(l.owed[:0], l.owed[min(owed, len(l.owed)):]...)
		l.written = max(0, l.written-owed)
	} else {
		if errors.Is(err, ErrMissing) && l.broken == nil {
			l.broken = ErrMissing
		}
		err = l.lost(err)
		l.abandon(s, err)
	}
	g.settle(err)
}

func (g *group) settle(err error) {
	for _, stored := range g.stored {
		stored(err)
	}
	g.err = err
	close(g.done)
}

// abandon gives up what a segment has beyond its last sync, and all who wait for that. The next write begins another
// segment, and with it the records of what is done that were not synced.
func (l *Log) abandon(s *segment, err error) {
	_ = s.file.Truncate(s.synced)
	l.bytes -= s.size - s.synced
	s.size, s.sealed = s.synced, true
	l.group.settle(err)
	l.group = newGroup()
	l.written = 0
}
