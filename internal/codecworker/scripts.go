package codecworker

import "crypto/sha256"

// Bounds of what a worker holds. The largest formatters have 300 KB and take some
// megabytes when they are compiled.
const (
	maxScripts     = 256
	maxScriptBytes = 1 << 20
)

type hash = [sha256.Size]byte

// scripts are those that a worker holds. The zero value is ready for use.
type scripts struct {
	held  map[hash]*heldScript
	bytes int
	clock uint64 // counts uses
	last  uint64 // number given out
}

type heldScript struct {
	number uint64
	size   int
	used   uint64
	can    can
}

func (s *scripts) has(script hash) bool { return s.held[script] != nil }

// add takes a script in and gives its number, and the numbers of those that have
// to make room, the least recently used first.
func (s *scripts) add(script hash, size int) (number uint64, drop []uint64) {
	for len(s.held) > 0 && (len(s.held) >= maxScripts || s.bytes+size > maxScriptBytes) {
		var oldest hash
		var least *heldScript
		for name, held := range s.held {
			if least == nil || held.used < least.used {
				oldest, least = name, held
			}
		}
		drop = append(drop, least.number)
		s.remove(oldest)
	}
	if s.held == nil {
		s.held = make(map[hash]*heldScript)
	}
	s.last++
	s.held[script] = &heldScript{number: s.last, size: size}
	s.bytes += size
	return s.last, drop
}

// use marks a script as used and gives its number.
func (s *scripts) use(script hash) uint64 {
	held := s.held[script]
	s.clock++
	held.used = s.clock
	return held.number
}

func (s *scripts) remove(script hash) {
	if held := s.held[script]; held != nil {
		s.bytes -= held.size
		delete(s.held, script)
	}
}
