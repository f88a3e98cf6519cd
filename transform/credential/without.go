package credential

import (
	"bytes"
	"slices"
	"strings"
	"unicode"

	"mayfly/internal/jsonscan"
)

// maxTold bounds the names that Without returns.
const maxTold = 10

// Without takes the members that carry a credential out of a JSON object and all that is in it, but those that are
// kept: their names as [Mentioned] has them. It returns the object itself where there are none, and the names of those
// that it took out, each once, ten at most. A number with one of the short names, such as token, is a reading, as are
// true, false and null.
func Without(object []byte, kept map[string]bool) (out []byte, dropped []string) {
	w := walk{kept: kept}
	out = w.value(object)
	if out == nil {
		return object, nil
	}
	return out, w.dropped
}

type walk struct {
	kept    map[string]bool
	dropped []string
}

// value returns what is left of a value, or nil where all of it is.
func (w *walk) value(raw []byte) []byte {
	switch jsonscan.KindOf(raw) {
	case jsonscan.Object:
		return w.object(raw)
	case jsonscan.Array:
		return w.array(raw)
	default:
		return nil
	}
}

// object writes the members that are left, once there is one that is not.
func (w *walk) object(raw []byte) []byte {
	var left *bytes.Buffer
	it := jsonscan.Members(raw)
	for n := 0; it.Next(); n++ {
		drop := w.carries(&it)
		var inner []byte
		if !drop {
			inner = w.value(it.Value)
		}
		if left == nil {
			if !drop && inner == nil {
				continue
			}
			left = firstMembers(raw, n)
		}
		if !drop {
			value := it.Value
			if inner != nil {
				value = inner
			}
			member(left, it.Name, value)
		}
	}
	if left == nil {
		return nil
	}
	left.WriteByte('}')
	return left.Bytes()
}

func (w *walk) array(raw []byte) []byte {
	var left bytes.Buffer
	from := 0
	it := jsonscan.Elements(raw)
	for it.Next() {
		if inner := w.value(it.Value); inner != nil {
			left.Write(raw[from:it.Start])
			left.Write(inner)
			from = it.Start + len(it.Value)
		}
	}
	if from == 0 {
		return nil
	}
	left.Write(raw[from:])
	return left.Bytes()
}

// firstMembers writes the first n members of an object, without its end.
func firstMembers(raw []byte, n int) *bytes.Buffer {
	b := &bytes.Buffer{}
	b.WriteByte('{')
	it := jsonscan.Members(raw)
	for range n {
		it.Next()
		member(b, it.Name, it.Value)
	}
	return b
}

func member(b *bytes.Buffer, name, value []byte) {
	if b.Len() > 1 {
		b.WriteByte(',')
	}
	b.WriteByte('"')
	b.Write(name)
	b.WriteString(`":`)
	b.Write(value)
}

// carries reports whether a member carries a credential, and takes note of its name.
func (w *walk) carries(it *jsonscan.Iterator) bool {
	name := it.Name
	if it.Escaped {
		name = []byte(it.NameText())
	}
	var buffer [maxName]byte
	folded, ok := fold(name, &buffer)
	if !ok {
		return false
	}
	if !known(folded) || w.kept[string(folded)] {
		return false
	}
	switch jsonscan.KindOf(it.Value) {
	case jsonscan.Boolean, jsonscan.Null:
		return false
	case jsonscan.Number:
		if mayCount(folded) {
			return false
		}
	case jsonscan.String:
		if len(it.Value) == len(`""`) {
			return false
		}
	default:
	}
	if len(w.dropped) < maxTold && !slices.Contains(w.dropped, string(name)) {
		w.dropped = append(w.dropped, string(name))
	}
	return true
}

// Mentioned returns which of the names that carry a credential stand in a text, such as an expression that maps one
// of them on purpose; nil without any. What the expression itself takes out, by omit or del, is not mapped.
func Mentioned(text string) map[string]bool {
	var found map[string]bool
	text = withoutCalls(text)
	word := func(c rune) bool { return c != '_' && c != '-' && !unicode.IsLetter(c) && !unicode.IsDigit(c) }
	for name := range strings.FieldsFuncSeq(text, word) {
		var buffer [maxName]byte
		folded, ok := fold([]byte(name), &buffer)
		if !ok || !known(folded) {
			continue
		}
		if found == nil {
			found = map[string]bool{}
		}
		found[string(folded)] = true
	}
	return found
}

// withoutCalls leaves out the arguments of omit and del: up to the bracket that ends them.
func withoutCalls(text string) string {
	var left strings.Builder
	for {
		at := -1
		for _, call := range []string{"omit(", "del("} {
			if i := strings.Index(text, call); i >= 0 && (at < 0 || i < at) {
				at = i + len(call)
			}
		}
		if at < 0 {
			left.WriteString(text)
			return left.String()
		}
		left.WriteString(text[:at])
		text = text[at:]
		depth := 1
		end := strings.IndexFunc(text, func(c rune) bool {
			switch c {
			case '(':
				depth++
			case ')':
				depth--
			}
			return depth == 0
		})
		if end < 0 {
			return left.String()
		}
		text = text[end:]
	}
}
