package otlp

import (
	"strings"
	"testing"

	logspb "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/slim/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// The table is that of the published descriptors, field by field.
func TestSchema(t *testing.T) {
	t.Parallel()
	c := comparison{t: t, seen: map[messageID]bool{}}
	for id, m := range map[messageID]protoreflect.Message{
		metricsRequest: (&metricspb.MetricsData{}).ProtoReflect(),
		traceRequest:   (&tracepb.TracesData{}).ProtoReflect(),
		logsRequest:    (&logspb.LogsData{}).ProtoReflect(),
	} {
		c.message(id, m.Descriptor())
	}
	for id := range schema {
		if !c.seen[messageID(id)] {
			t.Errorf("message %d of the table is not in the descriptors", id)
		}
	}
}

type comparison struct {
	t    *testing.T
	seen map[messageID]bool
}

func (c *comparison) message(id messageID, want protoreflect.MessageDescriptor) {
	if c.seen[id] {
		return
	}
	c.seen[id] = true
	if got := len(schema[id]); got != want.Fields().Len() {
		c.t.Errorf("%s has %d fields, the table %d", want.FullName(), want.Fields().Len(), got)
	}
	for i := range want.Fields().Len() {
		f := want.Fields().Get(i)
		got := id.find(f.Number())
		switch {
		case got == nil:
			c.t.Errorf("%s is missing", f.FullName())
		case got.name != f.JSONName(), got.list != f.IsList(), got.kind != kindOf(f):
			c.t.Errorf("%s: got %+v", f.FullName(), *got)
		case f.Message() != nil:
			c.message(got.of, f.Message())
		}
	}
}

func kindOf(f protoreflect.FieldDescriptor) kind {
	switch f.Kind() {
	case protoreflect.StringKind:
		return text
	case protoreflect.BytesKind:
		if strings.HasSuffix(strings.ToLower(f.JSONName()), "id") {
			return idBytes
		}
		return plainBytes
	case protoreflect.BoolKind:
		return boolean
	case protoreflect.DoubleKind:
		return double
	case protoreflect.Fixed64Kind:
		return fixed64
	case protoreflect.Sfixed64Kind:
		return sfixed64
	case protoreflect.Fixed32Kind:
		return fixed32
	case protoreflect.Uint64Kind:
		return uvarint64
	case protoreflect.Int64Kind:
		return varint64
	case protoreflect.Int32Kind, protoreflect.EnumKind:
		return varint32
	case protoreflect.Uint32Kind:
		return uvarint32
	case protoreflect.Sint32Kind:
		return zigzag32
	case protoreflect.MessageKind:
		return object
	default:
		return 255
	}
}
