package throttle_test

import (
	"sync"
	"testing"
	"time"

	"mayfly/emulator/internal/throttle"
)

var start = time.Date(2026, 1, 2, 23, 59, 59, 0, time.UTC)

func TestBucketTake(t *testing.T) {
	t.Parallel()
	b := throttle.PerMinute(6) // one in ten seconds, six at once
	for i := range 6 {
		if _, ok := b.Take(start); !ok {
			t.Fatalf("call %d of the burst was refused", i+1)
		}
	}
	for _, step := range []struct {
		after time.Duration
		wait  time.Duration
		ok    bool
	}{
		{0, 10 * time.Second, false},
		{4 * time.Second, 6 * time.Second, false},
		{10 * time.Second, 0, true},
		{10 * time.Second, 10 * time.Second, false},
		{5 * time.Second, 10 * time.Second, false}, // a clock that goes back gives nothing
		{time.Hour, 0, true},
	} {
		if wait, ok := b.Take(start.Add(step.after)); ok != step.ok || wait.Round(time.Millisecond) != step.wait {
			t.Errorf("after %v: %v %v, want %v %v", step.after, wait, ok, step.wait, step.ok)
		}
	}
}

func TestBucketBorrow(t *testing.T) {
	t.Parallel()
	b := throttle.PerSecond(2)
	for i, step := range []struct {
		n    int
		wait time.Duration
		ok   bool
	}{
		{2, 0, true},                        // the burst
		{2, time.Second, true},              // on credit
		{4, 3 * time.Second, true},          // up to the limit
		{1, 3500 * time.Millisecond, false}, // beyond it: nothing is taken
		{100, 53 * time.Second, false},      // beyond it
		{1, 3500 * time.Millisecond, false}, // so the wait is the same
		{0, 3 * time.Second, true},          // what is owed already
	} {
		wait, ok := b.Borrow(start, step.n, 3*time.Second)
		if wait.Round(time.Millisecond) != step.wait || ok != step.ok {
			t.Errorf("step %d: %v %v, want %v %v", i+1, wait, ok, step.wait, step.ok)
		}
	}
}

func TestNoLimit(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]*throttle.Bucket{"per minute": throttle.PerMinute(-1),
		"per second": throttle.PerSecond(0)} {
		for range 10_000 {
			if _, ok := b.Take(start); !ok {
				t.Fatalf("%s: refused", name)
			}
		}
	}
}

func TestQuota(t *testing.T) {
	t.Parallel()
	var q throttle.Quota
	for i, step := range []struct {
		day  int
		n    int
		used int
		ok   bool
	}{
		{0, 3, 0, true},
		{0, 3, 3, false},
		{0, 2, 3, true},
		{0, 1, 5, false},
		{1, 5, 0, true}, // the next UTC day
	} {
		if used, ok := q.Use(start.AddDate(0, 0, step.day), step.n, 5); used != step.used || ok != step.ok {
			t.Errorf("step %d: %d %v, want %d %v", i+1, used, ok, step.used, step.ok)
		}
	}
	q.Return(2)
	if used, ok := q.Use(start.AddDate(0, 0, 1), 2, 5); used != 3 || !ok {
		t.Errorf("after a return: %d %v", used, ok)
	}
}

func TestConcurrentTakes(t *testing.T) {
	t.Parallel()
	b := throttle.PerMinute(100)
	var wg sync.WaitGroup
	taken := make(chan struct{}, 400)
	for range 4 {
		wg.Go(func() {
			for range 100 {
				if _, ok := b.Take(start); ok {
					taken <- struct{}{}
				}
			}
		})
	}
	wg.Wait()
	if n := len(taken); n != 100 {
		t.Errorf("%d taken, want 100", n)
	}
}
