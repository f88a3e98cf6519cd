package otlp

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"mayfly/transform/message"

	"google.golang.org/protobuf/encoding/protowire"
)

// Decode reads the body of an export request: of metrics, or of traces or logs where path
// ends in traces or logs (/v1/traces, /v1/logs). Fields that are not known are skipped. A
// float that JSON does not have is left out, and leftOut is told where it stood; in a list it
// is the text NaN, Infinity or -Infinity. meter counts the values. Its errors are [message.Error], malformed or with
// too many values.
func Decode(body []byte, path string, meter *message.Meter, leftOut func(note string)) (map[string]any, error) {
	request := metricsRequest
	path = strings.TrimSuffix(path, "/")
	switch path[strings.LastIndexByte(path, '/')+1:] {
	case "traces":
		request = traceRequest
	case "logs":
		request = logsRequest
	}
	r := reader{leftOut: leftOut, meter: meter, size: len(body)}
	top := schema[request][0].name
	value := map[string]any{top: []any{}}
	if err := r.message(value, body, request); err != nil {
		return nil, err
	}
	if list, _ := value[top].([]any); len(list) == 0 && len(body) > 0 {
		return nil, r.malformed("the body has no " + top + ": it is not the request that its path says")
	}
	return value, nil
}

// reader reads one body.
type reader struct {
	leftOut func(string)
	meter   *message.Meter
	size    int // of the body
	path    []step
}

// step is a part of the way to a value.
type step struct {
	name  string
	index int // -1 where there is no list
}

// where names the place that is being read, as in resourceMetrics[0].resource.
func (r *reader) where() string {
	var b strings.Builder
	for i, s := range r.path {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(s.name)
		if s.index >= 0 {
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		}
	}
	return b.String()
}

// malformed makes an error of the place that is being read.
func (r *reader) malformed(what string) error {
	if len(r.path) == 0 {
		return message.Malformedf("OTLP protobuf: %s", what)
	}
	return message.Malformedf("OTLP protobuf: %s: %s", r.where(), what)
}

// member counts a member of an object. Its text takes up to twice its bytes.
func (r *reader) member(text int) error {
	if err := r.meter.Members(1); err != nil {
		return err
	}
	return r.meter.Bytes(2 * text)
}

// message reads the fields of a message into an object; it may have some already, since a
// message can come in parts.
func (r *reader) message(into map[string]any, text []byte, id messageID) error {
	if len(r.path) > message.MaxDepth {
		return message.Malformedf("OTLP protobuf: nested deeper than %d", message.MaxDepth)
	}
	if err := r.meter.Object(); err != nil {
		return err
	}
	for len(text) > 0 {
		number, wire, n := protowire.ConsumeTag(text)
		if n < 0 {
			return r.wire(n)
		}
		text = text[n:]
		size := protowire.ConsumeFieldValue(number, wire, text)
		if size < 0 {
			return r.wire(size)
		}
		if f := id.find(number); f != nil {
			if err := r.field(into, f, wire, text[:size]); err != nil {
				return err
			}
		}
		text = text[size:]
	}
	return nil
}

// wire makes an error of one of protowire's.
func (r *reader) wire(code int) error {
	what := protowire.ParseError(code).Error()
	if what == "unexpected EOF" {
		what = fmt.Sprintf("the message ends in the middle of a field (the body has %d bytes)", r.size)
	}
	return r.malformed(strings.TrimPrefix(what, "proto: "))
}

// field reads a field of a message. Numbers of a list may be packed.
func (r *reader) field(into map[string]any, f *field, wire protowire.Type, text []byte) error {
	list, _ := into[f.name].([]any)
	index := -1
	if f.list {
		index = len(list)
	}
	r.path = append(r.path, step{f.name, index})
	packed := f.list && wire == protowire.BytesType && f.kind.wire() != protowire.BytesType
	if wire != f.kind.wire() && !packed {
		return r.malformed("this is not an OTLP request: the field has another type")
	}
	var err error
	switch {
	case packed:
		into[f.name], err = r.packed(list, f, text)
	case f.list:
		var value any
		if value, err = r.value(nil, f, text); err == nil {
			into[f.name] = append(list, value)
		}
	default:
		var value any
		if value, err = r.value(into[f.name], f, text); err == nil && value != nil {
			into[f.name] = value
		}
	}
	if err == nil {
		r.path = r.path[:len(r.path)-1]
	}
	return err
}

