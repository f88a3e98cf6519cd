package yamltext

import (
	"bytes"
	"encoding/json"
	"strings"

	"mayfly/cmd/mayfly/internal/newsource/clue"
)

// Wrap breaks a line of a comment.
func Wrap(line string) (out []string) {
	const width = 110
	words := strings.Fields(line)
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
	current := indent
	for _, word := range words {
		if len(current)+len(word)+1 > width && strings.TrimSpace(current) != "" {
			out = append(out, current)
			current = indent + "  "
		}
		if strings.TrimSpace(current) != "" {
			current += " "
		}
		current += word
	}
	return append(out, current)
}

// Quote writes a scalar on one line.
func Quote(s string) string {
	if plainScalar(s) {
		return s
	}
	if strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r == 0x7f || r == 0xfeff || r == 0x85 || r == 0x2028 || r == 0x2029
	}) {
		return doubleQuoted(s)
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// doubleQuoted writes a text as JSON does, which YAML reads.
func doubleQuoted(s string) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // a string can always be encoded
	return strings.ReplaceAll(strings.TrimSpace(b.String()), "\x7f", `\u007f`)
}

// plainScalar tells texts that need no quotes: words that are neither numbers nor anything else to YAML.
func plainScalar(s string) bool {
	if s == "" || len(s) > 200 || clue.IsNumeric(s) || strings.Trim(s[:1],
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.$") != "" {
		return false
	}
	if clue.In("true false yes no on off null y n ~ . .. .inf .nan", strings.ToLower(s)) {
		return false
	}
	for i, r := range s {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/$| ()[]+", r) ||
			r == ' ' && (i == len(s)-1 || s[i+1] == '#') {
			return false
		}
	}
	return true
}

// ScalarText writes a text, as a block where it has lines and indent is not 0.
func ScalarText(s string, indent int) string {
	if indent == 0 || !strings.Contains(s, "\n") || strings.ContainsAny(s, "\t\r") || s[0] == ' ' || s[0] == '\n' ||
		strings.Contains(s, " \n") || strings.HasSuffix(s, " ") || strings.HasSuffix(s, "\n\n") ||
		strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f || r == 0xfeff }) {
		if strings.Contains(s, "\n") {
			return doubleQuoted(s)
		}
		return Quote(s)
	}
	head := "|"
	if !strings.HasSuffix(s, "\n") {
		head = "|-"
	}
	var b strings.Builder
	b.WriteString(head)
	for line := range strings.SplitSeq(strings.TrimSuffix(s, "\n"), "\n") {
		b.WriteString("\n")
		if line != "" {
			b.WriteString(strings.Repeat(" ", indent) + line)
		}
	}
	return b.String()
}
