package inflight_test

import (
	"errors"
	"testing"
	"time"

	"mayfly/function/internal/inflight"
)

// A tenant has at most half of the places, whoever else is there.
func TestShares(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		places int
		asks   string // a tenant each
		want   string // + for each that gets in, s for one over its share, f when it is full
	}{
		"one of one":                   {1, "aa", "+f"},
		"one of two":                   {2, "aab", "+s+"},
		"one of three":                 {3, "aabb", "+s+s"},
		"half of eight":                {8, "aaaaaa", "++++ss"},
		"two with half each":           {8, "aaaaabbbbbc", "++++s++++f" + "f"},
		"three by turns":               {6, "abcabcabc", "++++++fff"},
		"others beside one that hangs": {4, "aaabcb", "++s++f"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := inflight.New(tt.places, time.Now)
			var places []*inflight.Place
			got := ""
			for _, tenant := range tt.asks {
				p, err := l.Enter()
				if errors.Is(err, inflight.ErrFull) {
					got += "f"
					continue
				}
				if err = p.Join(string(tenant)); err != nil {
					got += "s"
					p.Leave()
					continue
				}
				got += "+"
				places = append(places, p)
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			for _, p := range places {
				p.Leave()
			}
			if p, err := l.Enter(); l.Taken() != 1 || err != nil || p.Join("a") != nil {
				t.Errorf("%d places are taken, %v", l.Taken(), err)
			}
		})
	}
}

// A tenant that may be alone has all places, unless another one was seen within the
// last minute.
func TestPresenceOfOthers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ago  time.Duration
		want int
	}{
		"just now":     {0, 2},
		"59 s ago":     {59 * time.Second, 2},
		"a minute ago": {time.Minute, 4},
	} {
		now := time.Unix(1, 0)
		l := inflight.New(4, func() time.Time { return now })
		other, _ := l.Enter()
		if err := other.JoinWhileShared("other"); err != nil {
			t.Fatal(err)
		}
		other.Leave()
		now = now.Add(tt.ago)
		got := 0
		for range 4 {
			if p, err := l.Enter(); err == nil && p.JoinWhileShared("a") == nil {
				got++
			}
		}
		if got != tt.want {
			t.Errorf("%s: %d places, want %d", name, got, tt.want)
		}
	}
}
