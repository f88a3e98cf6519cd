package function

import (
	"strconv"
	"strings"
)

// quote shows foreign text, shortened.
func quote(s string) string {
	const most = 80
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strconv.QuoteToASCII(strings.ToValidUTF8(s, "?"))
}

const maxName = 128

// printable lets through only what is safe to put into a log line, a response
// header and somebody's terminal.
func printable(name string) bool {
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

// logName gives a foreign name as it may stand in the log.
func logName(name string) string {
	if !printable(name) {
		return "?"
	}
	return name
}
