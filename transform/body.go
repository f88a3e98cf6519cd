package transform

import (
	"fmt"
	"strings"

	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// body writes the measurements of a part.
func (s *Source) body(j *job, part any) ([]byte, error) {
	also, err := j.Object(s.of.also, part)
	if err != nil {
		return nil, err
	}
	object, err := s.content(j, part, len(also) > 0)
	if err != nil {
		return nil, err
	}
	if len(also) > 0 {
		object = over(also, object)
	}
	if s.Units == UnitsSI || s.Units == UnitsImperial && j.request.QueryValue("units") == "si" {
		object = mapping.SIObject(object)
	}
	return message.Marshal(object)
}

// content gives the measurements: what the sender decoded, else the payload as it
// came. An uplink that is not decoded is never dropped.
func (s *Source) content(j *job, part any, mayBeEmpty bool) (map[string]any, error) {
	object, err := j.Object(s.of.measurements, part)
	if err != nil || len(object) > 0 {
		return object, err
	}
	if s.of.payload != nil {
		return s.undecoded(j, part)
	}
	if object == nil && !mayBeEmpty {
		return nil, s.of.measurements.Wrong("gave no measurements", nil)
	}
	return object, nil
}

// undecoded gives what a codec makes of the payload, or else the payload and its
// port.
func (s *Source) undecoded(j *job, part any) (map[string]any, error) {
	payload, err := j.One(s.of.payload, part)
	if err != nil {
		return nil, err
	}
	bytes, ok := payload.(string)
	if !ok && payload != nil {
		return nil, s.of.payload.Wrong("must give bytes, not "+message.TypeName(payload), payload)
	}
	if j.request.Replaced && strings.Contains(bytes, "\ufffd") && strings.Contains(string(j.request.Body), bytes) {
		return nil, message.ErrReplaced // the payload is (a part of) the body as it came
	}
	port, err := j.One(s.of.port, part)
	if err != nil {
		return nil, err
	}
	port = mapping.NumberOf(port) // some write it as a text
	decoded, err := s.decodePayload(j, part, bytes, port)
	if err != nil || decoded != nil {
		return decoded, err
	}
	object := map[string]any{"payload": fmt.Sprintf("%x", bytes)}
	if port != nil {
		object["fPort"] = port
	}
	return object, nil
}
