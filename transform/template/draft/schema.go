package draft

import (
	"fmt"

	"mayfly/internal/jsonscan"
	"mayfly/transform/template/dtdl"
)

// schema drafts the narrowest schema that all values fit, or returns nil. level is
// how many schemas are around it.
func (d *drafter) schema(s *shape, path string, level int) any {
	kind, one := s.only()
	switch {
	case s.kinds[jsonscan.Null]:
		d.omit(path, "it is null, which no schema of DTDL allows")
		return nil
	case !one:
		d.omit(path, "its values are of several kinds")
		return nil
	case s.tooDeep || level+s.levels(kind) > maxLevels:
		d.omit(path, fmt.Sprintf("it is nested deeper than the %d levels of DTDL 2", maxLevels))
		return nil
	}
	for _, c := range candidates[kind] {
		if s.fits[c] {
			d.central = d.central || c == dtdl.Geopoint
			return c.String()
		}
	}
	switch kind {
	case jsonscan.Array:
		return d.array(s, path, level)
	case jsonscan.Object:
		return d.object(s, path, level)
	default:
		d.omit(path, "no number of DTDL is big enough")
		return nil
	}
}

// levels counts the schemas inside of a schema that is written as a name: a place
// is an object, those of GeoJSON are objects of lists (Azure's parser counts them).
func (s *shape) levels(kind jsonscan.Kind) int {
	if kind != jsonscan.Object {
		return 0
	}
	for shape, levels := range map[dtdl.Kind]int{
		dtdl.Geopoint: 1, dtdl.Point: 2, dtdl.LineString: 3, dtdl.MultiPoint: 3,
		dtdl.Polygon: 4, dtdl.MultiLineString: 4, dtdl.MultiPolygon: 5,
	} {
		if s.fits[shape] {
			return levels
		}
	}
	return 0
}

func (d *drafter) array(s *shape, path string, level int) any {
	if s.element == nil || s.element.kinds == (shape{}).kinds {
		d.omit(path, "it is empty, so there is no telling what its elements are")
		return nil
	}
	element := d.schema(s.element, path+"[]", level+1)
	if element == nil {
		return nil
	}
	return array{"Array", element}
}

// object drafts an Object, or a Map where the names cannot be those of fields.
func (d *drafter) object(s *shape, path string, level int) any {
	before := len(d.omitted)
	var fields []field
	for i, name := range d.names(s.members, path) {
		if name == "" {
			continue
		}
		m := s.members[i]
		if schema := d.schema(&m.shape, join(path, m.name), level+1); schema != nil {
			fields = append(fields, field{Name: name, DisplayName: otherwise(m.name, name), Schema: schema})
		}
	}
	if len(fields) > 0 && len(fields) <= maxFields {
		return object{"Object", fields}
	}
	d.omitted = d.omitted[:min(before, len(d.omitted))]
	if value := d.alike(s, level); value != nil {
		return mapping{"Map", field{Name: "key", Schema: "string"}, field{Name: "value", Schema: value}}
	}
	switch {
	case len(s.members) == 0:
		d.omit(path, "it is empty, so there is no telling what its members are")
	case len(fields) > maxFields:
		d.omit(path, fmt.Sprintf("DTDL 2 allows %d fields", maxFields))
	default:
		d.omit(path, "none of its members can be modelled")
	}
	return nil
}

// alike drafts the schema that all members of an object fit.
func (d *drafter) alike(s *shape, level int) any {
	var all shape
	for i, m := range s.members {
		kind, one := m.only()
		if !one || kind == jsonscan.Object || kind == jsonscan.Array {
			return nil
		}
		all.kinds[kind] = true
		if i == 0 {
			all.fits = map[dtdl.Kind]bool{}
			for c := range m.fits {
				all.fits[c] = true
			}
		}
		for c := range all.fits {
			if !m.fits[c] {
				delete(all.fits, c)
			}
		}
	}
	if len(s.members) == 0 {
		return nil
	}
	silent := drafter{}
	return silent.schema(&all, "", level+1)
}
