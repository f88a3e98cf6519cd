package signing

import (
	"maps"
	"slices"
	"strings"
)

// Member gives the value of a member of a body, by its name or, below other objects, by a path like meta.token; nil
// where there is none.
func Member(body any, path string) any {
	object, ok := body.(map[string]any)
	if !ok {
		return nil
	}
	if value, has := object[path]; has {
		return value
	}
	name, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		return nil
	}
	return Member(object[name], rest)
}

// MembersOf gives the members of the body that a text such as {member:Id}.{member:Data} names, in its order.
func MembersOf(signed string) []string {
	var names []string
	for rest := signed; ; {
		_, after, found := strings.Cut(rest, "{member:")
		if !found {
			return names
		}
		name, tail, _ := strings.Cut(after, "}")
		names, rest = append(names, name), tail
	}
}

// Visible gives what a mapping may see of a body: all but the proof, and where the proof is over some members alone,
// those. The body itself stays as it is.
func (s *Spec) Visible(body any) any {
	if s == nil {
		return body
	}
	if signed := MembersOf(s.Signed); len(signed) > 0 && !strings.Contains(s.Signed, "{body}") {
		return only(body, signed)
	}
	hidden := s.Members
	if s.Query != "" { // a request without a body has its content in the query
		hidden = append(slices.Clip(hidden), s.Query)
	}
	for _, path := range hidden {
		body = without(body, path)
	}
	return body
}

// only gives the members of a body that are named.
func only(body any, names []string) any {
	out := map[string]any{}
	for _, name := range names {
		if value := Member(body, name); value != nil {
			out[name] = value
		}
	}
	return out
}

// without gives a body without a member, in each element where it is a list.
func without(body any, path string) any {
	switch body := body.(type) {
	case []any:
		out := make([]any, len(body))
		for i, element := range body {
			out[i] = without(element, path)
		}
		return out
	case map[string]any:
		return withoutMember(body, path)
	default:
		return body
	}
}

func withoutMember(object map[string]any, path string) any {
	_, has := object[path]
	name, rest, deeper := strings.Cut(path, ".")
	inner, ok := object[name].(map[string]any)
	if !has && (!deeper || !ok) {
		return object
	}
	out := maps.Clone(object)
	delete(out, path)
	if deeper && ok {
		out[name] = withoutMember(inner, rest)
	}
	return out
}
