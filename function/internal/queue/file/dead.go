package file

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/file/seglog"
	"mayfly/internal/lazyregexp"
)

// letter is a dead letter as it stands in a file.
type letter struct {
	Version  int       `json:"version"`
	Key      string    `json:"key"`
	ID       string    `json:"id"`
	Put      time.Time `json:"put"`
	Buried   time.Time `json:"buried"`
	Attempts int       `json:"attempts"`
	Reason   string    `json:"reason"`
	Data     []byte    `json:"data"` // base64
}

const letterVersion = 1

// isLetter is what the ids of dead letters look like: when the item was stored, and its place in the log.
var isLetter = lazyregexp.New(`^[0-9a-f]{16}-[0-9a-f]{1,16}$`)

// letterID is the same each time that an item is buried.
func letterID(put int64, seq uint64) string { return fmt.Sprintf("%016x-%x", uint64(put), seq) }

// maxLetter bounds what is read of a file: an item in base64, its names and its reason.
const maxLetter = 8 << 20

// letters are the dead letters of a folder. Queue is nil where the folder is not open: then they are only moved.
type letters struct {
	dir, replay string
	queue       *Queue
	now         func() time.Time

	mu    sync.Mutex
	seen  time.Time // of the folder, when it was counted
	files int
	used  int64
}

func (q *Queue) deadDir() string   { return filepath.Join(q.dir, "dead") }
func (q *Queue) replayDir() string { return filepath.Join(q.dir, "replay") }

func openLetters(q *Queue) (*letters, error) {
	d := &letters{dir: q.deadDir(), replay: q.replayDir(), queue: q, now: q.o.Now}
	temporary, err := filepath.Glob(filepath.Join(d.dir, "*.tmp"))
	if err != nil {
		return nil, err
	}
	for _, name := range temporary { // of a process that ended while it wrote one
		if err := os.Remove(name); err != nil {
			return nil, err
		}
	}
	d.rescan()
	return d, nil
}

// DeadLetters gives the dead letters of a folder, whether or not a process has it open. What is replayed waits in the
// folder until its process, or the next one, takes it.
func DeadLetters(dir string) (queue.DeadLetters, error) {
	q := &Queue{dir: dir}
	if _, err := os.Stat(q.deadDir()); err != nil {
		return nil, q.failure(fmt.Errorf("it is not the folder of a queue: %w", err))
	}
	return &letters{dir: q.deadDir(), replay: q.replayDir()}, nil
}

// DeadLetters is queue.Queue's.
func (q *Queue) DeadLetters() queue.DeadLetters { return q.dead }

// write stores a letter so that it is there as a whole or not at all.
func (d *letters) write(id string, l *letter) error {
	l.Version = letterVersion
	b, err := json.MarshalIndent(l, "", " ")
	if err != nil {
		return err
	}
	name := filepath.Join(d.dir, id+".json")
	if err := writeSynced(name+".tmp", b); err != nil {
		_ = os.Remove(name + ".tmp")
		return err
	}
	d.mu.Lock()
	err = os.Rename(name+".tmp", name)
	if err == nil {
		d.files++
		d.used += int64(len(b))
	}
	d.mu.Unlock()
	return errors.Join(err, seglog.SyncDir(d.dir))
}

// remove deletes the file of a letter, in the folder of dead letters or in that of those to be replayed.
func (d *letters) remove(name string) error {
	d.mu.Lock()
	info, err := os.Stat(name)
	if err == nil {
		err = os.Remove(name)
	}
	if err == nil && filepath.Dir(name) == d.dir {
		d.files--
		d.used -= info.Size()
	}
	d.mu.Unlock()
	return errors.Join(err, seglog.SyncDir(filepath.Dir(name)))
}

