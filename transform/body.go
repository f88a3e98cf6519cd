package transform

import "fmt"

// body writes the measurements of a part.
func (s *Source) body(run *run, r *Request, part any) ([]byte, error) {
	also, err := run.object(s.also, part)
	if err != nil {
		return nil, err
	}
	object, err := s.content(run, part, len(also) > 0)
	if err != nil {
		return nil, err
	}
	if len(also) > 0 {
		object = merged(also, object)
	}
	if s.Units == UnitsSI || s.Units == UnitsImperial && r.query("units") == "si" {
		object = siObject(object)
	}
	return marshal(object)
}

// content gives the measurements: what the sender decoded, else the payload as it
// came. An uplink that nobody decoded is never dropped.
func (s *Source) content(run *run, part any, mayBeEmpty bool) (map[string]any, error) {
	object, err := run.object(s.measurements, part)
	if err != nil || len(object) > 0 {
		return object, err
	}
	if s.payload != nil {
		return s.undecoded(run, part)
	}
	if object == nil && !mayBeEmpty {
		return nil, s.measurements.wrong("gave no measurements", nil)
	}
	return object, nil
}

// undecoded gives the payload and its port.
func (s *Source) undecoded(run *run, part any) (map[string]any, error) {
	payload, err := run.one(s.payload, part)
	if err != nil {
		return nil, err
	}
	bytes, ok := payload.(string)
	if !ok && payload != nil {
		return nil, s.payload.wrong("must give bytes, not "+typeName(payload), payload)
	}
	object := map[string]any{"payload": fmt.Sprintf("%x", bytes)}
	port, err := run.one(s.port, part)
	if err != nil {
		return nil, err
	}
	port = numberOf(port) // some write it as a text
	decoded, err := s.decodePayload(run, part, bytes, port)
	if err != nil || decoded != nil {
		return decoded, err
	}
	if port != nil {
		object["fPort"] = port
	}
	return object, nil
}

// object gives an object; null is nil.
func (r *run) object(e *expression, input any) (map[string]any, error) {
	value, err := r.one(e, input)
	if err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok && value != nil {
		return nil, e.wrong("must give an object, not "+typeName(value), value)
	}
	return object, nil
}
