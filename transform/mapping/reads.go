package mapping

import (
	"reflect"
	"slices"
	"strings"

	"github.com/itchyny/gojq"
)

// RequestPart is a part of $request that an expression reads: a member, such as
// headers, and a name in it. Either is empty where the expression does not say which:
// it may be any, or all of them.
type RequestPart struct{ Member, Name string }

// String gives the part as expressions write it.
func (p RequestPart) String() string {
	switch {
	case p.Member == "":
		return "$request"
	case p.Name == "":
		return "$request." + p.Member
	}
	return "$request." + p.Member + `["` + p.Name + `"]`
}

// RequestParts lists the parts of $request that an expression reads, each once. What
// cannot be parsed reads nothing.
func RequestParts(e Expr) []RequestPart {
	query, err := gojq.Parse(e.Text)
	if err != nil || !strings.Contains(e.Text, "$request") {
		return nil
	}
	var parts []RequestPart
	eachTerm(reflect.ValueOf(query), func(t *gojq.Term) {
		if t.Type != gojq.TermTypeFunc || t.Func == nil || t.Func.Name != "$request" {
			return
		}
		var p RequestPart
		suffixes := t.SuffixList
		if p.Member = staticName(suffixes, 0); p.Member != "" {
			p.Name = staticName(suffixes, 1)
		}
		if p.Member == "headers" {
			p.Name = strings.ToLower(p.Name)
		}
		if !slices.Contains(parts, p) {
			parts = append(parts, p)
		}
	})
	return parts
}

// staticName is the name by which a suffix takes a member; empty where it is not a
// fixed one.
func staticName(suffixes []*gojq.Suffix, at int) string {
	if at >= len(suffixes) || suffixes[at].Index == nil {
		return ""
	}
	index := suffixes[at].Index
	switch {
	case index.Name != "":
		return strings.TrimPrefix(index.Name, ".")
	case index.Str != nil && index.Str.Queries == nil:
		return index.Str.Str
	case index.Start != nil && !index.IsSlice && index.Start.Term != nil && len(index.Start.Term.SuffixList) == 0 &&
		index.Start.Term.Str != nil && index.Start.Term.Str.Queries == nil:
		return index.Start.Term.Str.Str
	}
	return ""
}

// eachTerm calls visit for every term of a parsed query, wherever it stands.
func eachTerm(v reflect.Value, visit func(*gojq.Term)) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		if t, ok := reflect.TypeAssert[*gojq.Term](v); ok {
			visit(t)
		}
		eachTerm(v.Elem(), visit)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				eachTerm(v.Field(i), visit)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachTerm(v.Index(i), visit)
		}
	default: // texts and numbers
	}
}
