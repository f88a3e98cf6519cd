package template

import (
	"mayfly/transform/template/dtdl"
)

// Bounds of a sample: values in all, and how deep they are nested. What would go
// beyond them is left out, or empty.
const (
	maxSampleValues = 5000
	maxSampleDepth  = 12
)

// Sample writes messages that fit the model, the same ones each time: one with the
// telemetry of the device, if it has any, and one for each component that has some.
func (m *Model) Sample() []Message {
	x := sampler{left: maxSampleValues}
	var out []Message
	add := func(p *part) {
		if body := x.message(p); body != nil {
			out = append(out, Message{p.name, body})
		}
	}
	add(&m.root)
	for i := range m.components {
		add(&m.components[i])
	}
	return out
}

type sampler struct {
	out  []byte
	left int // values
}

func (x *sampler) message(p *part) []byte {
	x.out = append([]byte(nil), '{')
	for i := range p.table.telemetry {
		t := &p.table.telemetry[i]
		x.member(t.Name, t.Schema, 0, false)
	}
	if len(x.out) == 1 {
		return nil
	}
	return append(x.out, '}')
}

// member writes a name and a value, or nothing if there is no value to write.
func (x *sampler) member(name string, s *dtdl.Schema, depth int, required bool) bool {
	if !required && (x.left <= 0 || depth > maxSampleDepth) {
		return false
	}
	before := len(x.out)
	if x.out[before-1] != '{' {
		x.out = append(x.out, ',')
	}
	x.out = append(x.out, '"')
	x.out = append(x.out, name...)
	x.out = append(x.out, '"', ':')
	if !x.value(s, depth) {
		x.out = x.out[:before]
		return false
	}
	return true
}

// plainSamples are the values of schemas that have no parts.
var plainSamples = [dtdl.Object + 1]string{
	dtdl.Any: `"text"`, dtdl.Boolean: "true", dtdl.Byte: "42", dtdl.Short: "42", dtdl.Integer: "42", dtdl.Long: "42",
	dtdl.UnsignedByte: "42", dtdl.UnsignedShort: "42", dtdl.UnsignedInteger: "42", dtdl.UnsignedLong: "42",
	dtdl.Float: "21.5", dtdl.Double: "21.5", dtdl.Decimal: `"21.5"`, dtdl.String: `"text"`,
	dtdl.UUID: `"00a185be-a3a4-465a-9dac-cfa24bc7b923"`, dtdl.Bytes: `"SGVsbG8="`,
	dtdl.Date: `"2026-01-31"`, dtdl.DateTime: `"2026-01-31T08:30:00Z"`, dtdl.Time: `"08:30:00Z"`,
	dtdl.Duration:        `"PT90S"`,
	dtdl.Point:           `{"type":"Point","coordinates":[8.54,47.37]}`,
	dtdl.LineString:      `{"type":"LineString","coordinates":[[8.54,47.37],[8.55,47.38]]}`,
	dtdl.Polygon:         `{"type":"Polygon","coordinates":[[[8.54,47.37],[8.55,47.37],[8.55,47.38],[8.54,47.37]]]}`,
	dtdl.MultiPoint:      `{"type":"MultiPoint","coordinates":[[8.54,47.37],[8.55,47.38]]}`,
	dtdl.MultiLineString: `{"type":"MultiLineString","coordinates":[[[8.54,47.37],[8.55,47.38]]]}`,
	dtdl.MultiPolygon: `{"type":"MultiPolygon",` +
		`"coordinates":[[[[8.54,47.37],[8.55,47.37],[8.55,47.38],[8.54,47.37]]]]}`,
	dtdl.Geopoint: `{"lat":47.37,"lon":8.54,"alt":408}`,
	dtdl.Vector:   `{"x":0.1,"y":0.2,"z":9.8}`,
}

// maxRequiredDepth bounds fields that must be there: a schema that has to hold
// itself has no value at all.
const maxRequiredDepth = 64

// value writes a value that fits, or reports that there is none.
func (x *sampler) value(s *dtdl.Schema, depth int) bool {
	x.left--
	switch s.Kind {
	case dtdl.Enum:
		if len(s.Values) == 0 {
			return false
		}
		x.out = append(x.out, s.Values[0].JSON(s.Integer)...)
	case dtdl.Array:
		x.out = append(x.out, '[')
		if before := len(x.out); x.left > 0 && depth < maxSampleDepth && !x.value(s.Element, depth+1) {
			x.out = x.out[:before]
		}
		x.out = append(x.out, ']')
	case dtdl.Map:
		x.out = append(x.out, '{')
		x.member("key", s.Element, depth+1, false)
		x.out = append(x.out, '}')
	case dtdl.Object:
		x.out = append(x.out, '{')
		for i := range s.Fields {
			f := &s.Fields[i]
			if !x.member(f.Name, f.Schema, depth+1, f.Required && depth < maxRequiredDepth) && f.Required {
				return false
			}
		}
		x.out = append(x.out, '}')
	default:
		x.out = append(x.out, plainSamples[s.Kind]...)
	}
	return true
}
