package once

import "sync"

// maxKeys bounds a Set. What comes beyond that is not the first time of anything.
const maxKeys = 1000

// Set is what was said. The zero value is empty. It is safe for concurrent use.
type Set struct {
	mu   sync.Mutex
	seen map[string]bool
}

// First reports whether it is the first time that a key comes.
func (s *Set) First(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[key] || len(s.seen) >= maxKeys {
		return false
	}
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	s.seen[key] = true
	return true
}
