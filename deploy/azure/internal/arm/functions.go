package arm

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// function is one of the language, with the numbers of arguments that it takes; max is -1 where there is no bound.
type function struct {
	min, max int
	do       func(s *scope, args []any) (any, error)
}

// special functions are carried out by call: "if" evaluates one branch only, the others
// evaluate further expressions.
var special = map[string]function{
	"if":         {3, 3, nil},
	"parameters": {1, 1, nil},
	"variables":  {1, 1, nil},
}

var functions = map[string]function{
	"and": {2, -1, func(_ *scope, a []any) (any, error) {
		return !slices.Contains(a, any(false)), nil
	}},
	"or":                     {2, -1, func(_ *scope, a []any) (any, error) { return slices.Contains(a, any(true)), nil }},
	"not":                    {1, 1, func(_ *scope, a []any) (any, error) { return a[0] == false, nil }},
	"equals":                 {2, 2, func(_ *scope, a []any) (any, error) { return equal(a[0], a[1]), nil }},
	"empty":                  {1, 1, func(_ *scope, a []any) (any, error) { return empty(a[0]), nil }},
	"format":                 {1, -1, func(_ *scope, a []any) (any, error) { return format(a) }},
	"union":                  {2, -1, func(_ *scope, a []any) (any, error) { return union(a) }},
	"createArray":            {0, -1, func(_ *scope, a []any) (any, error) { return append([]any{}, a...), nil }},
	"createObject":           {0, -1, func(_ *scope, a []any) (any, error) { return object(a) }},
	"guid":                   {1, -1, func(_ *scope, a []any) (any, error) { return guid(a), nil }},
	"uniqueString":           {1, -1, func(_ *scope, a []any) (any, error) { return hash(a)[:13], nil }},
	"resourceId":             {2, -1, func(_ *scope, a []any) (any, error) { return resourceID(group, a) }},
	"subscriptionResourceId": {2, -1, func(_ *scope, a []any) (any, error) { return resourceID(subscription, a) }},
	"extensionResourceId": {3, -1, func(_ *scope, a []any) (any, error) {
		return resourceID(fmt.Sprint(a[0]), a[1:])
	}},
	"reference": {1, 3, func(_ *scope, a []any) (any, error) { return Symbol{fmt.Sprintf("reference(%v)", a[0])}, nil }},
	"listKeys":  {2, 3, func(_ *scope, a []any) (any, error) { return Symbol{fmt.Sprintf("listKeys(%v)", a[0])}, nil }},
	"resourceGroup": {0, 0, func(*scope, []any) (any, error) {
		return map[string]any{"id": group, "name": "rg-mayfly", "location": "westeurope"}, nil
	}},
	"subscription": {0, 0, func(*scope, []any) (any, error) {
		return map[string]any{"id": subscription, "tenantId": "11111111-1111-1111-1111-111111111111"}, nil
	}},
}

const (
	subscription = "/subscriptions/00000000-0000-0000-0000-000000000000"
	group        = subscription + "/resourceGroups/rg-mayfly"
)

// lookup finds a function and checks the number of its arguments.
func lookup(c Call) (function, error) {
	f, ok := functions[c.Function]
	if !ok {
		f, ok = special[c.Function]
	}
	switch n := len(c.Arguments); {
	case !ok:
		return f, fmt.Errorf("function %s is not known", c.Function)
	case n < f.min || f.max >= 0 && n > f.max:
		return f, fmt.Errorf("function %s does not take %d arguments", c.Function, n)
	}
	return f, nil
}

