package policy

import (
	"strings"
	"sync"

	"golang.org/x/time/rate"

	"mayfly/function/internal/ratelimit"
	"mayfly/function/internal/sanitize"
	"mayfly/internal/cache"
)

const maxHolders = 100_000 // buckets of subjects

// Permission is what a token or a certificate lets its holder do.
type Permission struct {
	name    string
	devices []template
	sources []string
	fleets  []string
	rate    ratelimit.Rate
	sends   bool // only
	mu      sync.Mutex
	buckets *cache.Cache[*rate.Limiter]
}

// NewPermission makes a permission of a specification that was checked. otherwise is
// the pattern of devices where it names none.
func NewPermission(s *PermissionSpec, name, otherwise string) *Permission {
	p := &Permission{
		name:    name,
		sources: s.Sources,
		fleets:  s.Fleets,
		rate:    s.Rate,
		sends:   s.sendOnly(),
		buckets: cache.New[*rate.Limiter](maxHolders, 0),
	}
	devices := s.Devices
	if devices == nil {
		devices = []string{otherwise}
	}
	for _, text := range devices {
		t, _ := parseTemplate(text, AnyClaim) // checked
		p.devices = append(p.devices, t)
	}
	return p
}

// AnyClaim allows every {name} in a pattern: which claims a token has is not known.
func AnyClaim(string) bool { return true }

// Holder makes the caller who holds the permission by that name. Each name has a
// rate of its own, also one that cannot be logged.
func (p *Permission) Holder(name string, value func(string) string) *Caller {
	c := &Caller{
		Name:    p.name + "/" + sanitize.LogName(name),
		Sources: p.sources,
		Devices: fillAll(p.devices, value),
		Fleets:  p.fleets,

		SendOnly: p.sends,
	}
	if p.rate.Count == 0 {
		return c
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	bucket, ok := p.buckets.Get(name)
	if !ok {
		bucket = p.rate.Limiter()
		p.buckets.Set(strings.Clone(name), bucket)
	}
	c.Bucket, c.Rate, c.RateName = bucket, p.rate, "holder\x00"+p.name+"\x00"+name
	return c
}