func writeSynced(name string, b []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// names are the ids of the letters, the oldest first.
func (d *letters) names() ([]string, error) {
	files, err := os.ReadDir(d.dir)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, f := range files {
		if id, is := strings.CutSuffix(f.Name(), ".json"); is && isLetter().MatchString(id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// rescan counts the letters when the folder has changed, and gives what they take.
func (d *letters) rescan() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	info, err := os.Stat(d.dir)
	if err != nil || info.ModTime().Equal(d.seen) {
		return d.used
	}
	files, err := os.ReadDir(d.dir)
	if err != nil {
		return d.used
	}
	d.seen, d.files, d.used = info.ModTime(), 0, 0
	if d.now().Sub(d.seen) < 2*time.Second { // another change may bear the same time
		d.seen = time.Time{}
	}
	for _, f := range files {
		if info, err := f.Info(); err == nil && strings.HasSuffix(f.Name(), ".json") {
			d.files++
			d.used += info.Size()
		}
	}
	return d.used
}

func (d *letters) bytes() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.used
}

func (d *letters) count() int {
	d.rescan()
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.files
}

// List is queue.DeadLetters'.
func (d *letters) List(ctx context.Context, n int) ([]queue.DeadLetter, error) {
	ids, err := d.names()
	if err != nil {
		return nil, d.failure(err)
	}
	var list []queue.DeadLetter
	for _, id := range ids[:min(max(n, 0), len(ids))] {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l, err := read(filepath.Join(d.dir, id+".json"))
		switch {
		case errors.Is(err, fs.ErrNotExist): // somebody has dropped it
			continue
		case err != nil: // shown all the same: it can be dropped
			l = &letter{Reason: string(unreadable(err))}
		}
		list = append(list, queue.DeadLetter{
			ID: id, Item: queue.Item{Key: l.Key, ID: l.ID, Data: l.Data}, Buried: l.Buried, Reason: []byte(l.Reason),
		})
	}
	return list, nil
}

func read(name string) (*letter, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxLetter || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a dead letter", filepath.Base(name))
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	l := &letter{}
	if err := json.Unmarshal(b, l); err != nil {
		return nil, fmt.Errorf("%s is not a dead letter: %w", filepath.Base(name), err)
	}
	if l.Version > letterVersion {
		return nil, fmt.Errorf("%s has format %d: %w", filepath.Base(name), l.Version, seglog.ErrVersion)
	}
	return l, nil
}

// Replay is queue.DeadLetters'.
func (d *letters) Replay(ctx context.Context, id string) error {
	name := filepath.Join(d.dir, id+".json")
	if err := d.exists(id); err != nil {
		return err
	}
	if d.queue != nil {
		return d.takeBack(ctx, name)
	}
	if _, err := read(name); err != nil {
		return d.failure(err)
	}
	if err := os.MkdirAll(d.replay, 0o700); err != nil {
		return d.failure(err)
	}
	if err := os.Rename(name, filepath.Join(d.replay, id+".json")); err != nil {
		return d.failure(err)
	}
	return d.failure(errors.Join(seglog.SyncDir(d.replay), seglog.SyncDir(d.dir)))
}

// Drop is queue.DeadLetters'.
func (d *letters) Drop(_ context.Context, id string) error {
	if err := d.exists(id); err != nil {
		return err
	}
	return d.failure(d.remove(filepath.Join(d.dir, id+".json")))
}

func (d *letters) exists(id string) error {
	if isLetter().MatchString(id) {
		_, err := os.Stat(filepath.Join(d.dir, id+".json"))
		if !errors.Is(err, fs.ErrNotExist) {
			return d.failure(err)
		}
	}
	return &queue.Error{Kind: queue.NoItem, Queue: d.name(), Err: fmt.Errorf("no dead letter has the id %.80q", id)}
}

// takeBack puts the item of a letter into the queue and deletes the letter. When the process ends in between, it comes
// twice.
func (d *letters) takeBack(ctx context.Context, name string) error {
	l, err := read(name)
	if err != nil {
		return d.failure(err)
	}
	for _, err := range d.queue.put(ctx, []queue.Item{{Key: l.Key, ID: l.ID, Data: l.Data}}) {
		if err != nil {
			return err
		}
	}
	return d.failure(d.remove(name))
}

// takeReplays puts into the queue what another process has moved to the folder for it. What cannot be taken stays
// there, and is tried again.
func (d *letters) takeReplays() error {
	files, err := os.ReadDir(d.replay)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var failed []error
	for _, f := range files {
		name := filepath.Join(d.replay, f.Name())
		if !strings.HasSuffix(name, ".json") {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		err := d.takeBack(ctx, name)
		cancel()
		if err != nil {
			failed = append(failed, fmt.Errorf("replay of %s: %w", f.Name(), err))
		}
		if errors.Is(err, seglog.ErrFull) {
			break
		}
	}
	return errors.Join(failed...)
}

func (d *letters) name() string { return "file:" + filepath.Dir(d.dir) }

func (d *letters) failure(err error) error {
	if err == nil {
		return nil
	}
	return failure(d.name(), err)
}