func (s *scope) call(c Call) (any, error) {
	f, err := lookup(c)
	if err != nil {
		return nil, err
	}
	if c.Function == "if" {
		condition, err := s.evaluate(c.Arguments[0])
		if err != nil {
			return nil, err
		}
		if condition == true {
			return s.evaluate(c.Arguments[1])
		}
		return s.evaluate(c.Arguments[2])
	}
	args := make([]any, len(c.Arguments))
	for i, a := range c.Arguments {
		if args[i], err = s.evaluate(a); err != nil {
			return nil, err
		}
	}
	switch c.Function {
	case "parameters":
		return s.parameter(fmt.Sprint(args[0]))
	case "variables":
		name := fmt.Sprint(args[0])
		tree, ok := s.template.Variables[name]
		if !ok {
			return nil, fmt.Errorf("the template has no variable %s", name)
		}
		return s.named("variable", name, tree)
	}
	v, err := f.do(s, args)
	if err != nil {
		return nil, fmt.Errorf("function %s: %w", c.Function, err)
	}
	return v, nil
}

func equal(a, b any) bool { return reflect.DeepEqual(number(a), number(b)) }

// number makes an integer of an expression and one of JSON alike.
func number(v any) any {
	if n, ok := v.(int); ok {
		return float64(n)
	}
	return v
}

func empty(v any) bool {
	switch v := v.(type) {
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return v == nil
}

// format follows .NET: {0} is an argument, {{ and }} are braces.
func format(args []any) (any, error) {
	layout, ok := args[0].(string)
	if !ok {
		return nil, fmt.Errorf("the first argument is a %T, want a string", args[0])
	}
	var out strings.Builder
	used := map[int]bool{}
	for i := 0; i < len(layout); i++ {
		c := layout[i]
		switch {
		case c != '{' && c != '}':
			out.WriteByte(c)
		case i+1 < len(layout) && layout[i+1] == c:
			out.WriteByte(c)
			i++
		default:
			var n int
			if _, err := fmt.Sscanf(layout[i:], "{%d}", &n); err != nil || n < 0 || n+1 >= len(args) {
				return nil, fmt.Errorf("no argument for %q", layout[i:])
			}
			used[n] = true
			out.WriteString(fmt.Sprint(args[n+1]))
			i += strings.IndexByte(layout[i:], '}')
		}
	}
	if len(used) != len(args)-1 {
		return nil, fmt.Errorf("%q does not use all of its %d arguments", layout, len(args)-1)
	}
	return out.String(), nil
}

func union(args []any) (any, error) {
	out := map[string]any{}
	for _, a := range args {
		m, ok := a.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%T is not an object", a)
		}
		maps.Copy(out, m)
	}
	return out, nil
}

func object(args []any) (any, error) {
	if len(args)%2 != 0 {
		return nil, fmt.Errorf("%d arguments are not pairs", len(args))
	}
	out := map[string]any{}
	for i := 0; i < len(args); i += 2 {
		name := fmt.Sprint(args[i])
		if _, ok := out[name]; ok {
			return nil, fmt.Errorf("%s comes twice", name)
		}
		out[name] = args[i+1]
	}
	return out, nil
}

func hash(args []any) string {
	sum := sha256.Sum256([]byte(fmt.Sprint(args...)))
	return hex.EncodeToString(sum[:])
}

func guid(args []any) string {
	h := hash(args)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:32]
}

// resourceID joins a type and the names of its segments.
func resourceID(root string, args []any) (any, error) {
	names := make([]string, 0, len(args))
	for _, a := range args[1:] {
		names = append(names, fmt.Sprint(a))
	}
	return joinID(root, fmt.Sprint(args[0]), names)
}

func joinID(root, kind string, names []string) (string, error) {
	provider, rest, ok := strings.Cut(kind, "/")
	segments := strings.Split(rest, "/")
	if !ok || len(segments) != len(names) {
		return "", fmt.Errorf("%s wants %d names, not %d", kind, len(segments), len(names))
	}
	id := []string{root, "providers", provider}
	for i, segment := range segments {
		id = append(id, segment, names[i])
	}
	return strings.Join(id, "/"), nil
}

// text turns symbols into strings.
func text(tree any) any {
	switch v := tree.(type) {
	case Symbol:
		return v.Text
	case []any:
		for i := range v {
			v[i] = text(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = text(v[k])
		}
	}
	return tree
}

func convert(tree, into any) error {
	encoded, err := json.Marshal(tree)
	if err != nil {
		return err
	}
	return json.Unmarshal(encoded, into)
}
