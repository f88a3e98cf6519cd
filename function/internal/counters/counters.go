package counters

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Set tells what became of the messages and the requests since the start.
// There are as many as sources, outcomes and rows of the error table allow.
type Set struct {
	mu     sync.Mutex
	values map[Counter]int64
}

// Counter is the name of one: of a family, for a value of its label, and for an outcome where the
// family tells of several.
type Counter struct{ Name, Label, Of, Outcome string }

// Add adds to a counter; what is not positive is nothing.
func (c *Set) Add(which Counter, n int) {
	if n <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.values == nil {
		c.values = map[Counter]int64{}
	}
	c.values[which] += int64(n)
}

var counterHelp = []struct{ name, help string }{
	{"mayfly_messages_total", "Messages by source and by what became of them."},
	{"mayfly_refusals_total", "Requests of which something was refused, by code."},
}

// Text gives the counters in the format of Prometheus.
func (c *Set) Text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	for _, family := range counterHelp {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s counter\n", family.name, family.help, family.name)
		var lines []string
		for k, n := range c.values {
			if k.Name != family.name {
				continue
			}
			labels := fmt.Sprintf("%s=%q", k.Label, k.Of)
			if k.Outcome != "" {
				labels += fmt.Sprintf(",outcome=%q", k.Outcome)
			}
			lines = append(lines, fmt.Sprintf("%s{%s} %d\n", k.Name, labels, n))
		}
		slices.Sort(lines)
		b.WriteString(strings.Join(lines, ""))
	}
	return b.String()
}
