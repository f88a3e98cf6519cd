package mapping

import (
	"maps"

	"github.com/itchyny/gojq"
)

// Origin tells what the texts in a value are. Bytes and text are both strings to jq,
// so that only the way to a value tells one from the other.
type Origin int

// The origins.
const (
	Text    Origin = iota // texts of the body, or made of them
	Bytes                 // what unhex and the like gave
	Unknown               // either
)

// bytesFunctions are those that give bytes.
var bytesFunctions = map[string]bool{
	"unhex": true, "unb64": true, "unhex_or_b64": true, "unb64_or_hex": true, "bytes": true, "utf8bytes": true, "gunzip": true,
}

// BytesOf gives the bytes of a value: a string, an array of numbers, or null.
func BytesOf(value any) (string, error) {
	if value == nil {
		return "", nil
	}
	return bytesOf(value)
}

// Origins are those of an expression's input and variables.
type Origins struct {
	Input Origin
	Vars  map[string]Origin // by name, with $; Text where one is missing
}

// Of gives the origin of what an expression gives. What cannot be parsed is Unknown.
func (o Origins) Of(e Expr) Origin {
	if e.Text == "" {
		return o.Input
	}
	query, err := gojq.Parse(e.Text)
	if err != nil {
		return Unknown
	}
	return o.tracer().query(query, o.Input, false)
}

func (o Origins) tracer() *tracer { return &tracer{vars: o.Vars} }

// tracer follows values through a query.
type tracer struct {
	vars  map[string]Origin
	funcs map[string]*gojq.FuncDef // that the query defines
	args  map[string]Origin        // of the function that is looked at
	depth int

	// guards has texts refused where numbers are read from them. Not in what a query's own
	// function is made of or given: that serves several inputs.
	guards bool
}

const maxTraced = 50 // calls of a query's own functions within one another

// query gives the origin of a query's values. last tells that they are the result: where
// they are texts, they are refused.
func (t *tracer) query(q *gojq.Query, in Origin, last bool) Origin {
	if q == nil {
		return in
	}
	for _, def := range q.FuncDefs {
		t = t.with(func(t *tracer) { t.funcs[def.Name] = def })
	}
	if q.Term != nil {
		term := q.Term
		origin := t.term(term, in, last)
		t.reader(q, in)
		return t.leaf(q, origin, last && !branches(term))
	}
	switch q.Op {
	case gojq.OpPipe:
		left := t.query(q.Left, in, false)
		if len(q.Patterns) == 0 {
			return t.query(q.Right, left, last)
		}
		inner := t.with(func(t *tracer) {
			for _, p := range q.Patterns {
				t.bind(p, left)
			}
		})
		return inner.query(q.Right, in, last)
	case gojq.OpAlt, gojq.OpComma:
		return joined(t.query(q.Left, in, last), t.query(q.Right, in, last))
	case gojq.OpAdd:
		return t.leaf(q, joined(t.query(q.Left, in, false), t.query(q.Right, in, false)), last)
	default: // gives numbers and truths, or makes texts of texts
		t.query(q.Left, in, false)
		t.query(q.Right, in, false)
		return Text
	}
}

// branches tells whether a term's results are those of queries within it.
func branches(term *gojq.Term) bool {
	if len(term.SuffixList) > 0 {
		return false
	}
	switch term.Type {
	case gojq.TermTypeIf, gojq.TermTypeTry, gojq.TermTypeLabel, gojq.TermTypeQuery:
		return true
	case gojq.TermTypeFunc:
		return passed(term.Func) != nil
	default:
		return false
	}
}

// passed gives the argument whose values a function passes on.
func passed(f *gojq.Func) *gojq.Query {
	switch {
	case (f.Name == "first" || f.Name == "last") && len(f.Args) == 1:
		return f.Args[0]
	case (f.Name == "limit" || f.Name == "skip" || f.Name == "nth") && len(f.Args) == 2:
		return f.Args[1]
	}
	return nil
}

func (t *tracer) term(term *gojq.Term, in Origin, last bool) Origin {
	last = last && len(term.SuffixList) == 0
	var origin Origin
	switch term.Type {
	case gojq.TermTypeIdentity, gojq.TermTypeRecurse:
		origin = in
	case gojq.TermTypeIndex:
		origin = indexed(in, term.Index)
	case gojq.TermTypeFunc:
		origin = t.call(term.Func, in, last)
	case gojq.TermTypeObject:
		origin = t.object(term.Object, in)
	case gojq.TermTypeArray:
		if term.Array.Query != nil {
			origin = made(t.query(term.Array.Query, in, false))
		}
	case gojq.TermTypeIf:
		origin = t.condition(term.If, in, last)
	case gojq.TermTypeTry:
		origin = t.query(term.Try.Body, in, last)
		if term.Try.Catch != nil {
			origin = joined(origin, t.query(term.Try.Catch, Text, last))
		}
	case gojq.TermTypeReduce:
		origin = t.reduced(term.Reduce, in)
	case gojq.TermTypeForeach:
		origin = Unknown
	case gojq.TermTypeLabel:
		origin = t.query(term.Label.Body, in, last)
	case gojq.TermTypeQuery:
		origin = t.query(term.Query, in, last)
	case gojq.TermTypeUnary:
		t.term(term.Unary.Term, in, false)
	case gojq.TermTypeFormat:
		if (term.Format == "@base64d" || term.Format == "@base32d") && term.Str == nil {
			origin = Bytes
		}
	default: // constants, and what jq writes
	}
	for _, suffix := range term.SuffixList {
		switch {
		case suffix.Index != nil:
			origin = indexed(origin, suffix.Index)
		case suffix.Iter:
			origin = made(origin)
		}
	}
	return origin
}

