package clue

import (
	"encoding/json"
	"slices"
	"strings"

	"mayfly/internal/lazyregexp"
)

var identifier = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_]*$`)

// keywords of jq cannot stand where a name does in all places.
var keywords = []string{
	"and", "as", "catch", "def", "elif", "else", "end", "false", "foreach", "if", "import", "include", "label",
	"module", "not", "null", "or", "reduce", "then", "true", "try", "__loc__",
}

func isIdentifier(name string) bool {
	return identifier().MatchString(name) && !slices.Contains(keywords, name)
}

// Text writes a string literal of jq.
func Text(s string) string {
	raw, _ := json.Marshal(s) // a string can always be marshaled
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(raw))
}

// Key writes the name of a member of an object that is made.
func Key(name string) string {
	if isIdentifier(name) {
		return name
	}
	return Text(name)
}

// Path writes the path to a member; of none, the value itself.
func Path(names []string) string {
	if len(names) == 0 {
		return "."
	}
	var b strings.Builder
	for _, name := range names {
		b.WriteByte('.')
		b.WriteString(Key(name))
	}
	return b.String()
}

// Has writes a condition that an object has members.
func Has(names []string) string {
	conditions := []string{`type == "object"`}
	for _, name := range names {
		conditions = append(conditions, "has("+Text(name)+")")
	}
	return strings.Join(conditions, " and ")
}
