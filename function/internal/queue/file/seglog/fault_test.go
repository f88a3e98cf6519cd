package seglog_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"mayfly/function/internal/queue/file/seglog"
)

// disk fails one call, and behaves as disks do: a write that fails has written a part, a sync that fails has lost what
// was written since the one before.
type disk struct {
	mu    sync.Mutex
	calls int
	fail  int // the number of the call that fails; 0 for none
	then  int // how many calls after it fail as well
	err   error
}

func (d *disk) failing() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls++
	if d.fail > 0 && d.calls >= d.fail && d.calls <= d.fail+d.then {
		return d.err
	}
	return nil
}

func (d *disk) open(name string, flag int, mode fs.FileMode) (seglog.File, error) {
	if flag&os.O_CREATE != 0 {
		if err := d.failing(); err != nil {
			return nil, &fs.PathError{Op: "open", Path: name, Err: err}
		}
	}
	f, err := os.OpenFile(name, flag, mode)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return &faulty{File: f, disk: d, size: info.Size(), synced: info.Size()}, nil
}

type faulty struct {
	*os.File
	disk   *disk
	size   int64
	synced int64
}

func (f *faulty) WriteAt(b []byte, off int64) (int, error) {
	if err := f.disk.failing(); err != nil {
		n, _ := f.File.WriteAt(b[:len(b)/2], off)
		f.size = max(f.size, off+int64(n))
		return n, err
	}
	f.size = max(f.size, off+int64(len(b)))
	return f.File.WriteAt(b, off)
}

func (f *faulty) Sync() error {
	if err := f.disk.failing(); err != nil {
		if f.size > f.synced {
			_, _ = f.File.WriteAt(make([]byte, f.size-f.synced), f.synced)
		}
		f.synced = f.size // the next sync says that all is well
		return err
	}
	f.synced = f.size
	return nil
}

func (f *faulty) Truncate(size int64) error {
	if err := f.disk.failing(); err != nil {
		return err
	}
	f.size = size
	return f.File.Truncate(size)
}

// TestFailures: each call to the disk fails, one after the other, alone and with the next ones. What was acknowledged
// is there afterwards, and the log goes on once the disk does.
func TestFailures(t *testing.T) {
	t.Parallel()
	for _, then := range []int{0, 1, 4} {
		for _, failure := range []error{syscall.ENOSPC, syscall.EIO} {
			total := 1
			for k := 1; k <= total; k++ {
				d := &disk{fail: k, then: then, err: failure}
				workload(t, d, fmt.Sprintf("%v at calls %d to %d", failure, k, k+then))
				total = min(d.calls, 60)
			}
		}
	}
}

func workload(t *testing.T, d *disk, what string) {
	dir := filepath.Join(t.TempDir(), "log")
	l, _, _, err := seglog.Open(dir, seglog.Options{MaxBytes: 1 << 20, SegmentBytes: 400, OpenFile: d.open})
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	acknowledged, failed := map[string]*seglog.Item{}, 0
	for n := range 20 {
		r := record(n)
		var item *seglog.Item
		_, err := l.Append(t.Context(), []seglog.Record{r}, func(items []*seglog.Item) { item = items[0] })
		if err == nil {
			acknowledged[r.ID] = item
		} else if failed++; !errors.Is(err, d.err) {
			t.Fatalf("%s: error %v", what, err)
		}
		if it := acknowledged[fmt.Sprint("id-", n-3)]; it != nil && n%2 == 0 {
			_ = l.Done([]*seglog.Item{it}) // what it could not write is owed
			delete(acknowledged, fmt.Sprint("id-", n-3))
		}
		if n%5 == 4 {
			_ = l.Compact()
		}
	}
	if failed > 1+d.then {
		t.Fatalf("%s: %d of 20 were refused", what, failed)
	}
	for id, it := range acknowledged {
		if r, err := l.Read(it); err != nil || r.ID != id {
			t.Fatalf("%s: %s reads as %q, %v", what, id, r.ID, err)
		}
	}
	if err := l.Close(); err != nil && !errors.Is(err, d.err) {
		t.Fatalf("%s: %v", what, err)
	}
	l, stored, _, err := seglog.Open(dir, options)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	got := contents(t, l, stored)
	for id := range acknowledged {
		if !got[id] {
			t.Fatalf("%s: %s was acknowledged and is lost", what, id)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestModel: puts, deletions, compaction and starts in any order leave what they should.
func TestModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 17))
		dir := filepath.Join(t.TempDir(), "log")
		o := seglog.Options{MaxBytes: 1 << 20, SegmentBytes: 500}
		l, _, _ := open(t, dir, o)
		live := map[string]*seglog.Item{}
		for n := range 150 {
			switch k := r.IntN(10); {
			case k < 5 || len(live) == 0:
				live[record(n).ID] = appendOne(t, l, record(n))
			case k < 8:
				for id, it := range live {
					if err := l.Done([]*seglog.Item{it}); err != nil {
						t.Fatal(err)
					}
					delete(live, id)
					break
				}
			case k < 9:
				if err := l.Compact(); err != nil {
					t.Fatal(err)
				}
			default:
				if err := l.Close(); err != nil {
					t.Fatal(err)
				}
				var stored []seglog.Stored
				var repairs []seglog.Repair
				l, stored, repairs = open(t, dir, o)
				got := contents(t, l, stored)
				if len(got) != len(live) || len(repairs) > 0 {
					t.Fatalf("seed %d: %d items, want %d; repairs %v", seed, len(got), len(live), repairs)
				}
				for _, s := range stored {
					rec, err := l.Read(s.Item)
					if err != nil || live[rec.ID] == nil {
						t.Fatalf("seed %d: %s is back, %v", seed, rec.ID, err)
					}
					live[rec.ID] = s.Item
				}
			}
		}
	}
}

// TestBounded: one item that stays does not keep all others on the disk.
func TestBounded(t *testing.T) {
	t.Parallel()
	o := seglog.Options{MaxBytes: 1 << 20, SegmentBytes: 4096}
	l, _, _ := open(t, t.TempDir(), o)
	stays := appendOne(t, l, record(0))
	for n := range 300 {
		if err := l.Done([]*seglog.Item{appendOne(t, l, record(n))}); err != nil {
			t.Fatal(err)
		}
		if err := l.Compact(); err != nil {
			t.Fatal(err)
		}
		if most := 6*o.SegmentBytes + 1000; l.Bytes() > most {
			t.Fatalf("%d bytes after %d items, want at most %d", l.Bytes(), n, most)
		}
	}
	if r, err := l.Read(stays); err != nil || r.ID != "id-0" {
		t.Fatalf("read %q, %v", r.ID, err)
	}
}
