package convert

import (
	"slices"
	"strings"

	"mayfly/internal/jsonscan"
	"mayfly/transform/template/dtdl"
)

// enum compares a value with those of an Enum. A name, a display name, another
// case and a number in a string stand for a value, where they stand for one only.
func (w *Walk) enum(s *dtdl.Schema, kind jsonscan.Kind, raw []byte) []byte {
	var text string
	switch kind {
	case jsonscan.String:
		text, _ = jsonscan.Text(raw)
	case jsonscan.Number:
		text = string(raw)
	default:
		return w.offer(s, kind, RuleType, "")
	}
	if s.Integer == (kind == jsonscan.Number) {
		for i := range s.Values {
			if s.Values[i].Value == text {
				return nil
			}
		}
	}
	v := meant(s, kind, text)
	switch {
	case w.Silent(RuleEnum, v != nil):
		w.Add(RuleEnum, v != nil)
	case len(s.Values) == 0:
		w.Add(RuleEnum, false, "the Enum has no values")
	default:
		w.Add(RuleEnum, v != nil, "want ", s.Choices())
	}
	if v == nil {
		return nil
	}
	return []byte(v.JSON(s.Integer))
}

// meant finds the one value that a text stands for, as it is written first, then
// in another case.
func meant(s *dtdl.Schema, kind jsonscan.Kind, text string) *dtdl.EnumValue {
	whole := ""
	if s.Integer {
		whole = wholeNumber(kind, text)
	}
	if kind == jsonscan.Number {
		return unique(s, func(v *dtdl.EnumValue) bool { return whole != "" && v.Value == whole })
	}
	text = strings.TrimSpace(text)
	exact := func(v *dtdl.EnumValue) bool {
		return whole != "" && v.Value == whole || v.Name == text ||
			slices.ContainsFunc(v.Display, func(d string) bool { return strings.TrimSpace(d) == text })
	}
	if slices.ContainsFunc(s.Values, func(v dtdl.EnumValue) bool { return exact(&v) }) {
		return unique(s, exact)
	}
	return unique(s, func(v *dtdl.EnumValue) bool {
		return strings.EqualFold(v.Name, text) || !s.Integer && strings.EqualFold(strings.TrimSpace(v.Value), text) ||
			slices.ContainsFunc(v.Display, func(d string) bool { return strings.EqualFold(strings.TrimSpace(d), text) })
	})
}

// wholeNumber writes the integer that a number or a string is, or returns "".
func wholeNumber(kind jsonscan.Kind, text string) string {
	ok := kind == jsonscan.Number
	if !ok {
		text, ok = numberIn(text)
	}
	if !ok {
		return ""
	}
	d, ok := parseDecimal(text)
	if !ok {
		return ""
	}
	whole, _ := d.integer()
	return whole
}

// unique finds the value that is the only one of its kind.
func unique(s *dtdl.Schema, is func(v *dtdl.EnumValue) bool) *dtdl.EnumValue {
	var found *dtdl.EnumValue
	for i := range s.Values {
		if v := &s.Values[i]; is(v) {
			if found != nil {
				return nil
			}
			found = v
		}
	}
	return found
}
