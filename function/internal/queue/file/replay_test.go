package file_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/file"
	"mayfly/function/internal/queue/file/seglog"
)

// TestReplayWaitsForRoom: what is replayed from outside into a full queue is tried once a second, and not without a
// pause.
func TestReplayWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		var calls atomic.Int64
		q, err := file.Open(dir, file.Options{MaxBytes: 20_000, Now: func() time.Time {
			if calls.Add(1) == 10_000 { // ends a loop in which no time passes
				_ = os.RemoveAll(filepath.Join(dir, "replay"))
			}
			return time.Now()
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = q.Close() }()
		put(t, q, item("a", "1", strings.Repeat("x", 3000)))
		if err := q.Bury(t.Context(), receive(t, q, 1)[0], nil); err != nil {
			t.Fatal(err)
		}
		list, err := q.DeadLetters().List(t.Context(), 1)
		if err != nil || len(list) != 1 {
			t.Fatalf("dead letters %v, %v", list, err)
		}
		name, aside := list[0].ID+".json", filepath.Join(t.TempDir(), "letter")
		if err := os.Rename(filepath.Join(dir, "dead", name), aside); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)                                                             // its room is free
		for q.Put(t.Context(), []queue.Item{item("b", "", strings.Repeat("x", 1000))}) == nil { // and is taken
			continue
		}
		if err := os.Rename(aside, filepath.Join(dir, "replay", name)); err != nil {
			t.Fatal(err)
		}
		before := calls.Load()
		time.Sleep(20 * time.Second)
		if n := calls.Load() - before; n > 100 {
			t.Fatalf("%d looks at the clock in 20 s", n)
		}
		if err := q.Delete(t.Context(), receive(t, q, 100)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if got := receive(t, q, 100); len(got) != 1 || got[0].ID != "1" {
			t.Errorf("received %d items, want the one that was replayed", len(got))
		}
	})
}

// TestFoldersAreSynced: a power cut must not take the folders in which something was stored.
func TestFoldersAreSynced(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir := filepath.Join(root, "a", "b", "queue")
	var synced []string
	q := open(t, dir, file.Options{SyncDir: func(dir string) error {
		synced = append(synced, dir)
		return seglog.SyncDir(dir)
	}})
	put(t, q, item("a", "1", "x"))
	for _, name := range []string{root, filepath.Join(root, "a"), filepath.Join(root, "a", "b"), dir} {
		if !slices.Contains(synced, name) {
			t.Errorf("%s was not synced, only %v", name, synced)
		}
	}
}
