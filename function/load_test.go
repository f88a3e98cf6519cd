package function

import (
	"errors"
	"io"
	"testing"
	"time"

	"mayfly/function/internal/bodyroom"
	"mayfly/function/internal/bounds"
)

// Bodies that are coming in have 128 MiB, of those of senders that have shown no key
// 16 MiB, or one body.
func TestBudgetsOfBodies(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	for limit, unauthenticated := range map[int64]int64{mib: 16 * mib, 16 * mib: 16 * mib, 100 * mib: 100 * mib} {
		sizes := bounds.Derive(0, 1)
		l := newLoad(&sizes, limit, time.Now)
		for want, room := range map[int64]*bodyroom.Room{128 * mib: l.bodies, unauthenticated: l.unauthenticated} {
			body := room.Open("", nil)
			r := body.Reader(zeros{})
			if n, err := io.CopyN(io.Discard, r, want); n != want || err != nil {
				t.Errorf("%d of %d bytes, %v", n, want, err)
			}
			if _, err := r.Read(make([]byte, 1)); !errors.Is(err, bodyroom.ErrFull) || !body.Evicted() {
				t.Errorf("more than %d bytes", want)
			}
			if body.Close(); room.Held() != 0 {
				t.Errorf("%d bytes are left", room.Held())
			}
		}
	}
}

// zeros is a body without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
