package transform

import (
	"maps"
	"slices"

	"mayfly/transform/credential"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// spread is the name of the property whose value is an object with properties:
// for senders that let their users name them.
const spread = "*"

// props gives the application properties of a part; one that is null or empty is
// left out.
func (s *Source) props(j *job, part any) (map[string]string, error) {
	props := make(map[string]string, len(s.properties))
	for _, p := range s.properties {
		if p.name == spread {
			if err := spreadProps(j, p.value, part, props); err != nil {
				return nil, err
			}
			continue
		}
		value, err := j.Text(p.value, part)
		if err != nil {
			return nil, err
		}
		if value != "" {
			props[p.name] = value
		}
	}
	if len(props) == 0 {
		return nil, nil
	}
	return props, nil
}

// maxProps bounds the properties that a sender may name.
const maxProps = 50

// spreadProps adds the scalar members of an object, under legal names.
func spreadProps(j *job, e *mapping.Expression, part any, props map[string]string) error {
	object, err := j.Object(e, part)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		text, ok := message.ScalarText(object[name])
		if !ok || text == "" || len(props) >= maxProps {
			continue
		}
		if credential.Known(name) { // the sender's users name these, and nobody mapped it
			j.note(NoteCredential, credentialText("properties."+name))
			continue
		}
		if !message.ValidProperty(name) {
			if name = message.DTDLName(name); name == "" {
				continue
			}
		}
		if !message.HasProperty(props, name) {
			props[name] = text
		}
	}
	return nil
}
