package otlp

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// jsonObject gives a message of OTLP as encoding/json takes it. It is the JSON mapping of
// protobuf with OTLP's deviations: the ids of traces and spans are hexadecimal, and enumerations
// are numbers (OTLP specification, "JSON Protobuf Encoding").
func jsonObject(m protoreflect.Message) map[string]any {
	object := map[string]any{}
	m.Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if field.IsList() {
			list := make([]any, v.List().Len())
			for i := range list {
				list[i] = jsonValue(field, v.List().Get(i))
			}
			object[field.JSONName()] = list
		} else {
			object[field.JSONName()] = jsonValue(field, v)
		}
		return true
	})
	return object
}

func jsonValue(field protoreflect.FieldDescriptor, v protoreflect.Value) any {
	switch field.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return jsonObject(v.Message())
	case protoreflect.EnumKind:
		return int32(v.Enum())
	case protoreflect.BytesKind:
		switch field.Name() {
		case "trace_id", "span_id", "parent_span_id":
			return hex.EncodeToString(v.Bytes())
		}
		return base64.StdEncoding.EncodeToString(v.Bytes())
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return strconv.FormatInt(v.Int(), 10)
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return strconv.FormatUint(v.Uint(), 10)
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		return jsonNumber(v.Float())
	case protoreflect.BoolKind, protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind,
		protoreflect.Uint32Kind, protoreflect.Fixed32Kind, protoreflect.StringKind:
	}
	return v.Interface()
}

// jsonNumber writes as texts the numbers that JSON does not have.
func jsonNumber(f float64) any {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return json.Number(strconv.FormatFloat(f, 'g', -1, 64))
}
