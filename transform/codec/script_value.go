package codec

import (
	"math"
	"math/big"
	"slices"
	"strconv"
	"time"

	"mayfly/transform/message"

	"github.com/dop251/goja"
)

// exporter turns what a script returned into values that jq sees. It reads
// properties, so it may run code of the script.
type exporter struct {
	vm    *goja.Runtime
	left  int  // values that may still come
	jsons bool // look for toJSON
}

// decoded reads what an entry point returned. wrapped tells that it is TS013's
// {data, warnings, errors}.
func (e *exporter) decoded(result goja.Value, wrapped bool, out *Decoded) error {
	object, ok := result.(*goja.Object)
	if !ok {
		if absent(result) {
			return nil
		}
		return codecError(Result, "the codec gave %s, not an object", message.Quote(result.String()))
	}
	data := goja.Value(object)
	flat := !wrapped
	if wrapped {
		flat = isFlat(object)
		if !flat {
			data = object.Get("data")
		}
		var err error
		if out.Warnings, err = e.remarks(object, "warnings", flat); err != nil {
			return err
		}
		if out.Errors, err = e.remarks(object, "errors", flat); err != nil {
			return err
		}
	}
	value, err := e.value(data, 0)
	if object, ok := value.(map[string]any); ok && flat {
		removeRemarks(object, out)
	}
	switch value := value.(type) {
	case map[string]any:
		out.Data = value
	case []any:
		if len(value) > 0 {
			out.List = value
		}
		out.Data = merged(value)
		switch readings, ok := history(value); {
		case len(readings) > maxReadings:
			return codecError(Result, "the codec gave %d readings, more than %d", len(readings), maxReadings)
		case !ok && out.Data == nil:
			return codecError(Result, "the codec gave an array, not an object")
		}
	default:
		if value != nil && err == nil {
			return codecError(Result, "the codec gave %s, not an object", message.TypeName(value))
		}
	}
	return err
}

// isFlat tells whether an answer of decodeUplink is the data itself, as drivers of
// ThingPark give it, and not {data, warnings, errors}.
func isFlat(object *goja.Object) bool {
	others := false
	for _, key := range object.Keys() {
		switch key {
		case "data":
			if data, ok := object.Get(key).(*goja.Object); ok && data.ClassName() != "String" {
				return false
			}
		case "errors", "warnings":
		default:
			others = true
		}
	}
	return others
}

// remarks reads warnings or errors. In flat data they are some only where they are
// texts: a member of that name may be a measurement.
func (e *exporter) remarks(object *goja.Object, name string, flat bool) ([]string, error) {
	value := object.Get(name)
	if !flat || absent(value) {
		return e.texts(value)
	}
	exported, err := e.value(value, 0)
	if err != nil || !areTexts(exported) {
		return nil, err
	}
	return e.texts(value)
}

func areTexts(value any) bool {
	switch value := value.(type) {
	case string:
		return true
	case []any:
		return !slices.ContainsFunc(value, func(item any) bool { _, ok := item.(string); return !ok })
	}
	return false
}

// removeRemarks takes the warnings and errors that were read out of flat data.
func removeRemarks(data map[string]any, out *Decoded) {
	for name, texts := range map[string][]string{"warnings": out.Warnings, "errors": out.Errors} {
		if empty, ok := data[name].([]any); len(texts) > 0 || ok && len(empty) == 0 {
			delete(data, name)
		}
	}
}

// normalized reads what normalizeUplink returned: data is one object or a list.
func (e *exporter) normalized(result goja.Value, out *Decoded) error {
	object, ok := result.(*goja.Object)
	if !ok {
		return nil
	}
	var err error
	if out.NormalizeWarnings, err = e.texts(object.Get("warnings")); err != nil {
		return err
	}
	if out.NormalizeErrors, err = e.texts(object.Get("errors")); err != nil {
		return err
	}
	value, err := e.value(object.Get("data"), 0)
	switch value := value.(type) {
	case []any:
		out.Normalized = value
	case map[string]any:
		out.Normalized = []any{value}
	}
	return err
}

