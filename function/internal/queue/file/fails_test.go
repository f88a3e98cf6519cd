package file_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/file"
	"mayfly/function/internal/queue/file/seglog"
)

func failedAs(t *testing.T, err error, kind queue.Kind) {
	t.Helper()
	var failure *queue.Error
	if !errors.As(err, &failure) || failure.Kind != kind {
		t.Fatalf("error %v, want one of kind %q", err, kind)
	}
}

func refused(t *testing.T, q queue.Queue, kind queue.Kind) error {
	t.Helper()
	errs := q.Put(t.Context(), []queue.Item{item("a", "refused", "x"), item("b", "refused too", "x")})
	if len(errs) != 2 {
		t.Fatalf("errors %v, want two", errs)
	}
	for _, err := range errs {
		failedAs(t, err, kind)
	}
	return errs[0]
}

func TestSecondProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := open(t, dir, file.Options{})
	_, err := file.Open(dir, file.Options{})
	failedAs(t, err, queue.Unavailable)
	if want := fmt.Sprintf("process %d has it open", os.Getpid()); !strings.Contains(err.Error(), want) {
		t.Errorf("error %q does not say %q", err, want)
	}
	put(t, q, item("a", "1", "x"))
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if got := drain(t, q.open(t)); len(got) != 1 {
		t.Errorf("%d items, want 1", len(got))
	}
}

// TestFolderDeleted: what the system keeps of a deleted file is not stored.
func TestFolderDeleted(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(dir string) error{
		"all":         os.RemoveAll,
		"segments":    func(dir string) error { return os.RemoveAll(filepath.Join(dir, "log")) },
		"one segment": func(dir string) error { return os.Remove(filepath.Join(dir, "log", "0000000000000001.seg")) },
		"moved away":  func(dir string) error { return os.Rename(dir, dir+"-moved") },
		"made again": func(dir string) error {
			return errors.Join(os.RemoveAll(dir), os.MkdirAll(filepath.Join(dir, "log"), 0o700))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "queue")
			q := open(t, dir, file.Options{})
			put(t, q, item("a", "1", "before"))
			if err := remove(dir); err != nil {
				t.Fatal(err)
			}
			_ = refused(t, q, queue.Missing)
			err := refused(t, q, queue.Missing)
			if !strings.Contains(err.Error(), "deleted or replaced") {
				t.Errorf("error %q does not say what happened", err)
			}
			got := receive(t, q, 5) // what was accepted before can still be read
			if len(got) != 1 || string(got[0].Data) != "before" {
				t.Errorf("received %v", got)
			}
			if err := q.Delete(t.Context(), got); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestDiskFails: a disk that takes nothing is told apart, nothing is acknowledged, and the queue goes on with the disk.
func TestDiskFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  error
		kind queue.Kind
	}{
		"full":        {syscall.ENOSPC, queue.Full},
		"quota":       {syscall.EDQUOT, queue.Full},
		"read only":   {syscall.EROFS, queue.ReadOnly},
		"permissions": {syscall.EACCES, queue.Denied},
		"broken":      {syscall.EIO, queue.Unavailable},
	} {
		for _, where := range []string{"open", "write", "sync"} {
			t.Run(name+" at "+where, func(t *testing.T) {
				t.Parallel()
				d := &failing{where: where, err: test.err}
				q := open(t, t.TempDir(), file.Options{OpenFile: d.open, SegmentBytes: 200})
				put(t, q, item("a", "1", "before"))
				put(t, q, item("a", "2", strings.Repeat("x", 300))) // the next one begins a segment
				d.on.Store(true)
				_ = refused(t, q, test.kind)
				_ = refused(t, q, test.kind)
				d.on.Store(false)
				put(t, q, item("a", "3", "after"))
				if err := q.Close(); err != nil {
					t.Fatal(err)
				}
				var ids []string
				for _, it := range drain(t, q.open(t)) {
					ids = append(ids, it.ID)
				}
				if fmt.Sprint(ids) != "[1 2 3]" {
					t.Errorf("the queue has %v", ids)
				}
			})
		}
	}
}

// failing is a disk on which one kind of call fails while it is on.
type failing struct {
	on    atomic.Bool
	where string
	err   error
}

func (d *failing) fails(where string) error {
	if !d.on.Load() {
		return nil
	}
	if d.where == where || d.where == "open" && where == "sync" { // a segment is begun after a sync that failed
		return d.err
	}
	return nil
}

func (d *failing) open(name string, flag int, mode fs.FileMode) (seglog.File, error) {
	if err := d.fails("open"); err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	f, err := os.OpenFile(name, flag, mode)
	if err != nil {
		return nil, err
	}
	return failingFile{f, d}, nil
}

type failingFile struct {
	*os.File
	disk *failing
}

func (f failingFile) WriteAt(b []byte, off int64) (int, error) {
	if err := f.disk.fails("write"); err != nil {
		n, _ := f.File.WriteAt(b[:len(b)/3], off)
		return n, err
	}
	return f.File.WriteAt(b, off)
}

