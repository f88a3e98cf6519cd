package playground

import (
	"os"
	"strings"

	"mayfly/function"
	"mayfly/internal/settings"
	"mayfly/transform"
)

// definitionOf is the YAML of a source of the configuration, as it stands in its file; empty where it cannot be found.
func definitionOf(s *transform.Source) string {
	text, err := os.ReadFile(s.File)
	if err != nil {
		return ""
	}
	if whole := snippet(string(text), ""); whole != "" { // a file of its own
		return whole
	}
	return snippet(string(text), s.Path)
}

// snippet cuts an element of a list out of YAML, without what it is indented by. Without a path it is all of the text.
func snippet(text, path string) string {
	out := text
	if path != "" {
		line, column := settings.NewPlaces([]byte(text)).At(path)
		if line == 0 {
			return ""
		}
		out = cutAt(strings.Split(text, "\n"), line-1, column-1)
	}
	if _, err := function.ParseMapping([]byte(out)); err != nil {
		return ""
	}
	return out
}

// cutAt takes the lines of a block that begins at a line and a column, both from 0. A mapping may be placed at its
// first colon.
func cutAt(lines []string, line, column int) string {
	first := lines[line]
	if dash := strings.Index(first, "- "); dash >= 0 && strings.TrimSpace(first[:dash]) == "" {
		column = dash + 2 + len(first[dash+2:]) - len(strings.TrimLeft(first[dash+2:], " "))
	}
	if column > len(first) {
		return ""
	}
	block := []string{first[column:]}
	for _, l := range lines[line+1:] {
		if indent := len(l) - len(strings.TrimLeft(l, " ")); strings.TrimSpace(l) != "" && indent < column {
			break
		}
		block = append(block, l[min(column, len(l)):])
	}
	return strings.TrimRight(strings.Join(block, "\n"), "\n ") + "\n"
}