// maxTexts bounds the warnings and the errors of a message.
const maxTexts = 100

// texts reads warnings or errors: a list of strings, or what people give
// instead.
func (e *exporter) texts(value goja.Value) ([]string, error) {
	if absent(value) {
		return nil, nil
	}
	exported, err := e.value(value, 0)
	if err != nil || exported == nil {
		return nil, err
	}
	list, ok := exported.([]any)
	if !ok {
		list = []any{exported}
	}
	list = list[:min(len(list), maxTexts)]
	texts := make([]string, 0, len(list))
	for _, item := range list {
		switch item := item.(type) {
		case nil:
		case string:
			texts = append(texts, message.Shorten(item))
		default:
			text, err := message.Marshal(item)
			if err != nil {
				return nil, err
			}
			texts = append(texts, message.Shorten(string(text)))
		}
	}
	return texts, nil
}

func absent(v goja.Value) bool { return v == nil || goja.IsUndefined(v) || goja.IsNull(v) }

// value turns a value; nil is one that JSON cannot write.
func (e *exporter) value(v goja.Value, depth int) (any, error) {
	if e.left--; e.left < 0 {
		return nil, codecError(Memory, "the codec gave more than %d values", message.MaxValues)
	}
	if depth > message.MaxDepth {
		return nil, codecError(Result, "what the codec gave is nested deeper than %d, or holds itself", message.MaxDepth)
	}
	if absent(v) {
		return nil, nil
	}
	object, ok := v.(*goja.Object)
	if !ok {
		if _, symbol := v.(*goja.Symbol); symbol {
			return nil, nil
		}
		return primitive(v.Export()), nil
	}
	switch object.ClassName() {
	case "Array":
		return e.array(object, depth)
	case "Function":
		return nil, nil
	case "Number", "String", "Boolean":
		return primitive(object.Export()), nil
	case "Error":
		return object.String(), nil
	}
	switch exported := object.ExportType(); exported {
	case timeType:
		at, _ := object.Export().(time.Time)
		return isoTime(at), nil
	case bytesType:
		return e.array(object, depth)
	}
	if length, ok := typedArray(object); ok {
		return e.elements(object, length, depth)
	}
	if e.jsons {
		if call, ok := goja.AssertFunction(object.Get("toJSON")); ok {
			replaced, err := call(object)
			if err != nil {
				return nil, err
			}
			return e.value(replaced, depth+1)
		}
	}
	return e.object(object, depth)
}

func (e *exporter) object(object *goja.Object, depth int) (any, error) {
	keys := object.Keys()
	if len(keys) > e.left {
		return nil, codecError(Memory, "the codec gave more than %d values", message.MaxValues)
	}
	members := make(map[string]any, len(keys))
	for _, key := range keys {
		value, err := e.value(object.Get(key), depth+1)
		if err != nil {
			return nil, err
		}
		if value != nil {
			members[key] = value
		}
	}
	return members, nil
}

func (e *exporter) array(object *goja.Object, depth int) (any, error) {
	return e.elements(object, object.Get("length").ToInteger(), depth)
}

func (e *exporter) elements(object *goja.Object, length int64, depth int) (any, error) {
	if length > int64(e.left) {
		return nil, codecError(Memory, "the codec gave more than %d values", message.MaxValues)
	}
	list := make([]any, length)
	for i := range list {
		var err error
		if list[i], err = e.value(object.Get(strconv.Itoa(i)), depth+1); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// primitive gives a number, a text or a boolean. Integers stay integers, and
// -0 is 0, as in JSON.stringify.
func primitive(v any) any {
	switch v := v.(type) {
	case int64:
		return int(v)
	case float64:
		switch {
		case math.IsNaN(v), math.IsInf(v, 0):
			return nil
		case v == math.Trunc(v) && math.Abs(v) < 1<<53:
			return int(v)
		}
		return v
	case string, bool, *big.Int:
		return v
	}
	return nil
}

// isoTime writes a time as Date.prototype.toISOString does.
func isoTime(t time.Time) any {
	if t.IsZero() {
		return nil // Invalid Date
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