func (f failingFile) Sync() error {
	if err := f.disk.fails("sync"); err != nil {
		return err
	}
	return f.File.Sync()
}

func TestFutureVersion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := open(t, dir, file.Options{})
	put(t, q, item("a", "1", "x"))
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	// "mayflyq\n", version 2, salt 0, first 1, and the checksum of these.
	header := append([]byte("mayflyq\n\x02\x00\x00\x00"), make([]byte, 8)...)
	header = append(header, 1, 0, 0, 0, 0, 0, 0, 0)
	header = append(header, crc(header)...)
	name := filepath.Join(dir, "log", "00000000000000ff.seg")
	if err := os.WriteFile(name, header, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := file.Open(dir, file.Options{})
	if err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Fatalf("error %v, want that a newer version wrote it", err)
	}
	if err := os.Remove(name); err != nil { // the refused start left no lock
		t.Fatal(err)
	}
	if got := drain(t, q.open(t)); len(got) != 1 {
		t.Errorf("%d items, want 1", len(got))
	}
}

// TestUnreadable: an item that was damaged on the disk after the start does not hold up the others, and does not
// disappear.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := open(t, dir, file.Options{})
	put(t, q, item("a", "1", "first"), item("a", "2", "second"))
	name := filepath.Join(dir, "log", "0000000000000001.seg")
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("F"), int64(bytes.Index(b, []byte("first")))); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	got := receive(t, q, 5)
	if len(got) != 1 || got[0].ID != "2" {
		t.Fatalf("received %v", got)
	}
	dead, err := q.DeadLetters().List(t.Context(), 10)
	if err != nil || len(dead) != 1 || !bytes.Contains(dead[0].Reason, []byte("queue_damaged")) {
		t.Fatalf("dead letters %v, %v", dead, err)
	}
	if !bytes.Contains(dead[0].Item.Data, []byte("First")) || dead[0].Item.Key != "a" {
		t.Errorf("the dead letter is of %q: %q", dead[0].Item.Key, dead[0].Item.Data)
	}
}

// TestReplayFromOutside: the command-line tool works on dead letters while the bridge runs, and while it does not.
func TestReplayFromOutside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := open(t, dir, file.Options{})
	for _, id := range []string{"1", "2", "3"} {
		put(t, q, item("a", id, "data "+id))
		if err := q.Bury(t.Context(), receive(t, q, 1)[0], []byte(`{"code":"c"}`)); err != nil {
			t.Fatal(err)
		}
	}
	outside := func() queue.DeadLetters {
		letters, err := file.DeadLetters(dir)
		if err != nil {
			t.Fatal(err)
		}
		return letters
	}
	list, err := outside().List(t.Context(), 10)
	if err != nil || len(list) != 3 || list[0].Item.ID != "1" || string(list[0].Item.Data) != "data 1" {
		t.Fatalf("dead letters %v, %v", list, err)
	}
	if err := outside().Replay(t.Context(), list[0].ID); err != nil {
		t.Fatal(err)
	}
	got := receive(t, q, 5) // the owner takes it within a second
	if len(got) != 1 || got[0].ID != "1" || string(got[0].Data) != "data 1" {
		t.Fatalf("received %v", got)
	}
	if err := q.Delete(t.Context(), got); err != nil {
		t.Fatal(err)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if err := outside().Replay(t.Context(), list[1].ID); err != nil {
		t.Fatal(err)
	}
	if err := outside().Drop(t.Context(), list[2].ID); err != nil {
		t.Fatal(err)
	}
	failedAs(t, outside().Drop(t.Context(), list[2].ID), queue.NoItem)
	again := q.open(t)
	if got := receive(t, again, 5); len(got) != 1 || got[0].ID != "2" {
		t.Fatalf("received %v", got)
	}
	if _, err := file.DeadLetters(t.TempDir()); err == nil {
		t.Error("an empty folder has dead letters")
	}
}

// TestDeadLettersCount: the folder's bound holds for dead letters too, and its owner sees what others drop.
func TestDeadLettersCount(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := open(t, dir, file.Options{MaxBytes: 30_000})
	var err error
	for n := 0; err == nil && n < 100; n++ {
		errs := q.Put(t.Context(), []queue.Item{item("a", fmt.Sprint(n), strings.Repeat("x", 1000))})
		if err = errors.Join(errs...); err == nil {
			if buryErr := q.Bury(t.Context(), receive(t, q, 1)[0], nil); buryErr != nil {
				t.Fatal(buryErr)
			}
		}
	}
	failedAs(t, err, queue.Full)
	letters, err := file.DeadLetters(dir)
	if err != nil {
		t.Fatal(err)
	}
	list, err := letters.List(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		if err := letters.Drop(t.Context(), l.ID); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for q.Put(ctx, []queue.Item{item("a", "again", "x")}) != nil {
		if ctx.Err() != nil {
			t.Fatal("there is room again, and nothing is taken")
		}
		time.Sleep(10 * time.Millisecond)
	}
}
