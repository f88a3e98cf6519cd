package policy

import (
	"errors"
	"strings"

	"mayfly/transform/message"
)

// Pattern is a glob over device ids: * stands for any run of characters and ?
// for one. Ids hold neither, so nothing has to be escaped. Case counts.
type Pattern string

// Patterns is what a caller may speak for; nil is every device.
type Patterns []Pattern

// Allow tells whether an id is one of those that the patterns mean.
func (ps Patterns) Allow(id string) bool {
	if ps == nil {
		return true
	}
	for _, p := range ps {
		if p.match(id) {
			return true
		}
	}
	return false
}

// match takes time in proportion to both lengths: only the last * is ever tried
// again.
func (p Pattern) match(id string) bool {
	at, star, mark := 0, -1, 0
	for i := 0; i < len(id); {
		switch {
		case at < len(p) && p[at] == '*':
			star, mark = at, i
			at++
		case at < len(p) && (p[at] == '?' || p[at] == id[i]):
			at++
			i++
		case star >= 0:
			mark++
			at, i = star+1, mark
		default:
			return false
		}
	}
	for at < len(p) && p[at] == '*' {
		at++
	}
	return at == len(p)
}

// template is a pattern with {claim} in it, to be filled in from a token or a
// certificate.
type template []string // text, name, text, name, ..., text

var errPattern = errors.New("want device ids with * and ?, at most 256 characters")

// parseTemplate reads a pattern; names tells which {name}s there may be, and nil
// that there may be none.
func parseTemplate(text string, names func(string) bool) (template, error) {
	if text == "" || len(text) > 256 {
		return nil, errPattern
	}
	var t template
	for rest := text; ; {
		before, after, found := strings.Cut(rest, "{")
		if before != "" && !message.ValidDeviceID(strings.NewReplacer("*", "x", "?", "x").Replace(before)+"x") {
			return nil, errPattern
		}
		t = append(t, before)
		if !found {
			return t, nil
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed || name == "" || names == nil || !names(name) {
			return nil, errors.New("{" + name + "} is not known here")
		}
		t, rest = append(t, name), tail
	}
}

// ValidatePattern tells what is wrong with a pattern. names tells which {name}s it
// may have, and nil that it may have none.
func ValidatePattern(text string, names func(string) bool) error {
	_, err := parseTemplate(text, names)
	return err
}

// fill makes the pattern. A value that could not stand in a device id, such as
// one with a *, makes none: a token must not widen what it may.
func (t template) fill(value func(name string) string) (Pattern, bool) {
	var b strings.Builder
	for i, part := range t {
		if i%2 == 1 {
			part = value(part)
			if part == "" || !message.ValidDeviceID(part+"x") {
				return "", false
			}
		}
		b.WriteString(part)
	}
	return Pattern(b.String()), true
}

// fillAll makes the patterns of those templates that can be filled in. It is
// never nil: who can be no device at all may speak for none.
func fillAll(ts []template, value func(name string) string) Patterns {
	ps := make(Patterns, 0, len(ts))
	for _, t := range ts {
		if p, ok := t.fill(value); ok {
			ps = append(ps, p)
		}
	}
	return ps
}
