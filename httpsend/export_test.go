package httpsend

import "mayfly/internal/backoff"

// SetJitter makes the waits between the tries of c predictable.
func (c *Client) SetJitter(p backoff.Policy) { c.jitter = p }
