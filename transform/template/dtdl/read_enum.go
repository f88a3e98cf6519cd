package dtdl

import (
	"math"
	"strconv"

	"mayfly/internal/jsonscan"
)

// enum reads a schema that lists its values.
func (r *partition) enum(n *jsonscan.Node, p *path) *Schema {
	s := &Schema{Kind: Enum}
	of := single(get(n, "valueSchema"))
	if of == nil || of.Kind != jsonscan.String {
		r.fault(n, p.member("valueSchema"), "want integer or string")
		return nil
	}
	switch t, _ := termOf(of.Text); {
	case t.schema != nil && t.schema.Kind == Integer:
		s.Integer = true
	case t.schema != nil && t.schema.Kind == String:
	default:
		r.fault(of, p.member("valueSchema"), "%s cannot be enumerated; want integer or string", shown(of.Text))
		return nil
	}
	p = p.member("enumValues")
	names, values := map[string]bool{}, map[string]bool{}
	all := get(n, "enumValues")
	for i, one := range list(all) {
		at := p.at(all, i)
		v, ok := r.enumValue(one, s.Integer, at)
		switch {
		case !ok:
		case names[v.Name]:
			r.fault(one, at, "the name %s is that of another value; names of values must differ", shown(v.Name))
		case values[v.Value]:
			r.fault(one, at, "another name has the value %s as well; values must differ", shown(v.Value))
		default:
			names[v.Name], values[v.Value] = true, true
			s.Values = append(s.Values, v)
		}
	}
	return s
}

func (r *partition) enumValue(n *jsonscan.Node, integer bool, p *path) (v EnumValue, ok bool) {
	if n.Kind != jsonscan.Object {
		r.fault(n, p, `want a value, as in {"name": "on", "enumValue": 1}, got %s`, n.Kind)
		return v, false
	}
	if v.Name, ok = r.name(n, p); !ok {
		return v, false
	}
	v.Display = display(get(n, "displayName"))
	value := literal(get(n, "enumValue"))
	switch p = p.member("enumValue"); {
	case value == nil:
		r.fault(n, p, "is missing")
	case !integer && value.Kind == jsonscan.String:
		v.Value = value.Text
		return v, true
	case !integer:
		r.fault(value, p, "want a string, as valueSchema says, got %s", value.Kind)
	case value.Kind != jsonscan.Number:
		r.fault(value, p, "want an integer, as valueSchema says, got %s", value.Kind)
	default:
		// Azure's own parser takes 1.0 for 1.
		number, err := strconv.ParseFloat(value.Text, 64)
		if err == nil && number == math.Trunc(number) && math.Abs(number) <= math.MaxInt32+1 {
			v.Value = strconv.FormatInt(int64(number), 10)
			return v, true
		}
		r.fault(value, p, "%s is not an integer of 32 bits", shown(value.Text))
	}
	return v, false
}
