package function

import (
	"errors"
	"io"
	"testing"
	"time"

	"mayfly/function/internal/bodyroom"
)

// What is under way is bounded in bytes of bodies; a body
// that is alone is let in whatever its size.
func TestLoadIsBounded(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	for name, tt := range map[string]struct {
		underWay []int // bodies
		next     int
		want     bool
	}{
		"nothing under way":               {nil, 1, true},
		"one that is alone, to the bound": {nil, 64 * mib, true},
		"one that is alone, past it":      {nil, 65 * mib, true},
		"another beside it":               {[]int{65 * mib}, 1, false},
		"two to the bound":                {[]int{63 * mib}, mib, true},
		"two past the bound":              {[]int{63 * mib}, mib + 1, false},
		"an empty one beside the bound":   {[]int{64 * mib}, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLoad(3, 100*mib, time.Now)
			for _, n := range tt.underWay {
				if err := l.enter(n); err != nil {
					t.Fatal(err)
				}
			}
			if err := l.enter(tt.next); (err == nil) != tt.want {
				t.Errorf("got %v", err)
			} else if err == nil {
				l.leave(tt.next)
			}
			for _, n := range tt.underWay { // a refused one has left nothing behind
				l.leave(n)
			}
			if bytes := l.working.held.Load(); bytes != 0 {
				t.Errorf("%d bytes are left", bytes)
			}
		})
	}
}

// Bodies that are coming in have 128 MiB, of those of senders that have shown no key
// 16 MiB, or one body.
func TestBudgetsOfBodies(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	for limit, unauthenticated := range map[int64]int64{mib: 16 * mib, 16 * mib: 16 * mib, 100 * mib: 100 * mib} {
		l := newLoad(1, limit, time.Now)
		for want, room := range map[int64]*bodyroom.Room{128 * mib: l.bodies, unauthenticated: l.unauthenticated} {
			r := &countedReader{r: zeros{}, body: room.Open("", nil)}
			if n, err := io.CopyN(io.Discard, r, want); n != want || err != nil {
				t.Errorf("%d of %d bytes, %v", n, want, err)
			}
			if _, err := r.Read(make([]byte, 1)); !errors.Is(err, bodyroom.ErrFull) || !r.body.Evicted() {
				t.Errorf("more than %d bytes", want)
			}
			if r.body.Close(); room.Held() != 0 {
				t.Errorf("%d bytes are left", room.Held())
			}
		}
	}
}

// zeros is a body without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
