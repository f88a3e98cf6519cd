package convert

import (
	"slices"
	"strconv"
	"strings"

	"mayfly/internal/jsonscan"
	"mayfly/transform/template/dtdl"
)

// part is a member of an object whose members are numbers.
type part struct {
	name     string
	optional bool
	aliases  []string // other names that mean it, folded
}

// The parts of IoT Central's schemas (DTDL.iotcentral.v2.md, "IoT Central
// Schemas", and the payloads in IoT Central's documentation).
var (
	geopointMembers = []part{
		{name: "lat", aliases: []string{"latitude"}},
		{name: "lon", aliases: []string{"longitude", "lng", "long"}},
		{name: "alt", optional: true, aliases: []string{"altitude"}},
	}
	vectorMembers = []part{{name: "x"}, {name: "y"}, {name: "z"}}
)

var doubleSchema = &dtdl.Schema{Kind: dtdl.Double}

// fixed compares an object whose members are numbers.
func (w *Walk) fixed(s *dtdl.Schema, kind jsonscan.Kind, raw []byte, parts []part) []byte {
	if kind != jsonscan.Object {
		return w.offer(s, kind, RuleType, "")
	}
	edit := editor{text: raw}
	var claims [maxParts]int
	it := jsonscan.Members(raw)
	for it.Next() {
		if i := partOf(parts, &it); i >= 0 {
			claims[i]++
		}
	}
	it = jsonscan.Members(raw)
	for it.Next() {
		i := partOf(parts, &it)
		if i >= 0 && string(it.Name) == parts[i].name {
			w.Enter(parts[i].name)
			edit.replace(it.Start, it.Start+len(it.Value), w.Value(doubleSchema, it.Value))
			w.Leave()
			continue
		}
		w.Enter(it.NameText())
		switch {
		case i < 0:
			w.Add(RuleUnknown, false, "a ", s.Kind.String(), " has no such member")
		case claims[i] > 1:
			w.Add(RuleUnknown, false, "a ", s.Kind.String(), " has ", parts[i].name, " once")
		default:
			w.Add(RuleName, true, "a ", s.Kind.String(), " calls it ", parts[i].name)
			edit.rename(it, parts[i].name)
			edit.replace(it.Start, it.Start+len(it.Value), w.Value(doubleSchema, it.Value))
		}
		w.Leave()
	}
	for i := range parts {
		if p := &parts[i]; !p.optional && claims[i] == 0 {
			w.Enter(p.name)
			w.Add(RuleRequired, false, "is missing; want double")
			w.Leave()
		}
	}
	return edit.done()
}

// maxParts is how many parts there are at most.
const maxParts = 3

// partOf finds the part that a member is, or -1.
func partOf(parts []part, it *jsonscan.Iterator) int {
	for i := range parts {
		if parts[i].name == string(it.Name) {
			return i
		}
	}
	folded := Fold(it.NameText())
	return slices.IndexFunc(parts, func(p part) bool { return p.name == folded || slices.Contains(p.aliases, folded) })
}

// position is a place on Earth; its numbers are JSON.
type position struct{ lat, lon, alt string }

// geopoint compares a value with IoT Central's geopoint: {"lat", "lon", "alt"}.
func (w *Walk) geopoint(s *dtdl.Schema, kind jsonscan.Kind, raw []byte) []byte {
	if kind == jsonscan.Object && !isGeometry(raw) {
		return w.fixed(s, kind, raw, geopointMembers)
	}
	p, ok := positionOf(kind, raw)
	if !ok {
		return w.offer(s, kind, RuleType, "")
	}
	text := `{"lat":` + p.lat + `,"lon":` + p.lon
	if p.alt != "" {
		text += `,"alt":` + p.alt
	}
	return w.offer(s, kind, RuleType, text+"}")
}

// point compares a value with a Point of GeoJSON.
func (w *Walk) point(s *dtdl.Schema, kind jsonscan.Kind, raw []byte) []byte {
	geometry := kind == jsonscan.Object && isGeometry(raw)
	if geometry && isPoint(raw) {
		return nil
	}
	p, ok := positionOf(kind, raw)
	switch {
	case geometry && !ok:
		return w.geometry(s, kind, raw)
	case !ok:
		return w.offer(s, kind, RuleType, "")
	}
	text := `{"type":"Point","coordinates":[` + p.lon + "," + p.lat
	if p.alt != "" {
		text += "," + p.alt
	}
	return w.offer(s, kind, RuleType, text+"]}")
}

// positionOf reads what senders write for a place: {"latitude", "longitude",
// "altitude"}, [lon, lat, alt], "lat,lon,alt" or a Point of GeoJSON. Whatever else
// there is besides makes it something that cannot be converted without loss.
func positionOf(kind jsonscan.Kind, raw []byte) (p position, ok bool) {
	var list []string
	switch kind {
	case jsonscan.String:
		text, _ := jsonscan.Text(raw)
		list = strings.Split(text, ",")
		for i := range list {
			if list[i], ok = numberIn(list[i]); !ok {
				return p, false
			}
		}
		if len(list) > 1 {
			list[0], list[1] = list[1], list[0]
		}
	case jsonscan.Array:
		list, ok = numbers(raw)
	case jsonscan.Object:
		if isGeometry(raw) {
			list, ok = pointNumbers(raw)
		} else {
			list, ok = memberNumbers(raw)
		}
	default:
	}
	if !ok || len(list) < 2 || len(list) > 3 || !within(list[1], 90) || !within(list[0], 180) {
		return p, false
	}
	p.lon, p.lat = list[0], list[1]
	if len(list) == 3 {
		p.alt = list[2]
	}
	return p, true
}

