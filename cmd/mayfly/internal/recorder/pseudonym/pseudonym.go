package pseudonym

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

const (
	minFragment = 6 // letters and digits of a part of an id that stands alone elsewhere
	maxNames    = 1000
)

// Replace replaces ids in all texts of a value, each by the same name everywhere, and returns the JSON of the result.
// body is what the sender wrote, target the path and query to which it did: an id may have been made of a part of them.
// What consists of digits, or of hexadecimal digits, stays so and keeps its length: senders' formats want it.
func Replace(v any, ids []string, body string, target *url.URL) ([]byte, error) {
	names := renaming{pseudonyms: map[string]string{}}
	parts := fragments(body, target)
	for _, id := range ids {
		names.add(id, parts)
	}
	names.compile()
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return json.Marshal(names.value(value))
}

// fragments are the single values that a request holds: an id may have been made of one.
func fragments(body string, target *url.URL) []string {
	var out []string
	add := func(text string) {
		if len(out) < 20*maxNames && len(fold(text)) >= minFragment {
			out = append(out, text)
		}
	}
	var visit func(any)
	visit = func(v any) {
		switch v := v.(type) {
		case string:
			add(v)
		case json.Number:
			add(v.String())
		case []any:
			for _, element := range v {
				visit(element)
			}
		case map[string]any:
			for name, element := range v {
				add(name)
				visit(element)
			}
		}
	}
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	for range maxNames {
		var v any
		if decoder.Decode(&v) != nil {
			break
		}
		visit(v)
	}
	for part := range strings.SplitSeq(target.Path, "/") {
		add(part)
	}
	for _, values := range target.Query() {
		for _, text := range values {
			add(text)
		}
	}
	return out
}

// fold leaves the letters and digits of a text, in lower case.
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

// renaming replaces texts by others.
type renaming struct {
	pseudonyms map[string]string // by the text, in lower case; those of ids that are written otherwise too
	pattern    *regexp.Regexp    // nil: nothing is replaced
	count      int
}

// add gives an id another name: the part of it that stands in the request alone, or else all of it.
func (n *renaming) add(id string, parts []string) {
	folded := fold(id)
	found := false
	for _, part := range parts {
		if text := fold(part); strings.Contains(folded, text) {
			n.name(part)
			n.pseudonyms[text] = fold(n.name(part))
			found = true
		}
	}
	if !found {
		n.name(id)
	}
}

// name returns the other name of a text.
func (n *renaming) name(text string) string {
	key := strings.ToLower(text)
	if other := n.pseudonyms[key]; other != "" {
		return other
	}
	folded := fold(text)
	other := n.pseudonyms[folded]
	if other == "" {
		n.count++
		other = pseudonym(folded, n.count)
		if other != "" {
			n.pseudonyms[folded] = other
		}
	}
	if other == "" {
		other = fmt.Sprintf("device-%d", n.count)
	} else {
		other = shaped(key, other)
	}
	n.pseudonyms[key] = other
	return other
}

// pseudonym returns another text of digits, or of hexadecimal digits, of the same length; empty for what is neither.
func pseudonym(folded string, n int) string {
	first := "9"
	switch {
	case len(folded) < minFragment:
		return ""
	case strings.Trim(folded, "0123456789") == "":
	case strings.Trim(folded, "0123456789abcdef") == "":
		first = "a"
	default:
		return ""
	}
	return first + fmt.Sprintf("%0*d", len(folded)-1, n)
}

// shaped writes letters and digits over those of a text, whose separators stay.
func shaped(text, letters string) string {
	next := 0
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) || next == len(letters) {
			return r
		}
		next++
		return rune(letters[next-1])
	}, text)
}

// compile makes one pattern of all texts, the longest first.
func (n *renaming) compile() {
	texts := make([]string, 0, len(n.pseudonyms))
	for text := range n.pseudonyms {
		texts = append(texts, text)
	}
	slices.SortFunc(texts, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	for i, text := range texts {
		texts[i] = regexp.QuoteMeta(text)
	}
	if len(texts) > 0 {
		n.pattern = regexp.MustCompile(`(?i)` + strings.Join(texts, "|"))
	}
}

// value replaces in all texts of a JSON value.
func (n *renaming) value(v any) any {
	switch v := v.(type) {
	case string:
		return n.text(v)
	case []any:
		for i := range v {
			v[i] = n.value(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = n.value(v[name])
		}
	}
	return v
}

func (n *renaming) text(text string) string {
	if n.pattern == nil {
		return text
	}
	var out strings.Builder
	from := 0
	for _, at := range n.pattern.FindAllStringIndex(text, -1) {
		found := text[at[0]:at[1]]
		if len(found) < minFragment && !standsAlone(text, at[0], at[1]) {
			continue
		}
		other := n.pseudonyms[strings.ToLower(found)]
		if found == strings.ToUpper(found) && found != strings.ToLower(found) {
			other = strings.ToUpper(other)
		}
		out.WriteString(text[from:at[0]])
		out.WriteString(other)
		from = at[1]
	}
	out.WriteString(text[from:])
	return out.String()
}

// standsAlone reports whether a short text is a whole word: "1" in "d-10" is not the device 1.
func standsAlone(text string, from, to int) bool {
	const before, after = "\"/= ,:'", "\"/& ,.:;'"
	return (from == 0 || strings.IndexByte(before, text[from-1]) >= 0) &&
		(to == len(text) || strings.IndexByte(after, text[to]) >= 0)
}
