package media

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"mayfly/transform/message"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// decodeMsgPack reads MessagePack. Keys that are not texts become texts, binary
// becomes base64, the timestamp extension (-1) RFC 3339; another extension is an
// object of its type and its base64 data.
func decodeMsgPack(body []byte, spent budget) (any, error) {
	if len(body) == 0 {
		return nil, message.Malformedf("the body is empty")
	}
	text := bytes.NewReader(body)
	d := msgPack{msgpack.NewDecoder(text), text, spent}
	value, err := d.value(0)
	var ours *message.Error
	switch {
	case errors.As(err, &ours):
		return nil, err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, message.Malformedf("offset %d: unexpected end of MessagePack input", len(body))
	case err != nil:
		return nil, message.Malformedf("offset %d: %v", d.offset(), err)
	case text.Len() > 0:
		return nil, message.Malformedf("offset %d: more follows after the value", d.offset())
	}
	return finiteNumber(value), nil
}

// maxTrusted is for how many elements room is made because the body says that it has
// so many.
const maxTrusted = 1024

type msgPack struct {
	*msgpack.Decoder
	text  *bytes.Reader
	spent budget
}

// finiteNumber writes a float as a number; other values stay.
func finiteNumber(value any) any {
	if f, ok := value.(float64); ok {
		return floatNumber(f)
	}
	return value
}

func (d *msgPack) offset() int { return int(d.text.Size()) - d.text.Len() }

func (d *msgPack) value(depth int) (any, error) {
	if depth > message.MaxDepth {
		return nil, message.Malformedf("offset %d: nested deeper than %d", d.offset(), message.MaxDepth)
	}
	code, err := d.PeekCode()
	if err != nil {
		return nil, err
	}
	switch {
	case msgpcode.IsFixedMap(code), code == msgpcode.Map16, code == msgpcode.Map32:
		return d.object(depth)
	case msgpcode.IsFixedArray(code), code == msgpcode.Array16, code == msgpcode.Array32:
		return d.array(depth)
	}
	if err := d.spent.value(0); err != nil {
		return nil, err
	}
	switch {
	case msgpcode.IsFixedNum(code), code >= msgpcode.Int8 && code <= msgpcode.Int64:
		n, err := d.DecodeInt64()
		return json.Number(strconv.FormatInt(n, 10)), err
	case code >= msgpcode.Uint8 && code <= msgpcode.Uint64:
		n, err := d.DecodeUint64()
		return json.Number(strconv.FormatUint(n, 10)), err
	case msgpcode.IsFixedString(code), code >= msgpcode.Str8 && code <= msgpcode.Str32:
		return d.string()
	case msgpcode.IsBin(code):
		raw, err := d.bytes()
		return base64.StdEncoding.EncodeToString(raw), err
	case msgpcode.IsExt(code):
		return d.extension()
	}
	switch code {
	case msgpcode.Nil:
		return nil, d.DecodeNil()
	case msgpcode.True, msgpcode.False:
		return d.DecodeBool()
	case msgpcode.Float:
		f, err := d.DecodeFloat32()
		return float64(f), err
	case msgpcode.Double:
		return d.DecodeFloat64()
	}
	return nil, message.Malformedf("offset %d: 0x%02x begins no MessagePack value", d.offset(), code)
}

// bytes reads a string or binary; the library would make room for its length
// before it looks whether there is so much.
func (d *msgPack) bytes() ([]byte, error) {
	n, err := d.DecodeBytesLen()
	if err != nil || n <= 0 {
		return nil, err
	}
	if n > d.text.Len() {
		return nil, io.ErrUnexpectedEOF
	}
	if err := d.spent.of().Bytes(3 * n); err != nil { // with its text
		return nil, err
	}
	raw := make([]byte, n)
	return raw, d.ReadFull(raw)
}

func (d *msgPack) string() (string, error) {
	raw, err := d.bytes()
	return strings.ToValidUTF8(string(raw), "\ufffd"), err
}

func (d *msgPack) object(depth int) (any, error) {
	n, err := d.DecodeMapLen()
	if err != nil {
		return nil, err
	}
	if n > d.text.Len()/2 {
		return nil, io.ErrUnexpectedEOF
	}
	if err := d.spent.object(max(n, 0)); err != nil {
		return nil, err
	}
	object := make(map[string]any, min(n, maxTrusted))
	for range n {
		at := d.offset()
		key, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		var name string
		switch key := finiteNumber(key).(type) {
		case string:
			name = key
		case json.Number:
			name = key.String()
		case bool:
			name = strconv.FormatBool(key)
		default:
			return nil, message.Malformedf("offset %d: a map has a key that is neither text nor number", at)
		}
		value, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if !d.spent.notes.leaveOut(value, name) {
			object[name] = finiteNumber(value)
		}
	}
	return object, nil
}

func (d *msgPack) array(depth int) (any, error) {
	n, err := d.DecodeArrayLen()
	if err != nil {
		return nil, err
	}
	if n > d.text.Len() {
		return nil, io.ErrUnexpectedEOF
	}
	if depth == 0 {
		if err := d.spent.of().Messages(n); err != nil {
			return nil, err
		}
	}
	if err := d.spent.array(max(n, 0)); err != nil {
		return nil, err
	}
	list := make([]any, 0, min(n, maxTrusted))
	for i := range n {
		value, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if !d.spent.notes.leaveOut(value, i) {
			list = append(list, finiteNumber(value))
		}
	}
	return list, nil
}

const msgPackTime = -1 // the specification's timestamp extension type

func (d *msgPack) extension() (any, error) {
	start := d.text.Len()
	kind, size, err := d.DecodeExtHeader()
	if err != nil {
		return nil, err
	}
	if size < 0 || size > d.text.Len() {
		return nil, io.ErrUnexpectedEOF
	}
	if kind == msgPackTime && (size == 4 || size == 8 || size == 12) {
		// The library reads the header again.
		if _, err := d.text.Seek(-int64(start), io.SeekEnd); err != nil {
			return nil, err
		}
		at, err := d.DecodeTime()
		return textOf(at), err
	}
	if err := d.spent.of().Bytes(3 * size); err != nil {
		return nil, err
	}
	raw := make([]byte, size)
	if err := d.ReadFull(raw); err != nil {
		return nil, err
	}
	return map[string]any{
		"type": json.Number(strconv.Itoa(int(kind))),
		"data": base64.StdEncoding.EncodeToString(raw),
	}, nil
}
