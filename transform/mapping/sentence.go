package mapping

import (
	"errors"
	"slices"
	"strings"

	"github.com/itchyny/gojq"

	"mayfly/internal/lazyregexp"
	"mayfly/transform/message"
)

// misfit is how a sentence about a value of the wrong kind begins.
const misfit = "there is "

// IsMisfit tells whether a hint is about a value of the wrong kind in the body: one
// that an expression could not be applied to.
func IsMisfit(hint string) bool { return strings.HasPrefix(hint, misfit) }

// IsInapplicable tells whether an error says that an expression could not be applied to
// what it was given, and not that it could not be evaluated at all.
func IsInapplicable(err error) bool {
	bad, ok := errors.AsType[*message.Error](err)
	return ok && len(bad.Fields) > 0 && !IsExhausted(err)
}

// IsExhausted tells whether an error says that an expression took too long, or too much
// memory.
func IsExhausted(err error) bool {
	bad, ok := errors.AsType[*message.Error](err)
	return ok && slices.ContainsFunc(bad.Fields, func(f message.FieldError) bool {
		return f.Rule == "mapping" && strings.HasPrefix(f.Hint, "takes ")
	})
}

// sentence says an error of jq to people who did not write the expression.
func sentence(text string) string {
	if m := wantsKind().FindStringSubmatch(text); m != nil {
		return misfit + withArticle(m[2]) + " where " + m[1] + " is wanted"
	}
	if got, ok := strings.CutPrefix(text, "cannot iterate over: "); ok {
		return misfit + withArticle(got) + " where a list is wanted"
	}
	name, got, ok := strings.Cut(text, " cannot be applied to: ")
	switch function, _, _ := strings.Cut(name, "("); {
	case !ok:
		return text
	case function == "has" || function == "keys" || function == "with_entries" || function == "to_entries":
		return misfit + withArticle(got) + " where an object is wanted"
	default:
		return misfit + withArticle(got) + " to which " + name + " cannot be applied"
	}
}

var wantsKind = lazyregexp.New(`(?s)^expected (an? \w+) but got: (.*)$`)

func withArticle(kind string) string {
	switch {
	case strings.HasPrefix(kind, "null"):
		return kind
	case strings.HasPrefix(kind, "object"), strings.HasPrefix(kind, "array"):
		return "an " + kind
	default:
		return "a " + kind
	}
}

// withoutValues gives an error of jq without the values that it shows, as in "has(...)
// cannot be applied to: string". A text that the mapping itself gave to error stays.
func withoutValues(err error) string {
	if own, ok := err.(gojq.ValueError); ok { //nolint:errorlint // gojq returns it bare
		if text, ok := own.Value().(string); ok {
			return "error: " + text
		}
	}
	text := shownText().ReplaceAllString(err.Error(), "...")
	if i := strings.IndexAny(text, "\"{["); i >= 0 { // a longer value, which is cut short
		text = text[:i]
	}
	text = strings.TrimRight(shownNumber().ReplaceAllString(text, "..."), " :(")
	return strings.TrimSuffix(text, " (...)")
}

var (
	shownText   = lazyregexp.New(`"(?:[^"\\]|\\.)*"`)
	shownNumber = lazyregexp.New(`-?[0-9][0-9.eE+-]*`)
)
