package dtdl

import (
	"encoding/json"
	"strings"
)

// maxName is how long a name may be (DTDL v3, "Telemetry"; v2 has 64).
const maxName = 512

// ValidName reports whether s may name an element: letters, digits and "_", a
// letter first (DTDL v3, "Telemetry").
func ValidName(s string) bool {
	if s == "" || len(s) > maxName || !letter(s[0]) {
		return false
	}
	for i := 1; i < len(s); i++ {
		if c := s[i]; !letter(c) && !digit(c) && c != '_' {
			return false
		}
	}
	return true
}

// maxID is how long the identifier of an element may be (DTDL v4, "Digital Twin
// Model Identifier"), maxInterfaceID that of an interface.
const (
	maxID          = 2048
	maxInterfaceID = 128
)

// ValidID reports whether s is a digital twin model identifier: "dtmi:", segments
// with colons between them, and mostly a version, as in ";1" or ";1.2" (DTDL v4,
// "Digital Twin Model Identifier").
func ValidID(s string) bool {
	rest, ok := strings.CutPrefix(s, "dtmi:")
	if !ok || len(s) > maxID {
		return false
	}
	rest, version, versioned := strings.Cut(rest, ";")
	if versioned {
		major, minor, both := strings.Cut(version, ".")
		if !count(major, 9) || both && !count(minor, 6) {
			return false
		}
	}
	for segment := range strings.SplitSeq(rest, ":") {
		if !ValidName(segment) || segment[len(segment)-1] == '_' {
			return false
		}
	}
	return true
}

// count reports whether s is a whole number from 1, of at most that many digits.
func count(s string, maxDigits int) bool {
	if s == "" || len(s) > maxDigits || s[0] == '0' {
		return false
	}
	for i := range len(s) {
		if !digit(s[i]) {
			return false
		}
	}
	return true
}

func letter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func digit(c byte) bool { return '0' <= c && c <= '9' }

// quote writes a JSON string, with < and > as they are.
func quote(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string can be encoded
	return strings.TrimSuffix(b.String(), "\n")
}
