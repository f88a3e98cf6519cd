package seglog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"mayfly/function/internal/queue/file/seglog"
)

var options = seglog.Options{MaxBytes: 1 << 30, SegmentBytes: 1200}

func open(t *testing.T, dir string, o seglog.Options) (*seglog.Log, []seglog.Stored, []seglog.Repair) {
	t.Helper()
	l, stored, repairs, err := seglog.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l, stored, repairs
}

// record is the n-th record of these tests.
func record(n int) seglog.Record {
	return seglog.Record{
		Key: fmt.Sprint("key", n%3), ID: fmt.Sprint("id-", n), Put: time.Unix(1_900_000_000, int64(n)),
		Data: bytes.Repeat([]byte{byte(n), 0, 0xff}, 5+n%7),
	}
}

func appendOne(t *testing.T, l *seglog.Log, r seglog.Record) *seglog.Item {
	t.Helper()
	var item *seglog.Item
	n, err := l.Append(t.Context(), []seglog.Record{r}, func(items []*seglog.Item) { item = items[0] })
	if n != 1 || err != nil || item == nil {
		t.Fatalf("append: %d, %v", n, err)
	}
	return item
}

// contents reads all that a log has, by id, and expects the order of the items to be that of their numbers.
func contents(t *testing.T, l *seglog.Log, stored []seglog.Stored) map[string]bool {
	t.Helper()
	got, last := map[string]bool{}, -1
	for _, s := range stored {
		r, err := l.Read(s.Item)
		if err != nil {
			t.Fatal(err)
		}
		var n int
		if _, err := fmt.Sscanf(r.ID, "id-%d", &n); err != nil || n <= last {
			t.Fatalf("%s came after id-%d", r.ID, last)
		}
		last = n
		want := record(n)
		if r.Key != want.Key || s.Key != want.Key || !bytes.Equal(r.Data, want.Data) || !r.Put.Equal(want.Put) {
			t.Fatalf("%s is %+v, want %+v", r.ID, r, want)
		}
		got[r.ID] = true
	}
	return got
}

// moment is what was acknowledged when the last segment had a size.
type moment struct {
	size    int64
	stored  []string // all of them must be there
	deleted []string // none of them must be there, unless it is in stored as well
}

// written is a log whose process has just ended, and its moments.
type written struct {
	dir     string
	last    string // the last segment
	moments []moment
}

// write makes a log of several segments, in which each third item is done.
func write(t *testing.T, n int) written {
	t.Helper()
	w := written{dir: t.TempDir()}
	l, _, _ := open(t, w.dir, options)
	live, gone := map[string]*seglog.Item{}, map[string]bool{}
	for i := range n {
		live[record(i).ID] = appendOne(t, l, record(i))
		if i%3 == 2 {
			id := fmt.Sprint("id-", i-i%7)
			if it := live[id]; it != nil {
				if err := l.Done([]*seglog.Item{it}); err != nil {
					t.Fatal(err)
				}
				delete(live, id)
				gone[id] = true
			}
		}
		names, err := filepath.Glob(filepath.Join(w.dir, "*.seg"))
		if err != nil {
			t.Fatal(err)
		}
		if last := names[len(names)-1]; last != w.last {
			w.last, w.moments = last, nil
		}
		info, err := os.Stat(w.last)
		if err != nil {
			t.Fatal(err)
		}
		w.moments = append(w.moments, moment{
			size: info.Size(), stored: slices.Collect(maps.Keys(live)), deleted: slices.Collect(maps.Keys(gone)),
		})
	}
	return w
}

// at is the last moment when the segment had at most a size; the first one when it had less from the beginning, with
// nothing of this segment.
func (w written) at(size int64) moment {
	best := moment{}
	for _, m := range w.moments {
		if m.size <= size {
			best = m
		}
	}
	return best
}

