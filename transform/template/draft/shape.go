package draft

import (
	"mayfly/internal/jsonscan"
	"mayfly/transform/template/convert"
	"mayfly/transform/template/dtdl"
)

// maxMembers bounds the members that are looked at, of one object.
const maxMembers = 1000

// maxDepth bounds how deep values are looked at; DTDL 2 allows less.
const maxDepth = 8

// shape is what the values of a member have in common.
type shape struct {
	kinds   [jsonscan.Object + 1]bool
	fits    map[dtdl.Kind]bool // of the candidates for its kind: those that all values fit
	members []*member          // of objects
	element *shape             // of arrays
	empty   bool               // an object or array without anything in it was there
	tooDeep bool
}

// member is a member of an object.
type member struct {
	name string
	shape
}

// candidates are the schemas for each kind of value, the narrowest one first.
var candidates = map[jsonscan.Kind][]dtdl.Kind{
	jsonscan.Boolean: {dtdl.Boolean},
	jsonscan.Number:  {dtdl.Integer, dtdl.Long, dtdl.Double},
	jsonscan.String:  {dtdl.DateTime, dtdl.Date, dtdl.Time, dtdl.Duration, dtdl.String},
	jsonscan.Object: {dtdl.Geopoint, dtdl.Point, dtdl.LineString, dtdl.Polygon, dtdl.MultiPoint, dtdl.MultiLineString,
		dtdl.MultiPolygon},
}

// add looks at one more value.
func (s *shape) add(raw []byte, depth int) {
	kind := jsonscan.KindOf(raw)
	s.kinds[kind] = true
	if s.fits == nil {
		s.fits = map[dtdl.Kind]bool{}
		for _, c := range candidates[kind] {
			s.fits[c] = true
		}
	}
	for c := range s.fits {
		if !fits(c, raw) {
			delete(s.fits, c)
		}
	}
	if depth >= maxDepth {
		s.tooDeep = s.tooDeep || kind == jsonscan.Object || kind == jsonscan.Array
		return
	}
	switch kind {
	case jsonscan.Object:
		s.addMembers(raw, depth)
	case jsonscan.Array:
		if s.element == nil {
			s.element = &shape{}
		}
		it := jsonscan.Elements(raw)
		for it.Next() {
			s.element.add(it.Value, depth+1)
		}
	default:
	}
}

func (s *shape) addMembers(raw []byte, depth int) {
	n := 0
	it := jsonscan.Members(raw)
	for ; it.Next(); n++ {
		m := s.member(it.NameText())
		if m == nil {
			if len(s.members) >= maxMembers {
				continue
			}
			m = &member{name: it.NameText()}
			s.members = append(s.members, m)
		}
		m.add(it.Value, depth+1)
	}
	s.empty = s.empty || n == 0
}

func (s *shape) member(name string) *member {
	for _, m := range s.members {
		if m.name == name {
			return m
		}
	}
	return nil
}

// fits reports whether a value is right for a schema as it is, but for the names of
// a geopoint's members, which the policy "require" puts right.
func fits(kind dtdl.Kind, raw []byte) bool {
	var w convert.Walk
	w.Value(&dtdl.Schema{Kind: kind}, raw)
	for _, c := range w.Changes.Items {
		if kind != dtdl.Geopoint || c.Rule != convert.RuleName {
			return false
		}
	}
	return w.Wrong.Len()+w.Unknown.Len() == 0
}

// only returns the one kind of the values, if there is one.
func (s *shape) only() (jsonscan.Kind, bool) {
	found, n := jsonscan.Null, 0
	for k, seen := range s.kinds {
		if seen {
			found = jsonscan.Kind(k)
			n++
		}
	}
	return found, n == 1
}
