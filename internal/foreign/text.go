// Package foreign handles texts that other programs wrote, for errors and logs.
package foreign

import (
	"strings"
	"unicode/utf8"
)

const most = 300

// Text makes a foreign text printable, one line, and small.
func Text(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
	if len(s) <= most {
		return s
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}
