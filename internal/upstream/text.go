package upstream

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxText bounds a foreign text in bytes.
const maxText = 300

// Text makes a text that another program wrote fit for an error or a log: valid
// UTF-8, one line, at most 300 bytes and "...".
func Text(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
	if len(s) <= maxText {
		return s
	}
	cut := maxText
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}

// Describe writes the one line of an error: subject is the call that failed and
// kind what that means. status and code are the service's, 0 when it gave none.
// What is empty among details is left out; so is a cause that is nil.
func Describe(subject, kind string, status, code int, cause error, details ...string) string {
	var b strings.Builder
	b.WriteString(subject + ": " + kind)
	if status != 0 {
		b.WriteString(" (HTTP " + strconv.Itoa(status))
		if code != 0 {
			b.WriteString(", error " + strconv.Itoa(code))
		}
		b.WriteString(")")
	}
	if cause != nil {
		details = append(details, cause.Error())
	}
	for _, text := range details {
		if text != "" {
			b.WriteString(": " + text)
		}
	}
	return b.String()
}

// Printable reports whether s is printable ASCII, as the value of an HTTP header
// has to be.
func Printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