// within reports whether a number is a latitude or a longitude.
func within(literal string, limit float64) bool {
	n, err := strconv.ParseFloat(literal, 64)
	return err == nil && n >= -limit && n <= limit
}

// numbers returns the elements of a list of numbers, some of which may be strings.
func numbers(raw []byte) ([]string, bool) {
	var list []string
	it := jsonscan.Elements(raw)
	for it.Next() {
		n, ok := number(jsonscan.KindOf(it.Value), it.Value)
		if !ok || len(list) == 3 {
			return nil, false
		}
		list = append(list, n)
	}
	return list, true
}

// pointNumbers returns the coordinates of a Point of GeoJSON that has nothing else.
func pointNumbers(raw []byte) (list []string, ok bool) {
	it := jsonscan.Members(raw)
	for it.Next() {
		switch it.NameText() {
		case "type":
			if text, _ := jsonscan.Text(it.Value); !strings.EqualFold(text, "Point") {
				return nil, false
			}
		case "coordinates":
			if ok || jsonscan.KindOf(it.Value) != jsonscan.Array {
				return nil, false
			}
			if list, ok = numbers(it.Value); !ok {
				return nil, false
			}
		default:
			return nil, false
		}
	}
	return list, ok
}

// memberNumbers returns longitude, latitude and altitude of an object that has
// nothing else.
func memberNumbers(raw []byte) ([]string, bool) {
	var found [maxParts]string // lat, lon, alt
	it := jsonscan.Members(raw)
	for it.Next() {
		i := partOf(geopointMembers, &it)
		if i < 0 || found[i] != "" {
			return nil, false
		}
		n, ok := number(jsonscan.KindOf(it.Value), it.Value)
		if !ok {
			return nil, false
		}
		found[i] = n
	}
	switch {
	case found[0] == "" || found[1] == "":
		return nil, false
	case found[2] == "":
		return []string{found[1], found[0]}, true
	}
	return []string{found[1], found[0], found[2]}, true
}

// shape is a kind of geometry of GeoJSON: how deep its positions are nested.
type shape struct {
	name  string
	depth int
}

// The geometries (RFC 7946 section 3.1; DTDL v4, "Geospatial Schemas").
var shapes = map[dtdl.Kind]shape{
	dtdl.Point: {"Point", 0}, dtdl.MultiPoint: {"MultiPoint", 1}, dtdl.LineString: {"LineString", 1},
	dtdl.MultiLineString: {"MultiLineString", 2}, dtdl.Polygon: {"Polygon", 2}, dtdl.MultiPolygon: {"MultiPolygon", 3},
}

// isGeometry reports whether an object is meant to be GeoJSON.
func isGeometry(raw []byte) bool {
	it := jsonscan.Members(raw)
	for it.Next() {
		if string(it.Name) == "coordinates" {
			return true
		}
	}
	return false
}

// isPoint reports whether an object is a Point of GeoJSON as it should be.
func isPoint(raw []byte) bool {
	var w Walk
	w.geometry(&dtdl.Schema{Kind: dtdl.Point}, jsonscan.Object, raw)
	return w.Wrong.Len() == 0
}

// geometry compares a value with a geometry of GeoJSON.
func (w *Walk) geometry(s *dtdl.Schema, kind jsonscan.Kind, raw []byte) []byte {
	shape := shapes[s.Kind]
	if kind != jsonscan.Object {
		return w.offer(s, kind, RuleType, "")
	}
	var hasType, hasCoordinates bool
	it := jsonscan.Members(raw)
	for it.Next() {
		switch it.NameText() {
		case "type":
			hasType = true
			if text, _ := jsonscan.Text(it.Value); text != shape.name {
				w.Enter("type")
				w.Add(RuleType, false, "want a ", shape.name, " of GeoJSON")
				w.Leave()
			}
		case "coordinates":
			hasCoordinates = true
			if !isNested(it.Value, shape.depth) {
				w.Enter("coordinates")
				w.Add(RuleType, false, "want the coordinates of a ", shape.name, " of GeoJSON")
				w.Leave()
			}
		}
	}
	for _, member := range []struct {
		name string
		has  bool
	}{{"type", hasType}, {"coordinates", hasCoordinates}} {
		if !member.has {
			w.Enter(member.name)
			w.Add(RuleRequired, false, "is missing; want a ", shape.name, " of GeoJSON")
			w.Leave()
		}
	}
	return nil
}

// isNested reports whether a value is a list of lists, that deep, of positions.
func isNested(raw []byte, depth int) bool {
	if jsonscan.KindOf(raw) != jsonscan.Array {
		return false
	}
	n := 0
	it := jsonscan.Elements(raw)
	for it.Next() {
		n++
		if depth > 0 && !isNested(it.Value, depth-1) || depth == 0 && jsonscan.KindOf(it.Value) != jsonscan.Number {
			return false
		}
	}
	return depth > 0 || n >= 2
}
