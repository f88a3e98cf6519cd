package httpsend

import (
	"maps"
	"time"
)

// Stats tell what a Client remembers.
type Stats struct {
	Tokens       int             // that are remembered
	TokensSigned uint64          // since the Client began
	Open         map[string]bool // whether little or nothing is sent to a hub, because it is down or hangs
}

// Stats gives what the Client remembers now. It is safe for concurrent use.
func (c *Client) Stats() Stats {
	s := Stats{Tokens: c.tokens.cache().Len(), TokensSigned: c.tokens.signed.Load()}
	c.circuits.mu.Lock()
	hubs := maps.Clone(c.circuits.hubs)
	c.circuits.mu.Unlock()
	s.Open = make(map[string]bool, len(hubs))
	now := c.now()
	for name, hub := range hubs {
		s.Open[name] = hub.holdsBack(now)
	}
	return s
}

// holdsBack reports whether calls are held back at present.
func (c *circuit) holdsBack(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open != 0 || c.hangs(now)
}
