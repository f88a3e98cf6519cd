package function

import (
	"strings"
	"sync"

	"golang.org/x/time/rate"

	"mayfly/internal/cache"
)

const maxHolders = 100_000 // buckets of subjects

// permission is what a token or a certificate lets its holder do.
type permission struct {
	name    string
	devices []template
	sources []string
	fleets  []string
	rate    Rate
	mu      sync.Mutex
	buckets *cache.Cache[*rate.Limiter]
}

func newPermission(s *permissionSpec, name, otherwise string) *permission {
	p := &permission{name: name, sources: s.Sources, fleets: s.Fleets, rate: s.Rate, buckets: cache.New[*rate.Limiter](maxHolders, 0)}
	devices := s.Devices
	if devices == nil {
		devices = []string{otherwise}
	}
	for _, text := range devices {
		t, _ := parseTemplate(text, anyClaim) // checked
		p.devices = append(p.devices, t)
	}
	return p
}

// anyClaim allows every {name} in a pattern: which claims a token has is not known.
func anyClaim(string) bool { return true }

// holder makes the caller who holds the permission by that name. Each name has a rate of
// its own, also one that cannot be logged.
func (p *permission) holder(name string, value func(string) string) *caller {
	c := &caller{name: p.name + "/" + logName(name), sources: p.sources, devices: fillAll(p.devices, value), fleets: p.fleets}
	if p.rate.Count == 0 {
		return c
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	bucket, ok := p.buckets.Get(name)
	if !ok {
		bucket = p.rate.limiter()
		p.buckets.Set(strings.Clone(name), bucket)
	}
	c.bucket = bucket
	return c
}
