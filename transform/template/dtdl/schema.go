package dtdl

import (
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Kind is what a schema describes.
type Kind uint8

// The kinds of schema. Any is a schema of a language extension that is not known
// here: whatever the value is, it fits.
const (
	Any Kind = iota
	Boolean
	Byte
	Short
	Integer
	Long
	UnsignedByte
	UnsignedShort
	UnsignedInteger
	UnsignedLong
	Float
	Double
	Decimal
	String
	UUID
	Bytes
	Date
	DateTime
	Time
	Duration
	Point
	LineString
	Polygon
	MultiPoint
	MultiLineString
	MultiPolygon
	Geopoint
	Vector
	Array
	Enum
	Map
	Object
)

var kindNames = [...]string{
	Any: "any", Boolean: "boolean", Byte: "byte", Short: "short", Integer: "integer", Long: "long",
	UnsignedByte: "unsignedByte", UnsignedShort: "unsignedShort", UnsignedInteger: "unsignedInteger",
	UnsignedLong: "unsignedLong", Float: "float", Double: "double", Decimal: "decimal",
	String: "string", UUID: "uuid", Bytes: "bytes",
	Date: "date", DateTime: "dateTime", Time: "time", Duration: "duration",
	Point: "point", LineString: "lineString", Polygon: "polygon",
	MultiPoint: "multiPoint", MultiLineString: "multiLineString", MultiPolygon: "multiPolygon",
	Geopoint: "geopoint", Vector: "vector",
	Array: "Array", Enum: "Enum", Map: "Map", Object: "Object",
}

// String returns the term of DTDL for the kind.
func (k Kind) String() string { return kindNames[k] }

// Schema is the data type of telemetry. A schema of DTDL v4 may be part of
// itself.
type Schema struct {
	Kind    Kind
	Element *Schema     // of an Array's elements, of a Map's values
	Fields  []Field     // of an Object
	Values  []EnumValue // of an Enum
	Integer bool        // the values of an Enum are integers, else strings

	Required bool // an Object has fields that must be there
}

// Field is a member of an Object.
type Field struct {
	Name     string
	Schema   *Schema
	Required bool // it must be there (extension Requirement v1)
}

// Field finds the field of a name, or nil.
func (s *Schema) Field(name []byte) *Field {
	for i := range s.Fields {
		if s.Fields[i].Name == string(name) {
			return &s.Fields[i]
		}
	}
	return nil
}

// EnumValue is one of the values of an Enum.
type EnumValue struct {
	Name    string
	Display []string // names for people, in any language
	Value   string   // the integer's digits, or the string
}

// JSON returns the value as it is sent.
func (v *EnumValue) JSON(integer bool) string {
	if integer {
		return v.Value
	}
	return quote(v.Value)
}

// Describe names a schema in a hint, as in "double" or "Array of double".
func (s *Schema) Describe() string {
	switch s.Kind {
	case Array:
		return "Array of " + s.Element.Kind.String()
	case Map:
		return "Map of " + s.Element.Kind.String()
	case Enum:
		return "Enum of " + s.Choices()
	default:
		return s.Kind.String()
	}
}

// maxChoices bounds the values of an Enum that a hint lists.
const maxChoices = 8

// Choices lists the values of an Enum.
func (s *Schema) Choices() string {
	var list []string
	for i := range s.Values[:min(len(s.Values), maxChoices)] {
		list = append(list, s.Values[i].JSON(s.Integer))
	}
	if len(s.Values) > maxChoices {
		list = append(list, strconv.Itoa(len(s.Values)-maxChoices)+" more")
	}
	return strings.Join(list, ", ")
}

// The schemas that have no parts are shared.
var (
	primitives [Object + 1]Schema
	// scaledDecimal is an Object of its own in DTDL v4, "Scaled Decimal Schema".
	scaledDecimal = Schema{Kind: Object, Fields: []Field{
		{Name: "scale", Schema: &primitives[Short]}, {Name: "value", Schema: &primitives[Decimal]},
	}}
)

func init() {
	for k := range primitives {
		primitives[k].Kind = Kind(k)
	}
}

// term is the name of a schema that the language defines.
type term struct {
	schema *Schema
	since  int // the version of DTDL that has it
}

// terms are the schemas of DTDL v4, "Primitive schema", "Geospatial Schemas",
// "Scaled Decimal Schema", and of IoT Central's extension.
var terms = sync.OnceValue(func() map[string]term {
	list := map[string]term{"scaledDecimal": {&scaledDecimal, 4}}
	for k := Boolean; k < Array; k++ {
		list[k.String()] = term{&primitives[k], 2}
	}
	for _, k := range []Kind{
		Byte, Bytes, Decimal, Short, UnsignedByte, UnsignedShort, UnsignedInteger, UnsignedLong, UUID,
	} {
		list[k.String()] = term{&primitives[k], 4}
	}
	return list
})

// The identifiers that stand for a term, each with the term and a version behind
// it (DTDL.Specification.v4.md, "Standard schemas").
var termPrefixes = []string{
	"dtmi:dtdl:instance:Schema:", "dtmi:standard:schema:geospatial:", "dtmi:standard:schema:", "dtmi:iotcentral:schema:",
}

// termOf finds the term that a string names, by itself or as an identifier.
func termOf(text string) (term, bool) {
	for _, prefix := range termPrefixes {
		if name, ok := strings.CutPrefix(text, prefix); ok {
			name, _, _ = strings.Cut(name, ";")
			t, ok := terms()[name]
			t.since = 0
			return t, ok
		}
	}
	t, ok := terms()[text]
	return t, ok
}

// nearestTerm finds the term that was meant.
func nearestTerm(text string) string {
	for name := range terms() {
		if strings.EqualFold(name, text) {
			return name
		}
	}
	// What other languages call them.
	others := map[string]string{
		"bool": "boolean", "int": "integer", "int32": "integer", "int64": "long", "number": "double",
		"float64": "double", "timestamp": "dateTime", "text": "string", "guid": "uuid",
	}
	return others[strings.ToLower(text)]
}

// termNames lists the terms of a version, for an error.
func termNames(version int) string {
	var list []string
	for name, t := range terms() {
		if t.since <= version && t.schema.Kind < Point {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}
