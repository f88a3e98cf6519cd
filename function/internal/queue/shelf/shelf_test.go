package shelf_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"mayfly/function/internal/queue/shelf"
)

// source is messages with a clock, ten of which are received at a time.
type source struct {
	now      time.Time
	hidden   map[string]time.Time
	messages []string
	calls    int
	takes    time.Duration // of a call
	fail     error
}

func (s *source) Receive(_ context.Context, n int) (list []string, err error) {
	s.calls++
	s.now = s.now.Add(s.takes)
	if s.calls > 10_000 {
		return nil, errors.New("a search without an end")
	}
	for _, m := range s.messages {
		if len(list) < min(n, 10) && !s.hidden[m].After(s.now) {
			list = append(list, m)
			s.hidden[m] = s.now.Add(shelf.Lease)
		}
	}
	return list, s.fail
}

func (s *source) Extend(_ context.Context, m string) error {
	s.hidden[m] = s.now.Add(shelf.Lease)
	return s.fail
}

func (s *source) Release(_ context.Context, list []string) {
	for _, m := range list {
		delete(s.hidden, m)
	}
}

func (s *source) ID(m string) string { return m }

func newShelf(n int) (*shelf.Shelf[string], *source) {
	src := &source{hidden: map[string]time.Time{}, now: time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)}
	for i := range n {
		src.messages = append(src.messages, time.Duration(i).String())
	}
	return &shelf.Shelf[string]{Source: src, Now: func() time.Time { return src.now }}, src
}

// Whoever lists messages and takes each makes as many calls as there are lists of ten, and not for each.
func TestTakeAll(t *testing.T) {
	t.Parallel()
	s, src := newShelf(1000)
	list, err := s.List(t.Context(), 5000)
	if err != nil || len(list) != 1000 {
		t.Fatalf("%d messages, %v", len(list), err)
	}
	for _, m := range list {
		found, err := s.Take(t.Context(), m, func(m string) error {
			if src.now = src.now.Add(50 * time.Millisecond); !src.hidden[m].After(src.now) {
				t.Errorf("%s is used without a lease", m)
			}
			src.messages = slices.DeleteFunc(src.messages, func(other string) bool { return other == m })
			return nil
		})
		if err != nil || !found {
			t.Fatalf("%s: %v, %v", m, found, err)
		}
	}
	if src.calls > 250 || len(src.messages) > 0 {
		t.Errorf("%d calls, %d messages are left", src.calls, len(src.messages))
	}
}

func TestListAgain(t *testing.T) {
	t.Parallel()
	s, src := newShelf(25)
	for range 3 {
		for want, n := range map[int]int{25: 100, 7: 7} {
			list, err := s.List(t.Context(), n)
			slices.Sort(list)
			if err != nil || len(slices.Compact(list)) != want {
				t.Errorf("%d messages, %v, want %d", len(list), err, want)
			}
		}
		src.now = src.now.Add(29 * time.Second)
	}
	s.Close(t.Context())
	if len(src.hidden) > 0 {
		t.Errorf("%d messages are hidden from others", len(src.hidden))
	}
}

func TestTakeFails(t *testing.T) {
	t.Parallel()
	s, src := newShelf(15)
	if found, err := s.Take(t.Context(), "none", func(string) error { return nil }); found || err != nil {
		t.Errorf("%v, %v, want nothing", found, err)
	}
	down := errors.New("down")
	if found, err := s.Take(t.Context(), "3ns", func(string) error { return down }); !found || !errors.Is(err, down) {
		t.Errorf("%v, %v, want the error of its use", found, err)
	}
	src.now, src.fail = src.now.Add(25*time.Second), down
	if _, err := s.Take(t.Context(), "3ns", func(string) error {
		t.Error("it was used near the end of its lease")
		return nil
	}); !errors.Is(err, down) {
		t.Errorf("error %v, want that of its lease", err)
	}
	src.fail = nil
	if found, err := s.Take(t.Context(), "3ns", func(string) error { return nil }); !found || err != nil {
		t.Errorf("%v, %v", found, err)
	}
}

// A search that is slower than its leases end does not go on for ever.
func TestSlow(t *testing.T) {
	t.Parallel()
	s, src := newShelf(1000)
	src.takes = 2 * time.Second
	list, err := s.List(t.Context(), 1000)
	if err != nil || len(list) < 100 || len(list) >= 1000 {
		t.Errorf("%d messages, %v", len(list), err)
	}
	found, err := s.Take(t.Context(), src.messages[999], func(string) error { return nil })
	if found || err == nil {
		t.Errorf("found %v, %v, want an error", found, err)
	}
	if src.calls > 100 {
		t.Errorf("%d calls", src.calls)
	}
}
