package dtdl

import (
	"strings"

	"mayfly/internal/jsonscan"
)

// The identifiers of the language's own members and types, each with the name and
// a version behind it (DTDL.Specification.v4.md, "Reserved strings").
const (
	memberPrefix = "dtmi:dtdl:property:"
	classPrefix  = "dtmi:dtdl:class:"
)

// get finds a member by its name or its identifier.
func get(n *jsonscan.Node, name string) *jsonscan.Node {
	if value := n.Get(name); value != nil {
		return value
	}
	for i, known := range n.Names {
		if rest, ok := strings.CutPrefix(known, memberPrefix); ok {
			if term, _, _ := strings.Cut(rest, ";"); term == name {
				return n.Values[i]
			}
		}
	}
	return nil
}

// types returns the terms of @type.
func types(n *jsonscan.Node) []string {
	var out []string
	for _, one := range list(n.Get("@type")) {
		if one.Kind == jsonscan.String {
			text := one.Text
			if rest, ok := strings.CutPrefix(text, classPrefix); ok {
				text, _, _ = strings.Cut(rest, ";")
			}
			out = append(out, text)
		}
	}
	return out
}

// typeAmong finds the one type of an element that is among those that fit.
func typeAmong(n *jsonscan.Node, wanted ...string) string {
	for _, t := range types(n) {
		for _, want := range wanted {
			if t == want {
				return want
			}
		}
	}
	return ""
}

// single returns the value that a member has, where a list of one stands for it.
func single(n *jsonscan.Node) *jsonscan.Node {
	for n != nil && n.Kind == jsonscan.Array && len(n.Values) == 1 {
		n = n.Values[0]
	}
	return n
}

// literal returns the value of a member that is a string or a number, which may be
// written as {"@value": ...} (DTDL.Specification.v4.md, "Representational literal").
func literal(n *jsonscan.Node) *jsonscan.Node {
	n = single(n)
	if n != nil && n.Kind == jsonscan.Object {
		if value := n.Get("@value"); value != nil {
			return value
		}
	}
	return n
}

// display returns the texts of a member for people, in any language (the same,
// "Localizable string").
func display(n *jsonscan.Node) []string {
	var out []string
	for _, one := range list(n) {
		switch one.Kind {
		case jsonscan.String:
			out = append(out, one.Text)
		case jsonscan.Object:
			for i, name := range one.Names {
				if name != "@language" && one.Values[i].Kind == jsonscan.String {
					out = append(out, one.Values[i].Text)
				}
			}
		default:
		}
	}
	return out
}

// name reads the name of an element.
func (r *reader) name(n *jsonscan.Node, p *path) (string, bool) {
	value := literal(get(n, "name"))
	switch {
	case value == nil:
		r.fault(n, p, "name is missing")
	case value.Kind != jsonscan.String:
		r.fault(value, p.member("name"), "want a string, got %s", value.Kind)
	case !ValidName(value.Text):
		r.fault(value, p.member("name"), "%s is not a name; want 1 to %d letters, digits or _, a letter first",
			shown(value.Text), maxName)
	default:
		return value.Text, true
	}
	return "", false
}
