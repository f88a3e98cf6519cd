package workroom_test

import (
	"errors"
	"sync"
	"testing"

	"mayfly/function/internal/workroom"
)

func TestTake(t *testing.T) {
	t.Parallel()
	type step struct {
		lease int
		take  int64 // negative: give
		want  error
	}
	for _, tt := range []struct {
		name  string
		known []bool // the leases
		steps []step
		held  int64
	}{
		{"to the bound", []bool{true}, []step{{0, 100, nil}}, 100},
		{"one alone past the bound", []bool{true}, []step{{0, 60, nil}, {0, 41, workroom.ErrTooLarge}}, 60},
		{"two past the bound", []bool{true, true}, []step{{0, 60, nil}, {1, 41, workroom.ErrFull}, {1, 40, nil}}, 100},
		{"what was given back", []bool{true, true}, []step{{0, 90, nil}, {0, -50, nil}, {1, 60, nil}}, 100},
		{"more given back than held", []bool{true, true}, []step{{0, 10, nil}, {1, 10, nil}, {0, -50, nil}}, 10},
		{"unknown alone", []bool{false}, []step{{0, 30, nil}, {0, 1, workroom.ErrTooLarge}}, 30},
		{"two unknown", []bool{false, false}, []step{{0, 20, nil}, {1, 11, workroom.ErrFull}, {1, 10, nil}}, 30},
		{"known beside unknown", []bool{false, true},
			[]step{{0, 30, nil}, {1, 70, nil}, {1, 1, workroom.ErrFull}}, 100},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			room := workroom.New(100, 30)
			leases := make([]*workroom.Lease, len(tt.known))
			for i, known := range tt.known {
				leases[i] = room.Open(known)
			}
			for _, s := range tt.steps {
				if s.take < 0 {
					leases[s.lease].Give(-s.take)
				} else if err := leases[s.lease].Take(s.take); !errors.Is(err, s.want) {
					t.Errorf("take %d: %v, want %v", s.take, err, s.want)
				}
			}
			if room.Held() != tt.held {
				t.Errorf("%d are held, want %d", room.Held(), tt.held)
			}
			for _, l := range leases {
				l.Known()
				l.Close()
			}
			if last := room.Open(false); room.Held() != 0 || last.Take(30) != nil {
				t.Errorf("%d are left", room.Held())
			}
		})
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	room := workroom.New(1000, 100)
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			l := room.Open(i%2 == 0)
			defer l.Close()
			for range 100 {
				if err := l.Take(7); err == nil && room.Held() > 1000 {
					t.Error("more is held than there is")
				}
			}
			l.Known()
		})
	}
	all.Wait()
	if room.Held() != 0 {
		t.Errorf("%d are left", room.Held())
	}
}