// packed reads numbers that stand side by side in one field.
func (r *reader) packed(list []any, f *field, text []byte) ([]any, error) {
	text, _ = protowire.ConsumeBytes(text)
	if list == nil {
		list = []any{}
	}
	for len(text) > 0 {
		n := protowire.ConsumeFieldValue(f.number, f.kind.wire(), text)
		if n < 0 {
			return nil, r.wire(n)
		}
		value, err := r.value(nil, f, text[:n])
		if err != nil {
			return nil, err
		}
		list, text = append(list, value), text[n:]
	}
	return list, nil
}

// value reads one value, which protowire has found to be complete. had is the part of it
// that came before, for a message. A float that is left out is nil.
func (r *reader) value(had any, f *field, text []byte) (any, error) {
	if f.kind != object {
		if err := r.meter.Values(1); err != nil {
			return nil, err
		}
		if err := r.member(len(text)); err != nil {
			return nil, err
		}
	} else if err := r.member(0); err != nil {
		return nil, err
	}
	switch f.kind.wire() {
	case protowire.VarintType:
		n, _ := protowire.ConsumeVarint(text)
		return varint(f.kind, n), nil
	case protowire.Fixed64Type:
		n, _ := protowire.ConsumeFixed64(text)
		switch f.kind {
		case double:
			return r.double(f, math.Float64frombits(n)), nil
		case sfixed64:
			return strconv.FormatInt(int64(n), 10), nil
		default:
			return strconv.FormatUint(n, 10), nil
		}
	case protowire.Fixed32Type:
		n, _ := protowire.ConsumeFixed32(text)
		return json.Number(strconv.FormatUint(uint64(n), 10)), nil
	default:
		raw, _ := protowire.ConsumeBytes(text)
		return r.bytes(had, f, raw)
	}
}

func (r *reader) bytes(had any, f *field, raw []byte) (any, error) {
	switch f.kind {
	case idBytes:
		return hex.EncodeToString(raw), nil
	case plainBytes:
		return base64.StdEncoding.EncodeToString(raw), nil
	case object:
		into, ok := had.(map[string]any)
		if !ok {
			into = map[string]any{}
		}
		return into, r.message(into, raw, f.of)
	default:
		if !utf8.Valid(raw) {
			return nil, r.malformed("the text is not UTF-8")
		}
		return string(raw), nil
	}
}

func varint(k kind, n uint64) any {
	switch k {
	case boolean:
		return n != 0
	case uvarint64:
		return strconv.FormatUint(n, 10)
	case varint64:
		return strconv.FormatInt(int64(n), 10)
	case uvarint32:
		return json.Number(strconv.FormatUint(n&math.MaxUint32, 10)) // protobuf cuts it to 32 bits
	case zigzag32:
		return json.Number(strconv.FormatInt(int64(int32(protowire.DecodeZigZag(n&math.MaxUint32))), 10))
	default:
		return json.Number(strconv.FormatInt(int64(int32(n)), 10))
	}
}

// double writes a float as JSON does. One that JSON does not have is left out of a message.
func (r *reader) double(f *field, n float64) any {
	if !math.IsNaN(n) && !math.IsInf(n, 0) {
		written, _ := json.Marshal(n) // finite floats always marshal
		return json.Number(written)
	}
	name := "NaN"
	if math.IsInf(n, 0) {
		name = strings.Replace(strconv.FormatFloat(n, 'f', -1, 64), "Inf", "Infinity", 1)
		name = strings.TrimPrefix(name, "+")
	}
	if f.list {
		return name
	}
	r.leftOut(r.where() + " is " + name + " and was left out")
	return nil
}
