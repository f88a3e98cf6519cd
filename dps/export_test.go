package dps

import "mayfly/internal/backoff"

// SetJitter makes all waits of p predictable.
func (p *Provisioner) SetJitter(jitter backoff.Policy) {
	p.jitter = jitter
	for _, g := range []*gate{p.lookups, p.registrations, p.polls} {
		g.jitter = jitter
	}
}

// Bounds of what a Provisioner remembers. To fill them in a test would take a
// gigabyte.
const (
	DefaultMaxDevices = defaultMaxDevices
	MaxRemembered     = maxRemembered
)
