package mapping

import "github.com/itchyny/gojq"

// linear are the functions of jq, beside ours, whose work and result are at most some
// times their input. Their arguments are looked at like the rest.
var linear = map[string]bool{
	"any": true, "all": true, "ascii_downcase": true, "ascii_upcase": true, "empty": true, "endswith": true,
	"first": true, "floor": true, "has": true, "keys": true, "last": true, "length": true, "ltrimstr": true,
	"not": true, "objects": true, "round": true, "rtrimstr": true, "select": true, "startswith": true, "strings": true,
	"test": true, "tojson": true, "tonumber": true, "tostring": true, "type": true, "values": true,
}

// cheap are those of them that make nothing new of their input.
var cheap = map[string]bool{
	"any": true, "all": true, "empty": true, "endswith": true, "first": true, "has": true, "keys": true, "last": true,
	"length": true, "not": true, "objects": true, "select": true, "startswith": true, "strings": true, "test": true,
	"type": true, "values": true,
}

// lean tells whether an expression can be evaluated in this process: its text alone says
// that it ends, and that it makes no more of its input than the input times its length.
// It has no loops; one that goes through a list makes no text, array or object for each
// element. What is not known here is not lean.
func lean(q *gojq.Query, ours func(name string, args int) bool) bool {
	l := leanness{ours: ours}
	l.query(q)
	return !l.wild && !(l.each && l.makes)
}

type leanness struct {
	ours              func(name string, args int) bool
	wild, each, makes bool
}

func (l *leanness) query(q *gojq.Query) {
	switch {
	case q == nil || l.wild:
		return
	case q.Meta != nil || len(q.Imports) > 0 || len(q.FuncDefs) > 0:
		l.wild = true
		return
	case q.Term != nil:
		l.term(q.Term)
		return
	}
	for _, p := range q.Patterns {
		l.wild = l.wild || p.Name == ""
	}
	switch q.Op {
	case gojq.OpPipe, gojq.OpComma, gojq.OpAlt, gojq.OpAnd, gojq.OpOr, gojq.OpEq, gojq.OpNe, gojq.OpLt, gojq.OpGt,
		gojq.OpLe, gojq.OpGe:
	case gojq.OpAdd:
		l.makes = true
	case gojq.OpSub:
		// An array less a written one takes as long as both together.
		l.makes = true
		l.wild = l.wild || q.Right.Term == nil || q.Right.Term.Type != gojq.TermTypeArray &&
			q.Right.Term.Type != gojq.TermTypeNumber
	default:
		l.wild = true
	}
	l.query(q.Left)
	l.query(q.Right)
}

func (l *leanness) term(t *gojq.Term) {
	switch t.Type {
	case gojq.TermTypeIdentity, gojq.TermTypeNull, gojq.TermTypeTrue, gojq.TermTypeFalse, gojq.TermTypeNumber:
	case gojq.TermTypeIndex:
		l.index(t.Index)
	case gojq.TermTypeFunc:
		l.call(t.Func)
	case gojq.TermTypeQuery:
		l.query(t.Query)
	case gojq.TermTypeString:
		l.text(t.Str)
	case gojq.TermTypeObject:
		l.makes = true
		for _, kv := range t.Object.KeyVals {
			l.text(kv.KeyString)
			l.query(kv.KeyQuery)
			l.query(kv.Val)
		}
	case gojq.TermTypeArray:
		l.makes = true
		l.query(t.Array.Query)
	case gojq.TermTypeIf:
		l.query(t.If.Cond)
		l.query(t.If.Then)
		for _, elif := range t.If.Elif {
			l.query(elif.Cond)
			l.query(elif.Then)
		}
		l.query(t.If.Else)
	case gojq.TermTypeTry:
		l.query(t.Try.Body)
		l.query(t.Try.Catch)
	default:
		l.wild = true
	}
	for _, suffix := range t.SuffixList {
		l.each = l.each || suffix.Iter
		l.index(suffix.Index)
	}
}

func (l *leanness) index(i *gojq.Index) {
	if i == nil {
		return
	}
	l.wild = l.wild || i.IsSlice
	l.text(i.Str)
	l.query(i.Start)
	l.query(i.End)
}

func (l *leanness) text(s *gojq.String) {
	if s == nil {
		return
	}
	for _, q := range s.Queries {
		l.makes = true
		l.query(q)
	}
}

func (l *leanness) call(f *gojq.Func) {
	switch {
	case len(f.Name) > 0 && f.Name[0] == '$':
	case l.ours(f.Name, len(f.Args)) && f.Name != "gunzip", linear[f.Name]: // which makes much of little
		l.makes = l.makes || !cheap[f.Name]
	default:
		l.wild = true
	}
	if f.Name == "test" && (len(f.Args) == 0 || f.Args[0].Term == nil || f.Args[0].Term.Type != gojq.TermTypeString) {
		l.wild = true // a pattern out of the body
	}
	for i, arg := range f.Args {
		if i == 0 && len(f.Args) == 2 && (f.Name == "any" || f.Name == "all") { // what it goes through stays in it
			through := leanness{ours: l.ours}
			through.query(arg)
			l.wild = l.wild || through.wild || through.each && through.makes
			l.makes = l.makes || through.makes
			continue
		}
		if f.Name == "any" || f.Name == "all" { // what is done for each of these
			each := leanness{ours: l.ours}
			each.query(arg)
			l.wild = l.wild || each.wild || each.makes
			continue
		}
		l.query(arg)
	}
}
