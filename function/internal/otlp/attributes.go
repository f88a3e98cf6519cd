package otlp

import (
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
)

// Attributes gives attributes as a repeated KeyValue. Types that are not in use here become texts.
func Attributes(all []attribute.KeyValue) List {
	out := make(List, len(all))
	for i, a := range all {
		out[i] = Message{{1, "key", Text(a.Key)}, {2, "value", anyValue(a.Value)}}
	}
	return out
}

// anyValue gives a value as an AnyValue.
func anyValue(v attribute.Value) Message {
	switch v.Type() {
	case attribute.BOOL:
		return Message{{2, "boolValue", Bool(v.AsBool())}}
	case attribute.INT64:
		return Message{{3, "intValue", Int(v.AsInt64())}}
	case attribute.FLOAT64:
		return Message{{4, "doubleValue", Double(v.AsFloat64())}}
	case attribute.STRINGSLICE:
		var list List
		for text := range slices.Values(v.AsStringSlice()) {
			list = append(list, Message{{1, "stringValue", Text(text)}})
		}
		return Message{{5, "arrayValue", Message{{1, "values", list}}}}
	default:
		return Message{{1, "stringValue", Text(v.String())}}
	}
}

// Scope gives the name of an instrumentation scope as an InstrumentationScope.
func Scope(name string) Message { return Message{{1, "name", Text(name)}} }

// About gives a resource as a Resource.
func About(r *resource.Resource) Message {
	return Message{{1, "attributes", Attributes(r.Attributes())}}
}
