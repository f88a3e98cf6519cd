package transform

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/itchyny/gojq"
)

// term gives the plan of a term with its suffixes, or nil.
func (p *planner) term(t *gojq.Term) *plan {
	made := p.base(t)
	for i := 0; made != nil && i < len(t.SuffixList); i++ {
		suffix := t.SuffixList[i]
		var next *plan
		switch {
		case suffix.Index != nil:
			next = p.index(suffix.Index)
		case suffix.Iter:
			next = &plan{each: iterate}
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

func (p *planner) base(t *gojq.Term) *plan {
	switch t.Type {
	case gojq.TermTypeIdentity:
		return single(func(_ *run, in any) (any, error) { return in, nil })
	case gojq.TermTypeNull:
		return constant(nil)
	case gojq.TermTypeTrue:
		return constant(true)
	case gojq.TermTypeFalse:
		return constant(false)
	case gojq.TermTypeNumber:
		return constant(json.Number(t.Number))
	case gojq.TermTypeUnary:
		if t.Unary.Op == gojq.OpSub && t.Unary.Term.Type == gojq.TermTypeNumber && len(t.Unary.Term.SuffixList) == 0 {
			return constant(json.Number("-" + t.Unary.Term.Number))
		}
	case gojq.TermTypeIndex:
		return p.index(t.Index)
	case gojq.TermTypeFunc:
		return p.call(t.Func)
	case gojq.TermTypeObject:
		return p.object(t.Object)
	case gojq.TermTypeArray:
		return p.array(t.Array)
	case gojq.TermTypeString:
		return p.text(t.Str)
	case gojq.TermTypeFormat:
		if t.Str == nil {
			return format(t.Format)
		}
	case gojq.TermTypeIf:
		return p.conditional(t.If)
	case gojq.TermTypeTry:
		if body := p.plan(t.Try.Body); body != nil && t.Try.Catch == nil {
			return attempt(body)
		}
	case gojq.TermTypeReduce:
		return p.reduce(t.Reduce)
	case gojq.TermTypeQuery:
		return p.plan(t.Query)
	default:
	}
	return nil
}

func (p *planner) index(i *gojq.Index) *plan {
	switch {
	case i.Name != "":
		return field(i.Name)
	case i.Str != nil && i.Str.Queries == nil:
		return field(i.Str.Str)
	case i.IsSlice || i.Start == nil:
		return nil
	}
	key := p.plan(i.Start)
	if key == nil || key.one == nil || !isConstant(i.Start) {
		return nil // the key is of the term's input, not of what the suffix follows
	}
	return single(func(r *run, in any) (any, error) {
		at, err := key.one(r, nil)
		if err != nil {
			return nil, err
		}
		return lookUp(in, at)
	})
}

// isConstant tells whether a query needs no input.
func isConstant(q *gojq.Query) bool {
	t := q.Term
	if t == nil || len(t.SuffixList) > 0 {
		return false
	}
	return t.Type == gojq.TermTypeNumber || t.Type == gojq.TermTypeUnary || t.Type == gojq.TermTypeString ||
		t.Type == gojq.TermTypeFunc && strings.HasPrefix(t.Func.Name, "$")
}

func field(name string) *plan {
	return single(func(_ *run, in any) (any, error) {
		switch in := in.(type) {
		case map[string]any:
			return in[name], nil
		case nil:
			return nil, nil
		}
		return nil, errFails
	})
}

func lookUp(in, at any) (any, error) {
	switch in := in.(type) {
	case nil:
		switch at.(type) {
		case string, int, json.Number, nil:
			return nil, nil
		}
	case map[string]any:
		if name, ok := at.(string); ok {
			return in[name], nil
		}
	case []any:
		text, ok := numberText(at)
		if !ok {
			return nil, errBeyond
		}
		i, err := strconv.Atoi(text)
		if err != nil {
			return nil, errBeyond
		}
		if i < 0 {
			i += len(in)
		}
		if i < 0 || i >= len(in) {
			return nil, nil
		}
		return in[i], nil
	case string:
		return nil, errBeyond
	}
	return nil, errFails
}

func iterate(r *run, in any, emit emitFunc) error {
	switch in := in.(type) {
	case []any:
		for _, value := range in {
			if err := r.step(); err != nil {
				return err
			}
			if err := emit(value); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		for _, name := range sortedKeys(in) {
			if err := r.step(); err != nil {
				return err
			}
			if err := emit(in[name]); err != nil {
				return err
			}
		}
		return nil
	}
	return errFails
}

func sortedKeys(object map[string]any) []string {
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (p *planner) object(o *gojq.Object) *plan {
	type member struct {
		name  *plan
		value *plan
	}
	members := make([]member, 0, len(o.KeyVals))
	for _, pair := range o.KeyVals {
		var m member
		switch {
		case pair.Key != "" && pair.Key[0] == '$':
			if pair.Val != nil {
				return nil
			}
			m = member{constant(pair.Key[1:]), p.variable(pair.Key)}
		case pair.Key != "":
			m = member{constant(pair.Key), field(pair.Key)}
		case pair.KeyString != nil && pair.KeyString.Queries == nil:
			m = member{constant(pair.KeyString.Str), field(pair.KeyString.Str)}
		case pair.KeyString != nil:
			m.name = p.text(pair.KeyString)
		case pair.KeyQuery != nil:
			m.name = p.plan(pair.KeyQuery)
		}
		if pair.Val != nil {
			m.value = p.plan(pair.Val)
		}
		if m.name == nil || m.name.one == nil || m.value == nil || m.value.one == nil {
			return nil
		}
		members = append(members, m)
	}
	return single(func(r *run, in any) (any, error) {
		out := make(map[string]any, len(members))
		for _, m := range members {
			name, err := m.name.one(r, in)
			if err != nil {
				return nil, err
			}
			key, ok := name.(string)
			if !ok {
				return nil, errFails
			}
			if out[key], err = m.value.one(r, in); err != nil {
				return nil, err
			}
		}
		return out, nil
	})
}

func (p *planner) array(a *gojq.Array) *plan {
	if a.Query == nil {
		return single(func(*run, any) (any, error) { return []any{}, nil })
	}
	body := p.plan(a.Query)
	if body == nil {
		return nil
	}
	return single(func(r *run, in any) (any, error) {
		out := []any{}
		err := body.each(r, in, func(value any) error {
			out = append(out, value)
			return nil
		})
		return out, err
	})
}

// text is a string, with its \(...).
func (p *planner) text(s *gojq.String) *plan {
	if s.Queries == nil {
		return constant(s.Str)
	}
	parts := make([]*plan, len(s.Queries))
	for i, q := range s.Queries {
		if parts[i] = p.plan(q); parts[i] == nil || parts[i].one == nil {
			return nil
		}
	}
	return single(func(r *run, in any) (any, error) {
		var b strings.Builder
		for _, part := range parts {
			value, err := part.one(r, in)
			if err != nil {
				return nil, err
			}
			text, err := toString(value)
			if err != nil {
				return nil, err
			}
			b.WriteString(text)
		}
		return b.String(), nil
	})
}

func toString(value any) (string, error) {
	if text, ok := value.(string); ok {
		return text, nil
	}
	text, err := gojq.Marshal(value)
	return string(text), err
}

func format(name string) *plan {
	switch name {
	case "@base64d":
		return single(func(_ *run, in any) (any, error) {
			text, ok := in.(string)
			if !ok {
				return nil, errBeyond
			}
			text, _, _ = strings.Cut(text, "=") // as gojq has it
			bytes, err := base64.RawStdEncoding.DecodeString(text)
			if err != nil {
				return nil, errFails
			}
			return string(bytes), nil
		})
	case "@base64":
		return single(func(_ *run, in any) (any, error) {
			text, ok := in.(string)
			if !ok {
				return nil, errBeyond
			}
			return base64.StdEncoding.EncodeToString([]byte(text)), nil
		})
	}
	return nil
}
