package ring_test

import (
	"slices"
	"testing"

	"mayfly/emulator/internal/ring"
)

func TestRing(t *testing.T) {
	t.Parallel()
	const limit = 20
	r := ring.New[int](limit)
	var want []int
	for i := range 1000 {
		oldest, dropped := r.Push(i)
		want = append(want, i)
		if len(want) > limit {
			if !dropped || oldest != want[0] {
				t.Fatalf("push %d drops %d (%v), want %d", i, oldest, dropped, want[0])
			}
			want = want[1:]
		} else if dropped {
			t.Fatalf("push %d drops %d", i, oldest)
		}
		if i%7 == 0 {
			if got := r.Shift(); got != want[0] {
				t.Fatalf("shift gives %d, want %d", got, want[0])
			}
			want = want[1:]
		}
		var got []int
		for k := range r.Len() {
			got = append(got, *r.At(k))
		}
		if !slices.Equal(got, want) {
			t.Fatalf("after %d: %v, want %v", i, got, want)
		}
	}
	if r.Limit() != limit {
		t.Errorf("limit %d", r.Limit())
	}
}
