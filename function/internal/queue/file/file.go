package file

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/file/seglog"
	"mayfly/function/internal/queue/order"
)

// Bounds.
const (
	ItemBytes = 1 << 20 // of an item's data: more than any hub takes

	DefaultMaxBytes = 1 << 30
	MinMaxBytes     = 16 << 20
)

// Options are what a queue is made of. The zero value is usable.
type Options struct {
	MaxBytes     int64         // what the folder may take; DefaultMaxBytes when 0
	SegmentBytes int64         // of one file of the log; a 64th of MaxBytes when 0, at most 64 MiB
	Lease        time.Duration // one minute when 0
	Log          *slog.Logger  // nothing is logged when nil
	Now          func() time.Time

	// OpenFile replaces os.OpenFile for segments, in tests of failing disks; SyncDir replaces seglog.SyncDir for
	// folders that are made.
	OpenFile func(name string, flag int, mode fs.FileMode) (seglog.File, error)
	SyncDir  func(dir string) error
}

// Queue is the queue of a folder.
type Queue struct {
	dir     string
	o       Options
	lock    *flock.Flock
	log     *seglog.Log
	repairs []seglog.Repair
	dead    *letters
	stop    chan struct{}
	kick    chan struct{} // wakes housekeeping
	keeper  sync.WaitGroup

	mu      sync.Mutex // never held while the log is called
	lines   *order.Lines[*seglog.Item]
	changed chan struct{} // closed when something may be received
	closed  bool
}

var _ queue.Queue = (*Queue)(nil)

// Open opens the queue of a folder, which is made where it does not exist. Errors are *queue.Error: Unavailable where
// another process has it open, or a newer version wrote it.
func Open(dir string, o Options) (*Queue, error) {
	o.MaxBytes = cmp.Or(o.MaxBytes, DefaultMaxBytes)
	o.SegmentBytes = cmp.Or(o.SegmentBytes, min(max(o.MaxBytes/64, 4<<10), 64<<20))
	o.Lease = cmp.Or(o.Lease, time.Minute)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.SyncDir == nil {
		o.SyncDir = seglog.SyncDir
	}
	q := &Queue{
		dir: dir, o: o, lines: order.New[*seglog.Item](),
		stop: make(chan struct{}), kick: make(chan struct{}, 1), changed: make(chan struct{}),
	}
	if err := q.open(); err != nil {
		if q.lock != nil {
			_ = q.lock.Close()
		}
		return nil, q.failure(err)
	}
	for _, r := range q.repairs {
		o.Log.Warn("queue repaired after an unclean end", "queue", q.name(), "repair", r.String())
	}
	q.keeper.Go(q.keep)
	return q, nil
}

