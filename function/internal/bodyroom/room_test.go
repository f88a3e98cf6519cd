package bodyroom_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"mayfly/function/internal/bodyroom"
)

// One step is a sender whose body grows by so many bytes at a second. The name of a
// body is its sender's and a digit.
type step struct {
	second int
	body   string
	bytes  int
}

// When the room is full, what has been held the longest and is largest gives way: the
// sender that it is true of for all of its bodies, and then the body.
func TestWhoGivesWay(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		steps []step
		want  []string // evicted, in order
	}{
		"there is room":                   {[]step{{0, "a1", 60}, {1, "b1", 40}}, nil},
		"an old one for a new one":        {[]step{{0, "a1", 90}, {9, "b1", 20}}, []string{"a1"}},
		"a small and old one stays":       {[]step{{0, "a1", 1}, {1, "b1", 95}, {9, "c1", 10}}, []string{"b1"}},
		"a large one that is quick stays": {[]step{{0, "a1", 40}, {9, "b1", 90}}, []string{"a1"}},
		"many of one sender for one": {
			[]step{{0, "a1", 30}, {0, "a2", 31}, {0, "b1", 35}, {9, "c1", 10}}, []string{"a2"},
		},
		"as many as it takes": {
			[]step{{0, "a1", 30}, {0, "b1", 31}, {0, "c1", 32}, {9, "d1", 90}}, []string{"c1", "b1", "a1"},
		},
		"of equal age the larger":           {[]step{{0, "a1", 40}, {0, "b1", 50}, {0, "c1", 20}}, []string{"b1"}},
		"the newcomer, if it is the larger": {[]step{{0, "a1", 40}, {0, "b1", 61}}, []string{"b1"}},
		"one that could never fit":          {[]step{{0, "a1", 10}, {9, "b1", 101}}, []string{"a1", "b1"}},
		"one that grows slowly":             {[]step{{0, "a1", 50}, {1, "b1", 30}, {9, "a1", 30}}, []string{"a1"}},
		"neighbours of one sender":          {[]step{{0, "a1", 90}, {9, "a2", 20}}, []string{"a1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Unix(1_000_000, 0)
			now := start
			room := bodyroom.New(100, func() time.Time { return now })
			bodies := map[string]*bodyroom.Body{}
			var evicted []string
			for _, s := range tt.steps {
				now = start.Add(time.Duration(s.second) * time.Second)
				b := bodies[s.body]
				if b == nil {
					b = room.Open(strings.TrimRight(s.body, "0123456789"), func() { evicted = append(evicted, s.body) })
					bodies[s.body] = b
				}
				if err := b.Grow(s.bytes); errors.Is(err, bodyroom.ErrFull) != slices.Contains(evicted, s.body) {
					t.Errorf("%s: %v", s.body, err)
				}
				if room.Held() > 100 {
					t.Errorf("%d bytes are held", room.Held())
				}
			}
			if !slices.Equal(evicted, tt.want) {
				t.Errorf("evicted %q, want %q", evicted, tt.want)
			}
			for name, b := range bodies {
				if b.Evicted() != slices.Contains(tt.want, name) {
					t.Errorf("%s: evicted is %v", name, b.Evicted())
				}
				b.Close()
				b.Close()
				if b.Grow(1) == nil {
					t.Errorf("%s grows after its end", name)
				}
			}
			if room.Held() != 0 {
				t.Errorf("%d bytes are left", room.Held())
			}
		})
	}
}
