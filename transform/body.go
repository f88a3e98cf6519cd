package transform

import (
	"fmt"
	"strings"
	"time"

	"mayfly/transform/codec"
	"mayfly/transform/credential"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// bodies writes the measurements of a part: one body, or one for each time of which
// a codec read something.
func (s *Source) bodies(j *job, part any) ([]timedBody, error) {
	also, err := j.Object(s.of.also, part)
	if err != nil {
		return nil, err
	}
	readings, err := s.content(j, part, len(also) > 0)
	if err != nil {
		return nil, err
	}
	if len(also) > 0 { // they are of the time of the uplink
		newest := &readings[newest(readings)]
		newest.Data = over(also, newest.Data)
	}
	bodies := make([]timedBody, len(readings))
	for i, r := range readings {
		if s.Units == UnitsSI || s.Units == UnitsImperial && j.request.QueryValue("units") == "si" {
			r.Data = mapping.SIObject(r.Data)
		}
		bodies[i].at = r.Time
		if bodies[i].text, err = message.Marshal(r.Data); err != nil {
			return nil, err
		}
		var dropped []string
		bodies[i].text, dropped = credential.Without(bodies[i].text, s.kept)
		for _, name := range dropped {
			j.note(NoteCredential, credentialText(name))
		}
		if err := j.request.Meter().Message(len(bodies[i].text)); err != nil {
			return nil, err
		}
	}
	return bodies, nil
}

// timedBody is a body with the time of its measurements; zero for that of the part.
type timedBody struct {
	at   time.Time
	text []byte
}

// newest gives the index of the reading of the part's own time, else of the last
// time.
func newest(readings []codec.Reading) int {
	last := 0
	for i, r := range readings {
		if r.Time.IsZero() {
			return i
		}
		if !r.Time.Before(readings[last].Time) {
			last = i
		}
	}
	return last
}

// content gives the measurements: what the sender decoded, else the payload as it
// came. An uplink that is not decoded is never dropped.
func (s *Source) content(j *job, part any, mayBeEmpty bool) ([]codec.Reading, error) {
	object, err := j.Object(s.of.measurements, part)
	if err != nil {
		return nil, err
	}
	if len(object) == 0 && s.of.payload != nil {
		return s.undecoded(j, part)
	}
	if object == nil && !mayBeEmpty {
		return nil, s.of.measurements.Wrong("gave no measurements", nil)
	}
	return []codec.Reading{{Data: object}}, nil
}

// undecoded gives what a codec makes of the payload, or else the payload and its
// port.
func (s *Source) undecoded(j *job, part any) ([]codec.Reading, error) {
	payload, err := j.One(s.of.payload, part)
	if err != nil {
		return nil, err
	}
	bytes, err := mapping.BytesOf(payload)
	if err != nil {
		return nil, s.of.payload.Wrong("must give bytes: "+err.Error(), payload)
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
	return []codec.Reading{{Data: object}}, nil
}
