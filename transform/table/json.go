package table

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"mayfly/internal/jsonscan"
	"mayfly/transform/message"
)

// readJSON reads a list of objects, or an object whose members are the rows, by their keys.
func (b *builder) readJSON(data []byte) {
	p := newPlacer(data)
	data = bytes.TrimRight(data, " \t\r\n") // places count from the beginning
	if !jsonscan.Valid(data) {
		at, problem := len(data), "it is nested too deep"
		var any json.RawMessage
		if wrong, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(data, &any)); ok {
			at, problem = max(int(wrong.Offset)-1, 0), wrong.Error()
		}
		b.fault(ErrMalformed, p.place(at), "is not JSON: %s", problem)
		return
	}
	switch jsonscan.KindOf(jsonscan.Trim(data)) {
	case jsonscan.Array:
		for all := jsonscan.Elements(data); all.Next() && !b.full; {
			b.object(p, all.Start, all.Value, nil)
		}
	case jsonscan.Object:
		b.column(b.key, place{1, 1})
		for all := jsonscan.Members(data); all.Next() && !b.full; {
			key := cell{0, isText, all.NameText()}
			b.object(p, all.Start, all.Value, &key)
		}
	default:
		b.fault(ErrMalformed, p.place(0), "is not a table: want a list of objects, or an object of objects by key")
	}
}

// object takes a row. key is that of the row where it stands outside of it.
func (b *builder) object(p *placer, start int, raw []byte, key *cell) {
	at := p.place(start)
	if jsonscan.KindOf(raw) != jsonscan.Object {
		b.fault(ErrMalformed, at, "the row is not an object, as in {\"%s\": ...}", b.key)
		return
	}
	cells := make([]cell, 0, 16)
	seen := [MaxColumns]bool{}
	for all := jsonscan.Members(raw); all.Next(); {
		name := all.NameText()
		if name == "" || strings.ContainsRune(name, 0) {
			b.fault(ErrMalformed, p.place(start+all.Start), "a member has no name, or a NUL in it")
			return
		}
		c, ok := cellOf(all.Value)
		if !ok {
			b.fault(ErrNUL, p.place(start+all.Start), "has a NUL in it; remove it")
			return
		}
		if c.column = b.column(name, at); c.column < 0 {
			return
		}
		if seen[c.column] {
			b.fault(ErrMalformed, p.place(start+all.Start), "the row has the member %s twice", message.Quote(name))
			return
		}
		seen[c.column] = true
		switch {
		case name == b.key && key == nil:
			key = &c
			at = p.place(start + all.Start)
		case name == b.key: // the row says it once more
		case c.kind < kindBits:
			cells = append(cells, c)
		}
	}
	if key == nil {
		b.fault(ErrMissingKey, p.place(start), "the row has no %s, by which it is found%s", message.Quote(b.key),
			nearest(b.key, b.columns))
		return
	}
	b.row(at, *key, cells)
}

// cellOf makes a cell of a value; null is of kind kindBits. ok is false for a text with a NUL in it.
func cellOf(raw []byte) (c cell, ok bool) {
	switch jsonscan.KindOf(raw) {
	case jsonscan.Null:
		return cell{kind: kindBits}, true
	case jsonscan.String:
		text, _ := jsonscan.Text(raw) // it is valid
		if text == "" {
			return cell{kind: kindBits}, true
		}
		return cell{text: text}, !strings.ContainsRune(text, 0)
	case jsonscan.Number:
		return cell{kind: isNumber, text: string(raw)}, true
	case jsonscan.Array, jsonscan.Object:
		return cell{kind: isJSON, text: string(raw)}, !bytes.Contains(raw, []byte(`\u0000`))
	default:
		return cell{kind: map[bool]kind{true: isTrue, false: isFalse}[raw[0] == 't']}, true
	}
}
