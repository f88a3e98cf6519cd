package codec

import (
	"context"
	"errors"
	"strconv"

	"mayfly/internal/jsonscan"
	"mayfly/transform/message"

	"github.com/dop251/goja"
)

// Decodes implements [Script].
func (s *script) Decodes() bool { return s.decodes }

// Encodes implements [Script].
func (s *script) Encodes() bool { return s.encodes }

// Encode implements [Encoder].
func (s *script) Encode(ctx context.Context, in Downlink) (Encoded, error) {
	switch {
	case !s.encodes:
		return Encoded{}, errNoEncoder
	case len(in.Data) > MaxPayload:
		return Encoded{}, codecError(Result, "the data are larger than %d bytes", MaxPayload)
	case !jsonscan.Valid(in.Data):
		return Encoded{}, codecError(Result, "the data are not JSON, or nested deeper than %d", jsonscan.MaxDepth)
	}
	m := s.machine(ctx.Err, MaxScriptTime, in.Clock)
	out, err := watched(s, m, func(out *Encoded) error { return s.encode(m, in, out) })
	if err != nil {
		out = Encoded{}
	}
	return out, err
}

func (s *script) encode(m *machine, in Downlink, out *Encoded) error {
	// Taken before the script runs, which may replace it.
	parse, _ := goja.AssertFunction(m.vm.Get("JSON").ToObject(m.vm).Get("parse"))
	call, err := s.load(m)
	if err != nil {
		return err
	}
	data, err := parse(goja.Undefined(), m.vm.ToValue(string(in.Data)))
	if err != nil {
		return err
	}
	result, err := m.callEncoder(&call, in, data)
	if err != nil {
		return err
	}
	export := exporter{vm: m.vm, left: message.MaxValues, jsons: s.jsons}
	return export.encoded(result, out)
}

// callEncoder runs the entry point that the script has.
func (m *machine) callEncoder(entry *entryPoints, in Downlink, data goja.Value) (goja.Value, error) {
	port := m.vm.ToValue(in.Port)
	if in.Port == 0 {
		port = goja.Undefined()
	}
	var result goja.Value
	var err error
	switch {
	case entry[encodeDownlink] != nil:
		input, made := m.input(Uplink{Variables: in.Variables})
		if made = errors.Join(made, input.Set("data", data), input.Set("fPort", port)); made != nil {
			return nil, made
		}
		result, err = entry[encodeDownlink](goja.Undefined(), input)
	case entry[encoder] != nil:
		result, err = entry[encoder](goja.Undefined(), data, port)
	default:
		result, err = entry[encode3](goja.Undefined(), port, data, m.vm.ToValue(in.Variables))
	}
	if err != nil {
		return nil, err
	}
	return settled(result)
}

// encoded reads what an entry point returned: {bytes, fPort, warnings, errors}, or the
// bytes alone, as those give them that are older than TS013.
func (e *exporter) encoded(result goja.Value, out *Encoded) error {
	object, ok := result.(*goja.Object)
	if !ok {
		if absent(result) {
			return codecError(Result, "the codec gave nothing, want bytes")
		}
		return codecError(Result, "the codec gave %s, not bytes", message.Quote(result.String()))
	}
	if isList(object) {
		return e.bytes(object, out)
	}
	var err error
	if out.Warnings, err = e.texts(object.Get("warnings")); err != nil {
		return err
	}
	if out.Errors, err = e.texts(object.Get("errors")); err != nil || len(out.Errors) > 0 {
		return err
	}
	if port := object.Get("fPort"); !absent(port) {
		number, _ := primitive(port.Export()).(int)
		if number < 1 || number > MaxDownlinkPort {
			return codecError(Result, "the codec gave %s as fPort, want 1 to %d", message.Quote(port.String()), MaxDownlinkPort)
		}
		out.Port = number
	}
	list, ok := object.Get("bytes").(*goja.Object)
	if !ok || !isList(list) {
		return codecError(Result, "the codec gave no bytes: want a list of numbers from 0 to 255")
	}
	return e.bytes(list, out)
}

// isList tells an array, a typed array and a Buffer from other objects.
func isList(object *goja.Object) bool {
	if object.ClassName() == "Array" {
		return true
	}
	_, typed := typedArray(object)
	return typed || object.ExportType() == bytesType
}

// bytes reads a list of numbers from 0 to 255.
func (e *exporter) bytes(list *goja.Object, out *Encoded) error {
	length := list.Get("length").ToInteger()
	if length > MaxDownlink {
		return codecError(Result, "the codec gave %d bytes, more than the %d of a LoRaWAN frame", length, MaxDownlink)
	}
	made := make([]byte, length)
	for i := range made {
		item, err := e.value(list.Get(strconv.Itoa(i)), 0)
		if err != nil {
			return err
		}
		number, ok := item.(int)
		if !ok || number < 0 || number > 255 {
			text, _ := message.Marshal(item) // null where it cannot be written
			return codecError(Result, "byte %d of the codec is %s, want a number from 0 to 255", i, message.Shorten(string(text)))
		}
		made[i] = byte(number)
	}
	out.Bytes = made
	return nil
}
