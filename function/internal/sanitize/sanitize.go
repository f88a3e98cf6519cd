package sanitize

import (
	"strings"
	"unicode"
)

const maxName = 128

// Printable lets through only what is safe to put into a log line, a response
// header and somebody's terminal.
func Printable(name string) bool {
	if name == "" || len(name) > maxName {
		return false
	}
	for i := range len(name) {
		if name[i] <= ' ' || name[i] > '~' {
			return false
		}
	}
	return true
}

// Line gives a foreign text as one line of at most maxRunes characters that neither moves a
// terminal's cursor nor turns the direction of the text around it.
func Line(text string, maxRunes int) string {
	var b strings.Builder
	n := 0
	for _, r := range text {
		if n++; n > maxRunes {
			b.WriteString("...")
			break
		}
		if !unicode.IsPrint(r) { // neither control nor format characters, nor spaces but U+0020
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

// LogName gives a foreign name as it may stand in the log.
func LogName(name string) string {
	if !Printable(name) {
		return "?"
	}
	return name
}
