package newsource

import (
	"fmt"
	"slices"
	"strings"

	"mayfly/cmd/mayfly/internal/newsource/clue"
	"mayfly/transform/message"
)

// lists writes the lists of readings that have names, and those of parts of the device, such as channels.
func (b *builder) lists() (out []func() string) {
	for _, f := range b.free() {
		list, ok := f.Value.([]any)
		if !ok || f.Outer || !objects(list) || slices.ContainsFunc(f.Names,
			func(n string) bool { return clue.In(clue.SideWords, clue.Folded(n)) }) {
			continue
		}
		if name, value, ok := pair(list); ok {
			b.taken[f] = true
			out = append(out, func() string {
				return fmt.Sprintf("%s | map({%s: %s}) | add // {}", b.elements(f), keyed(list, name, "."),
					b.valueOf(list, value))
			})
			continue
		}
		if by := discriminator(list); by != "" {
			b.taken[f] = true
			out = append(out, func() string {
				return fmt.Sprintf(`[%s[] | . as $part | del(%s) | to_entries[] | select(.value | type | . == `+
					`"number" or . == "boolean") `+
					`| {("\(.key)_\($part%s)"): .value}] | add // {}`, b.elements(f), clue.Path([]string{by}),
					clue.Path([]string{by}))
			})
		}
	}
	return out
}

// elements writes a list of a part; XML has none of one element.
func (b *builder) elements(f *clue.Field) string {
	if b.find.xml {
		return b.expr(f) + ` | if type == "array" then . else [.] end`
	}
	return b.expr(f)
}

// keyed writes the name of a reading, from one of its members.
func keyed(list []any, name, of string) string {
	at := strings.TrimSuffix(of, ".") + clue.Path([]string{name})
	for _, e := range list {
		object, _ := e.(map[string]any)
		s, isText := object[name].(string)
		if !isText {
			return `("` + clue.Folded(name) + `_\(` + at + `)")`
		}
		if !message.ValidName(s) {
			return "(" + at + " | dtdl_name)"
		}
	}
	return "(" + at + ")"
}

func (b *builder) valueOf(list []any, value string) string {
	at := clue.Path([]string{value})
	for _, e := range list {
		object, _ := e.(map[string]any)
		if s, ok := object[value].(string); ok && clue.IsNumeric(s) {
			return "((" + at + " | num) // " + at + ")"
		}
	}
	return at
}

// isPair tells whether parts hold one reading each, with its name.
func (b *builder) isPair(name, value string) bool {
	for _, f := range b.fields {
		if !f.Outer && len(f.Names) == 1 && f.Names[0] != name && f.Names[0] != value && !b.taken[f] &&
			b.meaning(f, false) == reading {
			return false
		}
	}
	return true
}

// onePair maps parts that hold one reading each.
func (b *builder) onePair(name, value string) {
	for _, f := range b.free() {
		if !f.Outer && len(f.Names) == 1 && (f.Names[0] == name || f.Names[0] == value) {
			b.taken[f] = true
		}
	}
	for _, f := range b.free() {
		if b.meaning(f, true) == property {
			b.property(f)
		}
	}
	b.later = append(b.later, func() {
		root := ""
		if b.wrapped {
			root = ".item"
		}
		at := root + clue.Path([]string{value})
		b.measurements = fmt.Sprintf("{%s: %s} | readings", keyed(b.parts, name, root+"."), at)
	})
	b.note("measurements", fmt.Sprintf("the value of %s under the name in %s", clue.Path([]string{value}),
		clue.Path([]string{name})), false)
}
