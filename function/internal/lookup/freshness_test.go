package lookup

import (
	"net/http"
	"testing"
	"time"
)

func TestFreshness(t *testing.T) {
	t.Parallel()
	const ttl, stale = 10 * time.Minute, time.Hour
	for _, tt := range []struct {
		control, age string
		stale        time.Duration
		want         freshness
	}{
		{"", "", stale, freshness{ttl, stale}},
		{"", "", staleOpen, freshness{ttl, 0}},
		{"public", "", stale, freshness{ttl, stale}},
		{"max-age=60", "", stale, freshness{time.Minute, stale}},
		{"Max-Age = 60", "", stale, freshness{time.Minute, stale}},
		{`max-age="60", public`, "", stale, freshness{time.Minute, stale}},
		{"max-age=60", "20", stale, freshness{40 * time.Second, stale}},
		{"max-age=60", "90", stale, freshness{0, stale}},
		{"max-age=60", "x", stale, freshness{time.Minute, stale}},
		{"max-age=6000", "", stale, freshness{ttl, stale}},
		{"max-age=99999999999999999999", "", stale, freshness{ttl, stale}},
		{"max-age=60, max-age=30", "", stale, freshness{30 * time.Second, stale}},
		{"max-age=soon", "", stale, freshness{0, stale}},
		{"max-age", "", stale, freshness{0, stale}},
		{"max-age=-1", "", stale, freshness{0, stale}},
		{"s-maxage=5", "", stale, freshness{ttl, stale}},
		{"no-store", "", stale, freshness{}},
		{"max-age=60,NO-STORE", "", stale, freshness{}},
		{"no-cache", "", stale, freshness{0, stale}},
		{`no-cache="a, no-store"`, "", stale, freshness{0, stale}},
		{"must-revalidate, max-age=60", "", stale, freshness{time.Minute, 0}},
		{"stale-if-error=120", "", stale, freshness{ttl, 2 * time.Minute}},
		{"stale-if-error=7200", "", stale, freshness{ttl, stale}},
		{"stale-if-error=7200", "", staleOpen, freshness{ttl, 2 * time.Hour}},
		{"stale-if-error=7200", "", 0, freshness{ttl, 0}},
	} {
		h := http.Header{}
		if tt.control != "" {
			h.Set("Cache-Control", tt.control)
		}
		if tt.age != "" {
			h.Set("Age", tt.age)
		}
		if got := freshnessOf(h, ttl, tt.stale); got != tt.want {
			t.Errorf("%q, age %q, stale %s: %v, want %v", tt.control, tt.age, tt.stale, got, tt.want)
		}
	}
}

// Whatever a service answers, it is not kept for longer than the look-up says, and no answer makes a panic.
func FuzzAnswer(f *testing.F) {
	f.Add(`{"a":[1,2.50,"x"]}`, "application/json", "max-age=60, stale-if-error=5", "3")
	f.Add("<html>", "text/html; charset=", `no-cache="a,b",max-age=`, "-1")
	f.Add("[[[[[[", "", ",,=,\",", "")
	f.Fuzz(func(t *testing.T, body, contentType, control, age string) {
		h := http.Header{"Cache-Control": {control}, "Age": {age}}
		for _, stale := range []time.Duration{staleOpen, 0, time.Hour} {
			got := freshnessOf(h, time.Minute, stale)
			limit := stale
			if stale < 0 {
				limit = maxStale
			}
			if got.fresh < 0 || got.fresh > time.Minute || got.stale < 0 || got.stale > limit {
				t.Errorf("%q: %v", control, got)
			}
		}
		value, err := parse([]byte(body), contentType)
		if err != nil && value != nil {
			t.Errorf("%q: both a value and %v", body, err)
		}
	})
}
