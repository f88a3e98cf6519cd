package transform

// spread is the name of the property whose value is an object with properties:
// for senders that let their users name them.
const spread = "*"

// props gives the application properties of a part; one that is null or empty is
// left out.
func (s *Source) props(run *run, part any) (map[string]string, error) {
	props := make(map[string]string, len(s.properties))
	for _, p := range s.properties {
		if p.name == spread {
			if err := spreadProps(run, p.value, part, props); err != nil {
				return nil, err
			}
			continue
		}
		value, err := run.text(p.value, part)
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

// mostProps bounds the properties that a sender may name.
const mostProps = 50

// spreadProps adds the scalar members of an object, under legal names.
func spreadProps(run *run, e *expression, part any, props map[string]string) error {
	object, err := run.object(e, part)
	if err != nil {
		return err
	}
	for _, name := range sortedKeys(object) {
		text, ok := scalarText(object[name])
		if !ok || text == "" || len(props) >= mostProps {
			continue
		}
		if !validProperty(name) {
			legal, _ := dtdlNameOf(name, nil)
			if legal == nil {
				continue
			}
			name = legal.(string)
		}
		if _, taken := props[name]; !taken {
			props[name] = text
		}
	}
	return nil
}
