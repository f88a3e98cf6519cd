package sanitize

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

// LogName gives a foreign name as it may stand in the log.
func LogName(name string) string {
	if !Printable(name) {
		return "?"
	}
	return name
}