// condition joins the branches of an if.
func (t *tracer) condition(c *gojq.If, in Origin, last bool) Origin {
	t.query(c.Cond, in, false)
	origin := t.query(c.Then, in, last)
	for _, elif := range c.Elif {
		t.query(elif.Cond, in, false)
		origin = joined(origin, t.query(elif.Then, in, last))
	}
	if c.Else == nil { // gives its input
		if last && in == Text {
			c.Else = guardQuery("must give")
		}
		return joined(origin, in)
	}
	return joined(origin, t.query(c.Else, in, last))
}

// reduced is Text where texts alone go into a reduction.
func (t *tracer) reduced(r *gojq.Reduce, in Origin) Origin {
	inner := t.with(func(inner *tracer) {
		for _, p := range r.Patterns {
			inner.bind(p, t.query(r.Query, in, false))
		}
	})
	if t.query(r.Start, in, false) == Text && inner.query(r.Update, Text, false) == Text {
		return Text
	}
	return Unknown
}

func (t *tracer) object(o *gojq.Object, in Origin) Origin {
	for _, pair := range o.KeyVals {
		origin := in
		if pair.Val != nil {
			origin = t.query(pair.Val, in, false)
		} else if vars, ok := t.vars[pair.Key]; ok { // {$name}
			origin = vars
		}
		if origin != Text {
			return Unknown
		}
	}
	return Text
}

// call gives the origin of what a function gives.
func (t *tracer) call(f *gojq.Func, in Origin, last bool) Origin {
	if len(f.Name) > 0 && f.Name[0] == '$' {
		return t.vars[f.Name]
	}
	if origin, ok := t.args[f.Name]; ok && len(f.Args) == 0 {
		return origin
	}
	if def := t.funcs[f.Name]; def != nil && len(def.Args) == len(f.Args) {
		if t.depth >= maxTraced {
			return Unknown
		}
		inner := t.with(func(inner *tracer) {
			inner.depth++
			inner.guards = false
			for i, name := range def.Args {
				origin := t.without().query(f.Args[i], in, false)
				inner.args[name], inner.vars[name] = origin, origin // name or $name
			}
		})
		return inner.query(def.Body, in, false)
	}
	switch {
	case bytesFunctions[f.Name]:
		return Bytes
	case passed(f) != nil:
		return t.query(passed(f), in, last)
	case f.Name == "select" && len(f.Args) == 1:
		t.query(f.Args[0], in, false)
		return in
	case f.Name == "values", f.Name == "strings", f.Name == "scalars":
		return in
	case textFunctions[f.Name]:
		return Text
	case f.Name == "implode":
		return Unknown
	}
	for _, arg := range f.Args {
		if t.query(arg, in, false) != Text {
			return Unknown
		}
	}
	return made(in)
}

// textFunctions give texts, numbers or nothing, whatever their input.
var textFunctions = map[string]bool{
	"tojson": true, "tostring": true, "hex": true, "b64": true, "b64url": true, "length": true, "type": true,
	"empty": true, "error": true, "not": true, "has": true, "test": true, "keys": true, "num": true, "utc": true,
}

// bind gives the variables of a pattern their origin.
func (t *tracer) bind(p *gojq.Pattern, origin Origin) {
	if p.Name != "" {
		t.vars[p.Name] = origin
		return
	}
	for _, element := range p.Array {
		t.bind(element, made(origin))
	}
	for _, member := range p.Object {
		if member.Val != nil {
			t.bind(member.Val, made(origin))
		}
		if member.Key != "" && member.Key[0] == '$' {
			t.vars[member.Key] = made(origin)
		}
	}
}

// without gives a tracer that guards nothing.
func (t *tracer) without() *tracer { return t.with(func(t *tracer) { t.guards = false }) }

// with gives a tracer with more names.
func (t *tracer) with(change func(*tracer)) *tracer {
	inner := &tracer{vars: maps.Clone(t.vars), funcs: maps.Clone(t.funcs), args: maps.Clone(t.args),
		depth: t.depth, guards: t.guards}
	if inner.vars == nil {
		inner.vars = map[string]Origin{}
	}
	if inner.funcs == nil {
		inner.funcs = map[string]*gojq.FuncDef{}
	}
	if inner.args == nil {
		inner.args = map[string]Origin{}
	}
	change(inner)
	return inner
}

// joined is the origin of what may be either of two.
func joined(a, b Origin) Origin {
	if a == b {
		return a
	}
	return Unknown
}

// made is the origin of what is taken from a value, or made with it.
func made(origin Origin) Origin {
	if origin == Text {
		return Text
	}
	return Unknown
}

func indexed(origin Origin, index *gojq.Index) Origin {
	if index.IsSlice {
		return origin
	}
	return made(origin)
}
