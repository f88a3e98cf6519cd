package wire

import (
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
	"net/url"
	"strings"
	"sync/atomic"
)

// MaxRegistrationID is the length of the longest registration id (azure-docs iot-dps concepts-service.md).
const MaxRegistrationID = 128

// ValidRegistrationID follows azure-docs iot-dps concepts-service.md.
func ValidRegistrationID(id string) bool {
	if id == "" || len(id) > MaxRegistrationID {
		return false
	}
	for i := range len(id) {
		if !IsAlphanumeric(id[i]) && !strings.ContainsRune("-._:", rune(id[i])) {
			return false
		}
	}
	last := id[len(id)-1]
	return IsAlphanumeric(last) || last == '-'
}

// IsAlphanumeric reports whether b is an ASCII letter or digit.
func IsAlphanumeric(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// Segments splits a path before it is unescaped, so that a device id may contain an escaped slash.
func Segments(u *url.URL) ([]string, bool) {
	segments := strings.Split(strings.Trim(u.EscapedPath(), "/"), "/")
	for i, s := range segments {
		if strings.IndexByte(s, '%') < 0 {
			continue
		}
		unescaped, err := url.PathUnescape(s)
		if err != nil {
			return nil, false
		}
		segments[i] = unescaped
	}
	return segments, true
}

// Clip shortens what a caller sent to n bytes before it is shown.
func Clip(s string, n int) string {
	if len(s) > n {
		return s[:n] + "..."
	}
	return s
}

// Mix is the finalizer of SplitMix64: every bit of x changes every bit of the result.
func Mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Hash spreads ids evenly, and in the same way in every run. The case of the id does not matter.
func Hash(id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strings.ToLower(id)))
	return Mix(h.Sum64())
}

// IDs is a sequence of GUIDs that its seed determines. It may be used by several goroutines.
type IDs struct {
	seed uint64
	last atomic.Uint64
}

// NewIDs starts a sequence.
func NewIDs(seed uint64) *IDs { return &IDs{seed: seed} }

// Next returns the next GUID.
func (s *IDs) Next() string {
	n := s.last.Add(1)
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], Mix(s.seed^Mix(n)))
	binary.BigEndian.PutUint64(b[8:], Mix(s.seed^Mix(n)^0x6d6179666c79))
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	var out [36]byte
	hex.Encode(out[:8], b[:4])
	hex.Encode(out[9:13], b[4:6])
	hex.Encode(out[14:18], b[6:8])
	hex.Encode(out[19:23], b[8:10])
	hex.Encode(out[24:], b[10:])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:])
}

// Count returns how many GUIDs were drawn.
func (s *IDs) Count() uint64 { return s.last.Load() }