func (q *Queue) open() error {
	if err := q.makeFolders(); err != nil {
		return err
	}
	lock := flock.New(filepath.Join(q.dir, "lock"), flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
	switch locked, err := lock.TryLock(); {
	case err != nil:
		return err
	case !locked:
		return q.inUse()
	}
	q.lock = lock
	if err := os.WriteFile(q.ownerFile(), []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		return err
	}
	dead, err := openLetters(q)
	if err != nil {
		return err
	}
	q.dead = dead
	log, stored, repairs, err := seglog.Open(q.logDir(), seglog.Options{
		MaxBytes: q.o.MaxBytes, SegmentBytes: q.o.SegmentBytes, OpenFile: q.o.OpenFile,
	})
	if err != nil {
		return err
	}
	q.log, q.repairs = log, repairs
	log.Reserve(dead.bytes())
	for _, it := range stored {
		q.lines.Add(it.Key, it.Item.Seq, it.Put, it.Item)
	}
	return nil
}

func (q *Queue) logDir() string { return filepath.Join(q.dir, "log") }

// makeFolders makes the folders of the queue. The disk has their names before anything is stored in them: a synced file
// in a folder that a power cut takes is lost.
func (q *Queue) makeFolders() error {
	above := filepath.Dir(filepath.Clean(q.dir))
	names := []string{above}
	for dir := above; ; dir = filepath.Dir(dir) { // and of those above that do not exist
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			break
		}
		names = append(names, filepath.Dir(dir))
	}
	for _, dir := range []string{q.logDir(), q.deadDir(), q.replayDir()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	for _, dir := range names { // of others, who may let nobody read them
		if err := q.o.SyncDir(dir); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return q.o.SyncDir(q.dir)
}

// ownerFile names the process that has the folder. It is not the lock itself, which Windows lets nobody read.
func (q *Queue) ownerFile() string { return filepath.Join(q.dir, "owner") }

// inUse says who has the folder.
func (q *Queue) inUse() error {
	who := "another process"
	if pid, err := os.ReadFile(q.ownerFile()); err == nil && len(pid) > 0 && len(pid) < 16 {
		who = "process " + string(pid)
	}
	return fmt.Errorf("%s has it open: a folder serves one process at a time", who)
}

func (q *Queue) name() string { return "file:" + q.dir }

// Repairs tells what was damaged when the queue was opened.
func (q *Queue) Repairs() []seglog.Repair { return q.repairs }

// Limits is queue.Queue's.
func (q *Queue) Limits() queue.Limits {
	return queue.Limits{ItemBytes: ItemBytes, Lease: q.o.Lease, Ordered: true}
}

// Put is queue.Queue's.
func (q *Queue) Put(ctx context.Context, items []queue.Item) []error {
	errs := q.put(ctx, items)
	if slices.ContainsFunc(errs, func(err error) bool { return errors.Is(err, seglog.ErrFull) }) {
		q.wake()
	}
	return errs
}

func (q *Queue) put(ctx context.Context, items []queue.Item) []error {
	if len(items) == 0 {
		return nil
	}
	errs, failed := make([]error, len(items)), false
	now := q.o.Now()
	records := make([]seglog.Record, 0, len(items))
	places := make([]int, 0, len(items)) // of the records in items
	for i, it := range items {
		if err := tooLarge(it); err != nil {
			errs[i], failed = q.failure(err), true
			continue
		}
		records = append(records, seglog.Record{Key: it.Key, ID: it.ID, Put: now, Data: it.Data})
		places = append(places, i)
	}
	n, err := q.log.Append(ctx, records, func(stored []*seglog.Item) { q.publish(records, stored) })
	if err != nil {
		failed = true
		for _, i := range places[n:] {
			errs[i] = q.failure(err)
		}
	}
	if !failed {
		return nil
	}
	return errs
}

type sizeError struct{ what string }

func (e *sizeError) Error() string { return e.what }

func tooLarge(it queue.Item) error {
	switch {
	case len(it.Data) > ItemBytes:
		return &sizeError{fmt.Sprintf("the item has %d bytes, at most %d", len(it.Data), ItemBytes)}
	case len(it.Key) > seglog.MaxName || len(it.ID) > seglog.MaxName:
		return &sizeError{fmt.Sprintf("the item's key or id is longer than %d bytes", seglog.MaxName)}
	}
	return nil
}

// publish lets items be received.
func (q *Queue) publish(records []seglog.Record, stored []*seglog.Item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, it := range stored {
		q.lines.Add(records[i].Key, it.Seq, records[i].Put, it)
	}
	q.signal()
}

// signal wakes all who wait for an item. The caller holds mu.
func (q *Queue) signal() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// wake lets housekeeping run now.
func (q *Queue) wake() {
	select {
	case q.kick <- struct{}{}:
	default:
	}
}

// Depth is queue.Queue's.
func (q *Queue) Depth(context.Context) (queue.Depth, error) {
	dead := q.dead.count()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return queue.Depth{}, q.failure(seglog.ErrClosed)
	}
	return queue.Depth{Items: q.lines.Len(), Oldest: q.lines.Oldest(), Dead: dead}, nil
}

// Close is queue.Queue's.
func (q *Queue) Close() error {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return nil
	}
	q.closed = true
	q.signal()
	q.mu.Unlock()
	close(q.stop)
	q.keeper.Wait()
	err := errors.Join(q.log.Close(), q.lock.Close())
	if err != nil {
		return q.failure(err)
	}
	return nil
}

// keep does every second what nobody waits for: it syncs what is done, takes dead letters back, and makes room.
func (q *Queue) keep() {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	failing := ""
	for {
		select {
		case <-q.stop:
			return
		case <-ticker.C:
		case <-q.kick:
		}
		q.log.Reserve(q.dead.rescan())
		err := errors.Join(q.log.Flush(), q.dead.takeReplays(), q.log.Compact())
		if err == nil {
			failing = ""
		} else if text := err.Error(); text != failing {
			failing = text
			q.o.Log.Warn("queue cannot keep its folder in order", "queue", q.name(), "error", text)
		}
	}
}