// crash copies the log with another last segment.
func (w written) crash(t *testing.T, last []byte) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "log")
	if err := os.CopyFS(dir, os.DirFS(w.dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, filepath.Base(w.last)), last, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// check opens a log after a crash: what was acknowledged is there, and what is put now comes behind it.
func (m moment) check(t *testing.T, dir string, next int) []seglog.Repair {
	t.Helper()
	l, stored, repairs, err := seglog.Open(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	got := contents(t, l, stored)
	for _, id := range m.stored {
		if !got[id] {
			t.Fatalf("%s was acknowledged and is lost; repairs: %v", id, repairs)
		}
	}
	for _, id := range m.deleted {
		if got[id] {
			t.Fatalf("%s was deleted and is back", id)
		}
	}
	appendOne(t, l, record(next))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l, stored, again, err := seglog.Open(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	if !contents(t, l, stored)[record(next).ID] {
		t.Fatal("what was put after the repair is lost")
	}
	for _, r := range again {
		if r.What[:3] == "the" {
			t.Fatalf("the second start repairs again: %v", again)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return repairs
}

// TestPowerCut: the last segment ends at any byte.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	w := write(t, 60)
	whole, err := os.ReadFile(w.last)
	if err != nil {
		t.Fatal(err)
	}
	before := firstOf(w)
	sizes := map[int64]bool{0: true, seglog.HeaderSize: true, int64(len(whole)): true}
	for _, m := range w.moments {
		sizes[m.size] = true
	}
	quiet := 0
	for size := range int64(len(whole)) + 1 {
		m := w.at(size)
		if m.size == 0 {
			m = before
		}
		repairs := m.check(t, w.crash(t, whole[:size]), 1000)
		switch {
		case len(repairs) == 0 && !ends(whole, size):
			t.Fatalf("cut at %d of %d: no repair is reported", size, len(whole))
		case len(repairs) == 0:
			quiet++
		}
	}
	if quiet < len(w.moments) {
		t.Errorf("%d cuts needed no repair, want those at the ends of %d records at least", quiet, len(w.moments))
	}
}

// firstOf is what earlier segments have, whatever becomes of the last one.
func firstOf(w written) moment {
	first := w.moments[0]
	return moment{stored: slices.DeleteFunc(slices.Clone(first.stored), func(id string) bool {
		return first.size > seglog.HeaderSize && id == newest(first.stored)
	})}
}

func newest(ids []string) string {
	number := func(id string) (n int) {
		_, _ = fmt.Sscanf(id, "id-%d", &n)
		return n
	}
	return slices.MaxFunc(ids, func(a, b string) int { return number(a) - number(b) })
}

// ends tells whether a record ends at a size.
func ends(whole []byte, size int64) bool {
	at := int64(seglog.HeaderSize)
	for at < size {
		n := int64(whole[at+8]) | int64(whole[at+9])<<8 | int64(whole[at+10])<<16
		at += 16 + n
	}
	return at == size
}

// TestTornPages: of what was written after the last sync, blocks are missing or hold something else.
func TestTornPages(t *testing.T) {
	t.Parallel()
	w := write(t, 64)
	whole, err := os.ReadFile(w.last)
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 17))
		m := w.moments[r.IntN(len(w.moments))]
		torn := slices.Clone(whole)
		block := []int{64, 512, 4096}[r.IntN(3)]
		damaged := false
		for at := 0; at < len(torn); at += block {
			part := torn[max(at, int(m.size)):max(min(at+block, len(torn)), int(m.size))]
			if len(part) == 0 || r.IntN(2) == 0 {
				continue
			}
			damaged = true
			if r.IntN(2) == 0 {
				clear(part)
				continue
			}
			for i := range part {
				part[i] = byte(r.Uint32())
			}
		}
		repairs := m.check(t, w.crash(t, torn), 1000)
		if damaged && len(repairs) == 0 {
			t.Fatalf("seed %d: torn pages are not reported", seed)
		}
	}
}

// TestDamage: a bit of something old turns. That record is lost and reported, all others are read.
func TestDamage(t *testing.T) {
	t.Parallel()
	w := write(t, 64)
	names, err := filepath.Glob(filepath.Join(w.dir, "*.seg"))
	if err != nil {
		t.Fatal(err)
	}
	all := w.moments[len(w.moments)-1]
	for at := seglog.HeaderSize; at < 1000; at += 7 {
		dir := filepath.Join(t.TempDir(), "log")
		if err := os.CopyFS(dir, os.DirFS(w.dir)); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, filepath.Base(names[1]))
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b[at] ^= 0x10
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		l, stored, repairs := open(t, dir, options)
		got := contents(t, l, stored)
		lost := 0
		for _, id := range all.stored {
			if !got[id] {
				lost++
			}
		}
		if lost > 1 || len(repairs) != 1 {
			t.Fatalf("a bit at %d: %d items are lost, repairs %v", at, lost, repairs)
		}
	}
}

func TestDamagedHeader(t *testing.T) {
	t.Parallel()
	w := write(t, 30)
	whole, err := os.ReadFile(w.last)
	if err != nil {
		t.Fatal(err)
	}
	whole[3] = 'x'
	dir := w.crash(t, whole)
	_, _, repairs := open(t, dir, options)
	if len(repairs) != 1 || repairs[0].Bytes != int64(len(whole)) {
		t.Fatalf("repairs %v", repairs)
	}
	kept, err := os.ReadFile(filepath.Join(dir, filepath.Base(w.last)+".damaged"))
	if err != nil || !bytes.Equal(kept, whole) {
		t.Fatalf("the segment was not set aside: %v", err)
	}
}

// TestFutureVersion: nothing is changed, so that the newer version can go on.
func TestFutureVersion(t *testing.T) {
	t.Parallel()
	w := write(t, 30)
	future := append(seglog.FutureHeader(), "something"...)
	dir := w.crash(t, future)
	_, _, _, err := seglog.Open(dir, options)
	if !errors.Is(err, seglog.ErrVersion) {
		t.Fatalf("error %v, want %v", err, seglog.ErrVersion)
	}
	if b, err := os.ReadFile(filepath.Join(dir, filepath.Base(w.last))); err != nil || !bytes.Equal(b, future) {
		t.Fatal("the segment was changed")
	}
}

// TestPayloadLooksLikeRecord: a sender cannot write records into the log.
func TestPayloadLooksLikeRecord(t *testing.T) {
	t.Parallel()
	w := write(t, 10)
	inner, err := os.ReadFile(w.last)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	l, _, _ := open(t, dir, options)
	if _, err := l.Append(context.Background(), []seglog.Record{{Key: "a", ID: "outer", Data: inner}},
		func([]*seglog.Item) {}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*.seg"))
	b, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	b[seglog.HeaderSize+5] ^= 1 // the outer record is damaged, and what follows is searched
	if err := os.WriteFile(names[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	_, stored, repairs := open(t, dir, options)
	if len(stored) != 0 || len(repairs) != 1 {
		t.Fatalf("%d items, repairs %v", len(stored), repairs)
	}
}
