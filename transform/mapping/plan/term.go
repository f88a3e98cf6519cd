package plan

import (
	"strconv"
	"strings"

	"github.com/itchyny/gojq"
)

// term gives the node of a term with its suffixes, or nil.
func (b *builder) term(t *gojq.Term) *node {
	made := b.base(t)
	for i := 0; made != nil && i < len(t.SuffixList); i++ {
		suffix := t.SuffixList[i]
		var next *node
		switch {
		case suffix.Index != nil:
			next = index(suffix.Index)
		case suffix.Iter:
			next = generator(iterate)
		default: // ? of the term itself
			made = attempt(made)
			continue
		}
		if next == nil {
			return nil
		}
		// A ? belongs to the suffix that it follows.
		if i+1 < len(t.SuffixList) && t.SuffixList[i+1].Optional {
			next = attempt(next)
			i++
		}
		made = pipe(made, next)
	}
	return made
}

func (b *builder) base(t *gojq.Term) *node {
	switch t.Type {
	case gojq.TermTypeIdentity:
		return identity()
	case gojq.TermTypeNull:
		return constant(nil)
	case gojq.TermTypeTrue:
		return constant(true)
	case gojq.TermTypeFalse:
		return constant(false)
	case gojq.TermTypeNumber, gojq.TermTypeUnary:
		if n, ok := constantInt(t); ok {
			return constant(n)
		}
	case gojq.TermTypeIndex:
		return index(t.Index)
	case gojq.TermTypeFunc:
		return b.call(t.Func)
	case gojq.TermTypeObject:
		return b.object(t.Object)
	case gojq.TermTypeArray:
		return b.array(t.Array)
	case gojq.TermTypeString:
		return b.text(t.Str)
	case gojq.TermTypeIf:
		return b.conditional(t.If)
	case gojq.TermTypeTry:
		if body := b.query(t.Try.Body); body != nil && t.Try.Catch == nil {
			return attempt(body)
		}
	case gojq.TermTypeQuery:
		return b.query(t.Query)
	default:
	}
	return nil
}

// constantInt gives the value of 5 and -5. What gojq makes of other numbers is its
// own.
func constantInt(t *gojq.Term) (int, bool) {
	text := t.Number
	if t.Type == gojq.TermTypeUnary && t.Unary.Op == gojq.OpSub && len(t.Unary.Term.SuffixList) == 0 {
		text = "-" + t.Unary.Term.Number // "-" alone where the term is not a number
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// index is .name, ."name", .["name"] and .[5].
func index(i *gojq.Index) *node {
	switch {
	case i.Name != "":
		return member(i.Name)
	case i.Str != nil && i.Str.Queries == nil:
		return member(i.Str.Str)
	case i.IsSlice || i.Start == nil || i.Start.Term == nil || len(i.Start.Term.SuffixList) > 0:
		return nil
	}
	start := i.Start.Term
	if start.Type == gojq.TermTypeString && start.Str.Queries == nil {
		return member(start.Str.Str)
	}
	at, ok := constantInt(start)
	if !ok {
		return nil
	}
	return single(func(_ *Scope, in any) (any, error) { return element(in, at) })
}

func member(name string) *node {
	return single(func(_ *Scope, in any) (any, error) {
		switch in := in.(type) {
		case map[string]any:
			return in[name], nil
		case nil:
			return nil, nil
		}
		return nil, errFails
	})
}

func element(in any, at int) (any, error) {
	switch in := in.(type) {
	case nil:
		return nil, nil
	case []any:
		if at < 0 {
			at += len(in)
		}
		if at < 0 || at >= len(in) {
			return nil, nil
		}
		return in[at], nil
	case string:
		return nil, errBeyond
	}
	return nil, errFails
}

func iterate(s *Scope, in any, emit emitFunc) error {
	visit := func(value any) error {
		if err := s.step(); err != nil {
			return err
		}
		return emit(value)
	}
	switch in := in.(type) {
	case []any:
		for _, value := range in {
			if err := visit(value); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		for _, name := range sortedKeys(in) {
			if err := visit(in[name]); err != nil {
				return err
			}
		}
		return nil
	}
	return errFails
}

func (b *builder) object(o *gojq.Object) *node {
	type pair struct {
		name  string
		value *node
	}
	pairs := make([]pair, 0, len(o.KeyVals))
	for _, kv := range o.KeyVals {
		p := pair{name: kv.Key}
		switch {
		case kv.KeyString != nil && kv.KeyString.Queries == nil:
			p.name = kv.KeyString.Str
		case kv.Key == "" || kv.Key[0] == '$':
			return nil
		}
		p.value = member(p.name)
		if kv.Val != nil {
			p.value = b.query(kv.Val)
		}
		if p.value == nil || p.value.one == nil {
			return nil
		}
		pairs = append(pairs, p)
	}
	return single(func(s *Scope, in any) (any, error) {
		if err := s.made(objectBytes + memberBytes*len(pairs)); err != nil {
			return nil, err
		}
		out := make(map[string]any, len(pairs))
		for _, p := range pairs {
			var err error
			if out[p.name], err = p.value.one(s, in); err != nil {
				return nil, err
			}
		}
		return out, nil
	})
}

func (b *builder) array(a *gojq.Array) *node {
	if a.Query == nil {
		return single(func(*Scope, any) (any, error) { return []any{}, nil })
	}
	body := b.query(a.Query)
	if body == nil {
		return nil
	}
	return single(func(s *Scope, in any) (any, error) {
		out := []any{}
		err := body.each(s, in, func(value any) error {
			out = append(out, value)
			return s.made(elementBytes)
		})
		return out, err
	})
}

// text is a string, with its \(...).
func (b *builder) text(str *gojq.String) *node {
	if str.Queries == nil {
		return constant(str.Str)
	}
	parts := make([]*node, len(str.Queries))
	for i, q := range str.Queries {
		if parts[i] = b.query(q); parts[i] == nil || parts[i].one == nil {
			return nil
		}
	}
	return single(func(s *Scope, in any) (any, error) {
		var text strings.Builder
		for _, part := range parts {
			value, err := part.one(s, in)
			if err != nil {
				return nil, err
			}
			piece, err := toString(value)
			if err != nil {
				return nil, err
			}
			if err := s.made(len(piece)); err != nil {
				return nil, err
			}
			text.WriteString(piece)
		}
		return text.String(), nil
	})
}
