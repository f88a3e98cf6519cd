package codecworker

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"math/big"

	"mayfly/transform/message"
)

// Values of jq go through the pipe in a form of their own: CBOR would make texts of
// numbers with many digits, and refuse texts that hold bytes. Each is a byte for its
// kind and its content; lengths and counts are varints.
const (
	kindNull   = 'n'
	kindTrue   = 't'
	kindFalse  = 'f'
	kindInt    = 'i'
	kindFloat  = 'd'
	kindBig    = 'b'
	kindDigits = '#'
	kindText   = '"'
	kindArray  = '['
	kindObject = '{'
)

// maxValuesDepth bounds nesting. Bodies have less; an expression may make more.
const maxValuesDepth = 1000

var (
	errTooMuch = errors.New("more than a frame holds")
	errValue   = errors.New("not a value")
)

// appendValue writes a value, of at most limit bytes with what is there. What a value
// holds several times is written each time.
func appendValue(to []byte, value any, limit, depth int) ([]byte, error) {
	if len(to) > limit || depth > maxValuesDepth {
		return nil, errTooMuch
	}
	switch value := value.(type) {
	case nil:
		return append(to, kindNull), nil
	case bool:
		if value {
			return append(to, kindTrue), nil
		}
		return append(to, kindFalse), nil
	case int:
		return binary.AppendVarint(append(to, kindInt), int64(value)), nil
	case float64:
		return binary.BigEndian.AppendUint64(append(to, kindFloat), math.Float64bits(value)), nil
	case *big.Int:
		return appendText(append(to, kindBig), value.String(), limit)
	case json.Number:
		return appendText(append(to, kindDigits), value.String(), limit)
	case string:
		return appendText(append(to, kindText), value, limit)
	case []any:
		var err error
		to = binary.AppendUvarint(append(to, kindArray), uint64(len(value)))
		for _, element := range value {
			if to, err = appendValue(to, element, limit, depth+1); err != nil {
				return nil, err
			}
		}
		return to, nil
	case map[string]any:
		var err error
		to = binary.AppendUvarint(append(to, kindObject), uint64(len(value)))
		for name, member := range value {
			if to, err = appendText(to, name, limit); err != nil {
				return nil, err
			}
			if to, err = appendValue(to, member, limit, depth+1); err != nil {
				return nil, err
			}
		}
		return to, nil
	}
	return nil, errValue
}

func appendText(to []byte, text string, limit int) ([]byte, error) {
	if len(to)+len(text) > limit {
		return nil, errTooMuch
	}
	return append(binary.AppendUvarint(to, uint64(len(text))), text...), nil
}

// valueReader reads what appendValue wrote.
type valueReader struct {
	text  []byte
	meter *message.Meter // counts the values
}

// readValues reads the elements of an array that is all of text.
func readValues(text []byte) ([]any, error) {
	r := valueReader{text: text, meter: new(message.Request).Meter()}
	value, err := r.value(0)
	if list, ok := value.([]any); err == nil && ok && len(r.text) == 0 {
		return list, nil
	}
	if err == nil {
		err = errValue
	}
	return nil, err
}

func (r *valueReader) value(depth int) (any, error) {
	if len(r.text) == 0 || depth > maxValuesDepth {
		return nil, errValue
	}
	kind := r.text[0]
	r.text = r.text[1:]
	switch kind {
	case kindArray:
		return r.array(depth)
	case kindObject:
		return r.object(depth)
	}
	if err := r.meter.Values(1); err != nil {
		return nil, err
	}
	switch kind {
	case kindNull:
		return nil, nil
	case kindTrue, kindFalse:
		return kind == kindTrue, nil
	case kindInt:
		n, size := binary.Varint(r.text)
		if size <= 0 || int64(int(n)) != n {
			return nil, errValue
		}
		r.text = r.text[size:]
		return int(n), nil
	case kindFloat:
		if len(r.text) < 8 {
			return nil, errValue
		}
		f := math.Float64frombits(binary.BigEndian.Uint64(r.text))
		r.text = r.text[8:]
		return f, nil
	}
	text, err := r.string()
	if err != nil {
		return nil, err
	}
	switch kind {
	case kindText:
		return text, nil
	case kindDigits:
		return json.Number(text), nil
	case kindBig:
		if n, ok := new(big.Int).SetString(text, 10); ok {
			return n, nil
		}
	}
	return nil, errValue
}

// count reads how many things follow that have some bytes each.
func (r *valueReader) count(bytes int) (int, error) {
	n, size := binary.Uvarint(r.text)
	if size <= 0 || n > uint64(len(r.text)/bytes) {
		return 0, errValue
	}
	r.text = r.text[size:]
	return int(n), nil // not more than the text has bytes
}

func (r *valueReader) string() (string, error) {
	n, err := r.count(1)
	if err != nil || n > len(r.text) {
		return "", errValue
	}
	text := string(r.text[:n])
	r.text = r.text[n:]
	return text, nil
}

func (r *valueReader) array(depth int) (any, error) {
	n, err := r.count(1)
	if err == nil {
		err = errors.Join(r.meter.Array(), r.meter.Elements(n))
	}
	if err != nil {
		return nil, err
	}
	list := make([]any, 0, n)
	for range n {
		value, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	return list, nil
}

func (r *valueReader) object(depth int) (any, error) {
	n, err := r.count(2)
	if err == nil {
		err = errors.Join(r.meter.Object(), r.meter.Members(n))
	}
	if err != nil {
		return nil, err
	}
	object := make(map[string]any, n)
	for range n {
		name, err := r.string()
		if err != nil {
			return nil, err
		}
		if object[name], err = r.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return object, nil
}
