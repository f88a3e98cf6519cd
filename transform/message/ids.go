package message

import "strings"

// ValidDeviceID tells whether s may be a registration id: 1 to 128 letters,
// digits and "-._:", the last one a letter, a digit or "-" (azure-docs,
// iot-dps/concepts-service.md).
func ValidDeviceID(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !IsAlphanumeric(c) && c != '-' && c != '.' && c != '_' && c != ':' {
			return false
		}
	}
	last := s[len(s)-1]
	return IsAlphanumeric(last) || last == '-'
}

// ValidModelID tells whether s is a digital twin model identifier: "dtmi:", names
// with colons between them, and mostly a version, as in ";1" or ";1.2" (Digital
// Twins Definition Language v3, "Digital Twin Model Identifier").
func ValidModelID(s string) bool {
	path, ok := strings.CutPrefix(s, "dtmi:")
	if !ok || len(s) > 128 {
		return false
	}
	path, version, versioned := strings.Cut(path, ";")
	if versioned {
		major, minor, both := strings.Cut(version, ".")
		if !versionNumber(major, 9) || both && !versionNumber(minor, 6) {
			return false
		}
	}
	for name := range strings.SplitSeq(path, ":") {
		if !dtdlName(name) {
			return false
		}
	}
	return true
}

// ValidName tells whether s may name a component (the same, "Component").
func ValidName(s string) bool { return len(s) <= 64 && dtdlName(s) }

func versionNumber(s string, maxLen int) bool {
	return s != "" && len(s) <= maxLen && s[0] != '0' && strings.Trim(s, "0123456789") == ""
}

// dtdlName tells whether s is a name of that language: letters, digits and "_",
// a letter first, no "_" last.
func dtdlName(s string) bool {
	if s == "" || !IsAlphanumeric(s[0]) || s[0] <= '9' || s[len(s)-1] == '_' {
		return false
	}
	for i := range len(s) {
		if !IsAlphanumeric(s[i]) && s[i] != '_' {
			return false
		}
	}
	return true
}

// ValidMessageID tells whether s may be a message id (azure-docs,
// iot-hub/iot-hub-devguide-messages-construct.md).
func ValidMessageID(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !IsAlphanumeric(c) && strings.IndexByte("-:.+%_#*?!(),=@;$'", c) < 0 {
			return false
		}
	}
	return true
}

// ValidProperty tells whether name may be an application property: an HTTP
// token (the same document, "Application properties"). It becomes the name of a
// header, so case does not count: see [SameProperty].
func ValidProperty(name string) bool {
	if name == "" || len(name) > 128 || SameProperty(name, "$.sub") || SameProperty(name, "iothub-creation-time-utc") {
		return false // component and timestamp say these
	}
	for i := range len(name) {
		if c := name[i]; !IsAlphanumeric(c) && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return true
}

// SameProperty tells whether two names are those of one property. They differ in case
// at the most: over HTTPS they are names of headers.
func SameProperty(a, b string) bool { return strings.EqualFold(a, b) }

// HasProperty tells whether a property is there, under its name in any case.
func HasProperty(properties map[string]string, name string) bool {
	if _, has := properties[name]; has {
		return true
	}
	for other := range properties {
		if SameProperty(other, name) {
			return true
		}
	}
	return false
}

// DTDLName makes a name of a text: what a name cannot have becomes "_". It is
// empty where nothing is left.
func DTDLName(text string) string {
	name := strings.Trim(strings.Map(func(r rune) rune {
		if r < 0x80 && IsAlphanumeric(byte(r)) {
			return r
		}
		return '_'
	}, text), "_")
	if name != "" && '0' <= name[0] && name[0] <= '9' {
		name = "n" + name
	}
	return strings.TrimRight(name[:min(len(name), 64)], "_")
}
