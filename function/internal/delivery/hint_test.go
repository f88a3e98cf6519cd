package delivery

import (
	"strings"
	"testing"
)

// What switches the hint off and on, step by step: "hit" and "miss" are sends by the
// hint; "known H", "new H" are assignments by DPS of devices that it had before, or
// not; "n*" repeats.
func TestHint(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		hub   string // as configured
		steps string
		want  string // the hub that is tried then; empty: none
	}{
		"nothing is known":                      {"", "", ""},
		"configured":                            {"a", "", "a"},
		"learned of a known device":             {"", "known a", "a"},
		"learned of a new device":               {"", "new a", "a"},
		"four misses":                           {"a", "4*miss", "a"},
		"five misses":                           {"a", "5*miss", ""},
		"a hit makes up for half a miss":        {"a", "5*miss,hit", "a"},
		"hits are not saved up":                 {"a", "9*hit,5*miss", ""},
		"a new device and three misses":         {"", "new a,3*miss", "a"},
		"a new device and four misses":          {"", "new a,4*miss", ""},
		"five new devices of its hub":           {"a", "5*new a", ""},
		"one device elsewhere":                  {"a", "known b", "a"},
		"two devices elsewhere":                 {"a", "2*known b", ""},
		"a new device elsewhere":                {"a", "2*new b", ""},
		"off, and one known device of its hub":  {"a", "2*known b,known a", "a"},
		"far off, and ten known devices":        {"a", "10*miss,10*known a", ""},
		"far off, and eleven known devices":     {"a", "10*miss,11*known a", "a"},
		"no further off than that":              {"a", "99*miss,11*known a", "a"},
		"the fleet moves: four elsewhere":       {"a", "4*known b,2*known a", ""},
		"the fleet moves: five elsewhere":       {"a", "5*known b", ""},
		"the fleet has moved":                   {"a", "5*known b,known b", "b"},
		"the fleet has moved, and one is new":   {"a", "5*known b,new b,2*known b", ""},
		"the fleet has moved, and one is known": {"a", "5*known b,new b,3*known b", "b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHint(tt.hub)
			for step := range strings.SplitSeq(tt.steps, ",") {
				n := 1
				if count, what, ok := strings.Cut(step, "*"); ok {
					n, step = 0, what
					for _, digit := range count {
						n = n*10 + int(digit-'0')
					}
				}
				verb, hub, _ := strings.Cut(step, " ")
				for range n {
					switch verb {
					case "hit":
						h.hit()
					case "miss":
						h.miss()
					case "known", "new":
						h.learn(hub, verb == "known")
					}
				}
			}
			if got, ok := h.try(); ok != (tt.want != "") || ok && got != tt.want {
				t.Errorf("%q, %v, want %q", got, ok, tt.want)
			}
		})
	}
}
