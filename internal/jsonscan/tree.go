package jsonscan

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// Kind is what a JSON value is.
type Kind byte

// The kinds of JSON value.
const (
	Null Kind = iota
	Boolean
	Number
	String
	Array
	Object
)

// String names the kind for an error, as in "a string".
func (k Kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "an array", "an object"}[k]
}

// KindOf returns the kind of a JSON value. The value must be valid and trimmed.
func KindOf(value []byte) Kind {
	if len(value) == 0 {
		return Null
	}
	switch value[0] {
	case '{':
		return Object
	case '[':
		return Array
	case '"':
		return String
	case 't', 'f':
		return Boolean
	case 'n':
		return Null
	default:
		return Number
	}
}

// Node is a decoded JSON value that keeps the order of members, the digits of
// numbers and its place in the text.
type Node struct {
	Kind   Kind
	Text   string   // what a string stands for; the literal of a number or boolean
	Names  []string // of an object's members, beside Values
	Values []*Node  // of an object or array
	Start  int      // offsets in the text
	End    int
}

// Get returns the value of a member, or nil.
func (n *Node) Get(name string) *Node {
	for i, known := range n.Names {
		if known == name {
			return n.Values[i]
		}
	}
	return nil
}

// Error is JSON that cannot be read.
type Error struct {
	Offset  int
	Problem string
}

// Error describes the problem.
func (e *Error) Error() string { return e.Problem }

// Parse reads a text that is one JSON value. A name that an object has twice is
// an error, since there is no telling which one was meant.
func Parse(text []byte) (*Node, error) {
	i := space(text, 0)
	end := value(text, i, 0)
	if end < 0 || space(text, end) != len(text) {
		return nil, syntax(text)
	}
	p := parser{text: text, interned: map[string]string{}}
	n := p.node(i)
	if p.err != nil {
		return nil, p.err
	}
	return n, nil
}

// syntax finds the words for a text that is not JSON.
func syntax(text []byte) *Error {
	var wrong *json.SyntaxError
	err := json.Unmarshal(text, new(json.RawMessage))
	switch {
	case errors.As(err, &wrong) && strings.HasPrefix(wrong.Error(), "unexpected end"):
		return &Error{len(text), wrong.Error()}
	case errors.As(err, &wrong):
		return &Error{int(max(wrong.Offset-1, 0)), wrong.Error()}
	case err != nil:
		return &Error{0, err.Error()}
	}
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = str(text, i) - 1
		case '{', '[':
			if depth++; depth > MaxDepth {
				return &Error{i, "nested too deep"}
			}
		case '}', ']':
			depth--
		}
	}
	return &Error{0, "not JSON"}
}

// parser builds the tree of a text that is known to be valid.
type parser struct {
	text     []byte
	interned map[string]string
	err      *Error
}

// maxInterned bounds the names that are kept to share their memory.
const maxInterned = 1000

func (p *parser) node(i int) *Node {
	n := &Node{Kind: KindOf(p.text[i:]), Start: i}
	switch n.Kind {
	case Object, Array:
		n.End = p.nested(n, i)
		return n
	case String:
		n.End = str(p.text, i)
		n.Text = p.string(p.text[i:n.End])
	default:
		n.End = value(p.text, i, 0)
		n.Text = string(p.text[i:n.End])
	}
	return n
}

func (p *parser) nested(n *Node, i int) int {
	i = space(p.text, i+1)
	var seen map[string]bool // of an object with many members
	for p.text[i] != '}' && p.text[i] != ']' {
		if n.Kind == Object {
			end := str(p.text, i)
			name := p.string(p.text[i:end])
			if n.has(name, &seen) && p.err == nil {
				p.err = &Error{i, "an object has the member " + string(p.text[i:end]) + " twice"}
			}
			n.Names = append(n.Names, name)
			i = space(p.text, space(p.text, end)+1)
		}
		child := p.node(i)
		n.Values = append(n.Values, child)
		if i = space(p.text, child.End); p.text[i] == ',' {
			i = space(p.text, i+1)
		}
	}
	return i + 1
}

// fewMembers is how many names are compared one by one.
const fewMembers = 16

// has reports whether the object has a member of that name. seen is where it keeps
// the names of an object with many.
func (n *Node) has(name string, seen *map[string]bool) bool {
	if len(n.Names) < fewMembers {
		return slices.Contains(n.Names, name)
	}
	if *seen == nil {
		*seen = map[string]bool{}
		for _, known := range n.Names {
			(*seen)[known] = true
		}
	}
	twice := (*seen)[name]
	(*seen)[name] = true
	return twice
}

// string decodes a string; short ones that come again share their memory.
func (p *parser) string(quoted []byte) string {
	if known, ok := p.interned[string(quoted)]; ok {
		return known
	}
	text, _ := Text(quoted)
	if len(quoted) <= 64 && len(p.interned) < maxInterned {
		p.interned[string(quoted)] = text
	}
	return text
}
