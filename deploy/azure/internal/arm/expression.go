package arm

import (
	"fmt"
	"strconv"
	"strings"
)

// Node is a part of an expression: a string, an int, a Call, or a Member or Index of
// another node.
type Node any

// Call is a function and its arguments.
type Call struct {
	Function  string
	Arguments []Node
}

// Member is a property of what Of gives.
type Member struct {
	Of   Node
	Name string
}

// Index is an element of what Of gives.
type Index struct {
	Of, At Node
}

// IsExpression tells whether a string of a template is an expression. "[[" begins a
// literal that has one bracket.
func IsExpression(s string) bool {
	return strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") && !strings.HasPrefix(s, "[[")
}

// ParseExpression parses a string of a template for which IsExpression holds.
func ParseExpression(s string) (Node, error) {
	p := &parser{text: s[1 : len(s)-1]}
	node, err := p.expression()
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(p.text) {
		return nil, p.errorf("unexpected %q", p.text[p.at])
	}
	return node, nil
}

// maxDepth bounds the nesting of an expression.
const maxDepth = 64

type parser struct {
	text      string
	at, depth int
}

func (p *parser) errorf(format string, args ...any) error {
	return fmt.Errorf("%s at offset %d of [%s]", fmt.Sprintf(format, args...), p.at+1, p.text)
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// next reports whether c comes next, and consumes it.
func (p *parser) next(c byte) bool {
	if p.space(); p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *parser) expression() (Node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.errorf("nested too deeply")
	}
	defer func() { p.depth-- }()
	node, err := p.operand()
	for err == nil {
		switch {
		case p.next('.'):
			name := p.word()
			if name == "" {
				return nil, p.errorf("a property name is missing")
			}
			node = Member{node, name}
		case p.next('['):
			var at Node
			if at, err = p.expression(); err == nil && !p.next(']') {
				err = p.errorf("a ] is missing")
			}
			node = Index{node, at}
		default:
			return node, nil
		}
	}
	return nil, err
}

func (p *parser) operand() (Node, error) {
	if p.next('\'') {
		return p.literal()
	}
	word := p.word()
	if word == "" {
		return nil, p.errorf("a value is missing")
	}
	if n, err := strconv.Atoi(word); err == nil {
		return n, nil
	}
	if !p.next('(') {
		return nil, p.errorf("%s is not a function call", word)
	}
	call := Call{Function: word}
	for !p.next(')') {
		if len(call.Arguments) > 0 && !p.next(',') {
			return nil, p.errorf("a comma or ) is missing")
		}
		argument, err := p.expression()
		if err != nil {
			return nil, err
		}
		call.Arguments = append(call.Arguments, argument)
	}
	return call, nil
}

// literal reads on after an opening quote; two quotes are one.
func (p *parser) literal() (Node, error) {
	var text strings.Builder
	for p.at < len(p.text) {
		c := p.text[p.at]
		p.at++
		if c == '\'' {
			if p.at >= len(p.text) || p.text[p.at] != '\'' {
				return text.String(), nil
			}
			p.at++
		}
		text.WriteByte(c)
	}
	return nil, p.errorf("a quote is missing")
}

func (p *parser) word() string {
	p.space()
	begin := p.at
	for p.at < len(p.text) {
		c := p.text[p.at]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_'
		if !letter && (c < '0' || c > '9') && (c != '-' || p.at != begin) {
			break
		}
		p.at++
	}
	return p.text[begin:p.at]
}

// Walk calls visit for a node and all below it.
func Walk(node Node, visit func(Node)) {
	visit(node)
	switch n := node.(type) {
	case Call:
		for _, a := range n.Arguments {
			Walk(a, visit)
		}
	case Member:
		Walk(n.Of, visit)
	case Index:
		Walk(n.Of, visit)
		Walk(n.At, visit)
	}
}
