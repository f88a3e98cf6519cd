package mapping

import (
	"reflect"

	"github.com/itchyny/gojq"

	"mayfly/internal/lazyregexp"
)

// textGuard is the name of the function that refuses a text. Its argument says what for.
const textGuard = "_no_text"

// textError is a text where bytes are wanted.
type textError struct{ wants, text string }

func (e textError) Error() string {
	return e.wants + " bytes, not text: decode it by unhex or unb64, or take its characters by utf8bytes"
}

// noText gives everything but a text. An empty one is no bytes.
func noText(in any, args []any) (any, error) {
	if text, ok := in.(string); ok && text != "" {
		wants, _ := args[0].(string)
		return nil, textError{wants, text}
	}
	return in, nil
}

// guardQuery is the call of the function that refuses a text.
func guardQuery(wants string) *gojq.Query {
	arg := &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeString, Str: &gojq.String{Str: wants}}}
	return &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeFunc,
		Func: &gojq.Func{Name: textGuard, Args: []*gojq.Query{arg}}}}
}

// readsBytes matches the functions that read numbers from bytes.
var readsBytes = lazyregexp.New(`^(?:[uif][0-9]+(?:be|le)?|bits)$`)

// guard changes a query so that it fails where numbers are read from a text, and, where
// result is set, where its result is a text. It tells whether there is anything to guard.
func (o Origins) guard(query *gojq.Query, result bool) bool {
	reads := false
	walk(reflect.ValueOf(query), func(f *gojq.Func) { reads = reads || readsBytes().MatchString(f.Name) })
	if reads || result {
		t := o.tracer()
		t.guards = true
		t.query(query, o.Input, result)
	}
	return reads || result
}

// leaf refuses the texts of a query that is the end of a branch.
func (t *tracer) leaf(q *gojq.Query, origin Origin, last bool) Origin {
	if last && origin == Text {
		inner := *q
		inner.FuncDefs = nil
		*q = gojq.Query{FuncDefs: q.FuncDefs, Left: &inner, Op: gojq.OpPipe, Right: guardQuery("must give")}
	}
	return origin
}

// reader refuses the text that a function would read numbers from.
func (t *tracer) reader(q *gojq.Query, in Origin) {
	if !t.guards || in != Text || q.Term == nil || q.Term.Type != gojq.TermTypeFunc ||
		t.funcs[q.Term.Func.Name] != nil || !readsBytes().MatchString(q.Term.Func.Name) {
		return
	}
	inner := *q
	inner.FuncDefs = nil
	guard := guardQuery(q.Term.Func.Name + " reads")
	*q = gojq.Query{FuncDefs: q.FuncDefs, Left: guard, Op: gojq.OpPipe, Right: &inner}
}
