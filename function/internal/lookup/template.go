package lookup

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/itchyny/gojq"

	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// template is a URL whose expression is one text with values in it, which is nearly every one. It is put together here,
// so that only the values are evaluated: those are mostly simple enough to need no interpreter.
type template struct {
	parts   []part
	encoded bool // values are percent-encoded, as @uri does
}

// part is a constant text, or a value.
type part struct {
	text  string
	value *mapping.Expression
}

// templateOf makes the template of an expression that compile has passed; nil where it is not of that form.
func templateOf(text string, compile func(text string) *mapping.Expression) *template {
	q, err := gojq.Parse(text)
	if err != nil || q.Term == nil || len(q.FuncDefs) > 0 || len(q.Term.SuffixList) > 0 {
		return nil
	}
	isText := q.Term.Type == gojq.TermTypeString ||
		q.Term.Type == gojq.TermTypeFormat && q.Term.Format == "@uri" && q.Term.Str != nil
	if !isText {
		return nil
	}
	t := &template{encoded: q.Term.Format == "@uri", parts: []part{{text: q.Term.Str.Str}}}
	for _, piece := range q.Term.Str.Queries {
		if constant(piece) {
			t.parts = append(t.parts, part{text: piece.Term.Str.Str})
			continue
		}
		value := compile(piece.String())
		if value == nil {
			return nil
		}
		t.parts = append(t.parts, part{value: value})
	}
	return t
}

// constant tells whether a piece of a text has no value in it.
func constant(q *gojq.Query) bool {
	return q.Term != nil && q.Term.Type == gojq.TermTypeString && len(q.Term.Str.Queries) == 0
}

// fill puts the values of a message into the URL; it is empty where one of them is null or not there.
func (t *template) fill(run *mapping.Run, in any) (string, error) {
	var b strings.Builder
	for _, p := range t.parts {
		if p.value == nil {
			b.WriteString(p.text)
			continue
		}
		values, err := run.All(p.value, in)
		if err != nil || len(values) == 0 || len(values) == 1 && values[0] == nil {
			return "", err
		}
		if len(values) > 1 {
			return "", p.value.Wrong(fmt.Sprintf("gives %d values, one is wanted", len(values)), values[1])
		}
		text, ok := message.ScalarText(values[0])
		if !ok {
			written, err := message.Marshal(values[0])
			if err != nil {
				return "", err
			}
			text = string(written)
		}
		if t.encoded {
			text = strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
		}
		b.WriteString(text)
	}
	return b.String(), nil
}
