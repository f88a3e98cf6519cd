package otlp

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// Message is a message of OTLP: its fields, by their numbers in protobuf and their names in JSON
// (opentelemetry-proto, opentelemetry/proto/*/v1/*.proto). The types that are generated from
// those files are not used: they cost each start half a millisecond, on or off.
type Message []Field

// Field is a field of a Message.
type Field struct {
	Number protowire.Number
	Name   string
	Value  Value
}

// Value is the value of a field. Which type a field has is part of its definition.
type Value interface {
	appendProto(b []byte, n protowire.Number) []byte
	appendJSON(b []byte) []byte
}

// The types of values, by those of protobuf.
type (
	// Text is a value of type string.
	Text string
	// ID is a value of type bytes that are the id of a trace or a span: hexadecimal in JSON.
	ID []byte
	// Bool is a value of type bool.
	Bool bool
	// Int is a value of type int64: a text in JSON.
	Int int64
	// Uint32 is a value of type uint32 or an enumeration: a number in JSON.
	Uint32 uint32
	// Sint32 is a value of type sint32.
	Sint32 int32
	// Fixed32 is a value of type fixed32.
	Fixed32 uint32
	// Fixed64 is a value of type fixed64: a text in JSON.
	Fixed64 uint64
	// Double is a value of type double.
	Double float64
	// Uint64s is a value of type repeated uint64.
	Uint64s []uint64
	// Fixed64s is a value of type repeated fixed64.
	Fixed64s []uint64
	// Doubles is a value of type repeated double.
	Doubles []float64
	// List is a value of type repeated message.
	List []Message
)

// Proto gives the message as protobuf.
func (m Message) Proto() []byte {
	var b []byte
	for _, f := range m {
		b = f.Value.appendProto(b, f.Number)
	}
	return b
}

// MarshalJSON gives the message as OTLP's JSON: enumerations are numbers, and the ids of traces
// and spans hexadecimal (OTLP specification, "JSON Protobuf Encoding").
func (m Message) MarshalJSON() ([]byte, error) { return m.appendJSON(nil), nil }

func (m Message) appendProto(b []byte, n protowire.Number) []byte {
	return appendBytes(b, n, m.Proto())
}

func (m Message) appendJSON(b []byte) []byte {
	b = append(b, '{')
	for i, f := range m {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, f.Name), ':')
		b = f.Value.appendJSON(b)
	}
	return append(b, '}')
}

func appendBytes(b []byte, n protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), v)
}

func appendVarint(b []byte, n protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
}

func appendText(b []byte, s string) []byte {
	text, _ := json.Marshal(s) // a text always marshals
	return append(b, text...)
}

// appendList writes the elements of a JSON array.
func appendList[T any](b []byte, list []T, one func([]byte, T) []byte) []byte {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(b, v)
	}
	return append(b, ']')
}

func quotedUint(b []byte, v uint64) []byte {
	return append(strconv.AppendUint(append(b, '"'), v, 10), '"')
}

// appendDouble writes as texts the numbers that JSON does not have.
func appendDouble(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	}
	return strconv.AppendFloat(b, f, 'g', -1, 64)
}

// valid is a text as protobuf takes it.
func (v Text) valid() string { return strings.ToValidUTF8(string(v), "\ufffd") }

func (v Text) appendProto(b []byte, n protowire.Number) []byte {
	return appendBytes(b, n, []byte(v.valid()))
}
func (v Text) appendJSON(b []byte) []byte { return appendText(b, v.valid()) }

func (v ID) appendProto(b []byte, n protowire.Number) []byte { return appendBytes(b, n, v) }
func (v ID) appendJSON(b []byte) []byte                      { return appendText(b, hex.EncodeToString(v)) }

func (v Bool) appendProto(b []byte, n protowire.Number) []byte {
	return appendVarint(b, n, protowire.EncodeBool(bool(v)))
}
func (v Bool) appendJSON(b []byte) []byte { return strconv.AppendBool(b, bool(v)) }

func (v Int) appendProto(b []byte, n protowire.Number) []byte { return appendVarint(b, n, uint64(v)) }
func (v Int) appendJSON(b []byte) []byte {
	return append(strconv.AppendInt(append(b, '"'), int64(v), 10), '"')
}

func (v Uint32) appendProto(b []byte, n protowire.Number) []byte {
	return appendVarint(b, n, uint64(v))
}
func (v Uint32) appendJSON(b []byte) []byte { return strconv.AppendUint(b, uint64(v), 10) }

func (v Sint32) appendProto(b []byte, n protowire.Number) []byte {
	return appendVarint(b, n, protowire.EncodeZigZag(int64(v)))
}
func (v Sint32) appendJSON(b []byte) []byte { return strconv.AppendInt(b, int64(v), 10) }

func (v Fixed32) appendProto(b []byte, n protowire.Number) []byte {
	return protowire.AppendFixed32(protowire.AppendTag(b, n, protowire.Fixed32Type), uint32(v))
}
func (v Fixed32) appendJSON(b []byte) []byte { return strconv.AppendUint(b, uint64(v), 10) }

func (v Fixed64) appendProto(b []byte, n protowire.Number) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(b, n, protowire.Fixed64Type), uint64(v))
}
func (v Fixed64) appendJSON(b []byte) []byte { return quotedUint(b, uint64(v)) }

func (v Double) appendProto(b []byte, n protowire.Number) []byte {
	return Fixed64(math.Float64bits(float64(v))).appendProto(b, n)
}
func (v Double) appendJSON(b []byte) []byte { return appendDouble(b, float64(v)) }

func (v Uint64s) appendProto(b []byte, n protowire.Number) []byte {
	var packed []byte
	for _, u := range v {
		packed = protowire.AppendVarint(packed, u)
	}
	return appendBytes(b, n, packed)
}
func (v Uint64s) appendJSON(b []byte) []byte { return appendList(b, v, quotedUint) }

func (v Fixed64s) appendProto(b []byte, n protowire.Number) []byte {
	var packed []byte
	for _, u := range v {
		packed = protowire.AppendFixed64(packed, u)
	}
	return appendBytes(b, n, packed)
}
func (v Fixed64s) appendJSON(b []byte) []byte { return appendList(b, v, quotedUint) }

func (v Doubles) appendProto(b []byte, n protowire.Number) []byte {
	var packed []byte
	for _, f := range v {
		packed = protowire.AppendFixed64(packed, math.Float64bits(f))
	}
	return appendBytes(b, n, packed)
}
func (v Doubles) appendJSON(b []byte) []byte { return appendList(b, v, appendDouble) }

func (v List) appendProto(b []byte, n protowire.Number) []byte {
	for _, m := range v {
		b = m.appendProto(b, n)
	}
	return b
}

func (v List) appendJSON(b []byte) []byte {
	return appendList(b, v, func(b []byte, m Message) []byte { return m.appendJSON(b) })
}
