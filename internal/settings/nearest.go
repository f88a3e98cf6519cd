package settings

import (
	"slices"
	"strconv"
	"strings"
)

// Nearest gives the name that was probably meant: the one that is the fewest edits
// away, at most one, or two of a name of six letters and more. Case does not count.
func Nearest(text string, names []string) (name string) {
	fewest := 3
	for _, candidate := range names {
		n := edits(strings.ToLower(text), strings.ToLower(candidate))
		if n < fewest && (n < 2 || len(candidate) >= 6) && n < len(candidate) {
			name, fewest = candidate, n
		}
	}
	return name
}

// edits counts the letters to insert, delete, replace or swap with the next to make
// b of a.
func edits(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			same := 1
			if a[i-1] == b[j-1] {
				same = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+same)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// Enum tells what is wrong with a text that has to be one of some; empty where it is
// one of them, or empty.
func Enum(text string, allowed ...string) string {
	if text == "" || slices.Contains(allowed, text) {
		return ""
	}
	problem := strconv.Quote(shorten(text)) + " is not known: "
	if near := Nearest(text, allowed); near != "" {
		problem += "did you mean " + near + "? "
	}
	if len(allowed) == 1 {
		return problem + "want " + allowed[0] + ", or leave it out"
	}
	last := len(allowed) - 1
	return problem + "want " + strings.Join(allowed[:last], ", ") + " or " + allowed[last]
}

func shorten(text string) string {
	const maxRunes = 40
	if runes := []rune(text); len(runes) > maxRunes {
		return string(runes[:maxRunes]) + "..."
	}
	return text
}
