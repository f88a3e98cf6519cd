package transform

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// parseJSON reads one JSON value as the expressions see it, numbers with every
// digit. It is encoding/json's decoding into any at a fifth of the time: that one
// reads every body three times. It tells nothing of what is wrong: ok is false
// then, and for what follows the value, and encoding/json finds the words.
func parseJSON(body []byte) (value any, ok bool) {
	p := valueParser{text: body}
	p.space()
	value, ok = p.value(0)
	p.space()
	return value, ok && p.at == len(p.text)
}

type valueParser struct {
	text []byte
	at   int
}

func (p *valueParser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\r', '\n':
			p.at++
		default:
			return
		}
	}
}

func (p *valueParser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *valueParser) value(depth int) (any, bool) {
	if depth > mostDepth {
		return nil, false
	}
	switch c := p.peek(); c {
	case '{':
		return p.object(depth + 1)
	case '[':
		return p.array(depth + 1)
	case '"':
		return p.string()
	case 't':
		return true, p.word("true")
	case 'f':
		return false, p.word("false")
	case 'n':
		return nil, p.word("null")
	default:
		return p.number()
	}
}

func (p *valueParser) word(word string) bool {
	if !bytes.HasPrefix(p.text[p.at:], []byte(word)) {
		return false
	}
	p.at += len(word)
	return true
}

func (p *valueParser) object(depth int) (any, bool) {
	p.at++
	object := make(map[string]any, 8)
	p.space()
	if p.peek() == '}' {
		p.at++
		return object, true
	}
	for {
		p.space()
		if p.peek() != '"' {
			return nil, false
		}
		name, ok := p.string()
		if !ok {
			return nil, false
		}
		p.space()
		if p.peek() != ':' {
			return nil, false
		}
		p.at++
		p.space()
		value, ok := p.value(depth)
		if !ok {
			return nil, false
		}
		object[name] = value
		p.space()
		switch p.peek() {
		case ',':
			p.at++
		case '}':
			p.at++
			return object, true
		default:
			return nil, false
		}
	}
}

func (p *valueParser) array(depth int) (any, bool) {
	p.at++
	list := []any{}
	p.space()
	if p.peek() == ']' {
		p.at++
		return list, true
	}
	for {
		p.space()
		value, ok := p.value(depth)
		if !ok {
			return nil, false
		}
		list = append(list, value)
		p.space()
		switch p.peek() {
		case ',':
			p.at++
		case ']':
			p.at++
			return list, true
		default:
			return nil, false
		}
	}
}

func (p *valueParser) string() (string, bool) {
	start := p.at
	plain, ascii := true, true
	for i := start + 1; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '"':
			p.at = i + 1
			if !ascii && !utf8.Valid(p.text[start:i]) {
				return "", false
			}
			if plain {
				return string(p.text[start+1 : i]), true
			}
			var text string
			err := json.Unmarshal(p.text[start:p.at], &text)
			return text, err == nil
		case c == '\\':
			plain = false
			i++
		case c < ' ':
			return "", false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return "", false
}

func (p *valueParser) number() (any, bool) {
	start := p.at
	if p.peek() == '-' {
		p.at++
	}
	switch {
	case p.peek() == '0':
		p.at++
	case !p.digits():
		return nil, false
	}
	if p.peek() == '.' {
		p.at++
		if !p.digits() {
			return nil, false
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.at++
		if c = p.peek(); c == '+' || c == '-' {
			p.at++
		}
		if !p.digits() {
			return nil, false
		}
	}
	return json.Number(p.text[start:p.at]), true
}

func (p *valueParser) digits() bool {
	start := p.at
	for c := p.peek(); '0' <= c && c <= '9'; c = p.peek() {
		p.at++
	}
	return p.at > start
}
