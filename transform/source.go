package transform

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"

	"mayfly/transform/answer"
	"mayfly/transform/codecset"
	"mayfly/transform/downlink"
	"mayfly/transform/mapping"
	"mayfly/transform/media"
	"mayfly/transform/message"
	"mayfly/transform/rules"
)

// Source maps what one kind of sender sends.
type Source struct {
	Definition
	validate *rules.Rules
	// detect finds the source that a body is of, for the error that refuses it here.
	detect func(context.Context, *message.Request) (*Source, error)

	of         expressions
	let        []named
	properties []named
	codecs     *codecset.Set   // nil without any
	kept       map[string]bool // names of credentials that are mapped on purpose
	zone       message.Zone
	rawTime    func() *mapping.Expression // gives what the expression of the time does not read
	answers    *answer.Set
	commands   *answer.Single   // nil where messages do not go with the answer
	pusher     *downlink.Pusher // nil where they are not pushed
}

// Outcome is what a request comes to.
type Outcome struct {
	Messages []message.Message
	Parts    []int     // of each message, the part of the body that it is of, counted from 0
	Refused  []Refused // parts and lines that are wrong, in the order of the body
	Ignored  int       // parts that are not telemetry
	// Reasons say why parts were ignored, as in "join": each once, at most 10, of
	// ASCII letters, digits and -_./:, at most 40 bytes long.
	Reasons []string
	Notes   []Note
}

// Map reads a request of this source's sender. It fails if any part of it is wrong.
func (s *Source) Map(ctx context.Context, r *message.Request) (Outcome, error) {
	return strict(s.mapParts(ctx, r, &media.Notes{}))
}

// MapBatch reads a request of this source's sender. Parts that are wrong, and lines that
// cannot be read, are Refused; it fails if no message comes out beside them.
func (s *Source) MapBatch(ctx context.Context, r *message.Request) (Outcome, error) {
	return s.mapParts(ctx, r, media.SkippingLines())
}

func (s *Source) mapParts(ctx context.Context, r *message.Request, notes *media.Notes) (Outcome, error) {
	j := newJob(ctx, r)
	defer j.Done()
	_, parts, err := s.read(j, notes)
	if err != nil {
		return Outcome{}, err
	}
	var out Outcome
	for i, part := range parts {
		messages, reason, err := s.part(j, part)
		switch wrong, ok := errors.AsType[*message.Error](err); {
		case ok && len(wrong.Fields) > 0: // of this part; the others are looked at, too
			s.suggest(part, wrong)
			deviceID, prefix := tellable(messages), rules.BatchElement(i, len(parts), notes.Bad)
			for f := range wrong.Fields {
				wrong.Fields[f].Path, wrong.Fields[f].DeviceID = prefix+wrong.Fields[f].Path, deviceID
			}
			out.refuse(i, wrong.Fields)
		case err != nil:
			return Outcome{}, err
		case reason != "":
			out.ignore(reason)
		default:
			for range messages {
				out.Parts = append(out.Parts, i)
			}
			out.Messages = append(out.Messages, messages...)
		}
		if len(out.Messages) > message.MaxMessages {
			return Outcome{}, message.Invalidf("the body makes more than %d messages", message.MaxMessages)
		}
	}
	out.Notes = j.notes
	return out, out.finish(notes.Bad)
}

// suggest adds to the error of a list that the source of a file takes for one part.
func (s *Source) suggest(part any, wrong *message.Error) {
	list, ok := part.([]any)
	if !ok || len(list) == 0 || s.Path == "" || len(wrong.Fields) == 0 {
		return
	}
	hint := ""
	switch _, object := list[0].(map[string]any); {
	case object && s.of.each == nil:
		hint = "; the body is a list, of which each: .[] makes a message per element"
	case !object && s.Format == "csv":
		hint = "; the body has no row with the names of its columns: csv: {columns: [...]} gives them"
	}
	f := &wrong.Fields[0]
	f.Hint += hint
	if f.Brief != "" {
		f.Brief += hint
	}
}

// Content reads the body, with what proves the sender.
func (s *Source) Content(r *message.Request) (any, error) { return s.decode(r, nil) }

func (s *Source) decode(r *message.Request, notes *media.Notes) (any, error) {
	return media.DecodeContent(r, media.Reading{Format: s.Format, CSV: s.CSV, Notes: notes})
}

// tellable gives the device of the message that failed, where it is known and no
// secret.
func tellable(messages []message.Message) string {
	if len(messages) == 0 || messages[0].SecretID || !message.ValidDeviceID(messages[0].DeviceID) {
		return ""
	}
	return messages[0].DeviceID
}

// part maps a part of a body, unless it is ignored, for a reason. A part is one
// message, or several where a codec read a log of the device.
func (s *Source) part(j *job, part any) (messages []message.Message, reason string, err error) {
	if fits, err := s.holds(j, part); err != nil {
		return nil, "", err
	} else if !fits {
		return nil, "", message.InvalidFields(s.foreign(j, part))
	}
	if reason, err = s.ignored(j, part); reason != "" || err != nil {
		return nil, reason, s.explain(err)
	}
	messages, err = s.messages(j, part)
	return messages, "", s.explain(err)
}

// messages makes the messages of a part. Beside an error is the one that failed, as
// far as it is known.
func (s *Source) messages(j *job, part any) ([]message.Message, error) {
	j.message = nil
	j.Unbind()
	for _, l := range s.let {
		value, err := j.One(l.value, part)
		if err != nil {
			return nil, err
		}
		j.Bind(value)
	}
	m, err := s.identity(j, part)
	if err != nil {
		return []message.Message{m}, err
	}
	at, timed, err := j.Time(s.of.timestamp, part, s.zone, j.request.Received)
	if err != nil {
		return []message.Message{m}, err
	}
	if timed {
		m.SetTime(at, j.request.Received) // the codec wants it
	}
	j.message = &m
	bodies, err := s.bodies(j, part)
	if err == nil && !timed && slices.ContainsFunc(bodies, func(b timedBody) bool { return b.at.IsZero() }) {
		err = s.untimed(j, part)
	}
	if err != nil {
		return []message.Message{m}, err
	}
	if m.Properties, err = s.props(j, part); err != nil {
		return []message.Message{m}, err
	}
	messages := make([]message.Message, len(bodies))
	for i, b := range bodies {
		messages[i] = m
		messages[i].Body = b.text
		if len(bodies) > 1 {
			messages[i].Properties = maps.Clone(m.Properties)
		}
		if !b.at.IsZero() {
			messages[i].SetTime(b.at, j.request.Received)
		} else if timed {
			messages[i].SetTime(at, j.request.Received) // for its property
		}
		if i > 0 && m.MessageID != "" { // each needs one of its own, the same one when the sender sends again
			messages[i].MessageID = m.MessageID + "-" + strconv.Itoa(i+1)
			if !message.ValidMessageID(messages[i].MessageID) {
				messages[i].MessageID = ""
			}
		}
	}
	return messages, nil
}

// identity is what a mapping gives to tell whose a message is, for the validator.
type identity struct {
	DeviceID  string `json:"deviceId" validate:"required,deviceid"`
	ModelID   string `json:"modelId" validate:"omitempty,dtmi"`
	GatewayID string `json:"gatewayId" validate:"omitempty,deviceid"`
	Component string `json:"component" validate:"omitempty,name"`
}

// identity makes a message with all but its time and content.
func (s *Source) identity(j *job, part any) (message.Message, error) {
	m := message.Message{SecretID: s.of.secretID != nil} // until it is known
	for _, text := range []struct {
		from *mapping.Expression
		into *string
	}{
		{s.of.deviceID, &m.DeviceID}, {s.of.modelID, &m.ModelID}, {s.of.gatewayID, &m.GatewayID},
		{s.of.component, &m.Component}, {s.of.messageID, &m.MessageID}, {s.of.fleet, &m.Fleet},
	} {
		var err error
		if *text.into, err = j.Text(text.from, part); err != nil {
			return m, err
		}
	}
	if !message.ValidMessageID(m.MessageID) {
		m.MessageID = "" // the hub would refuse it; ours is made of the content
	}
	var err error
	if m.SecretID, err = j.Truth(s.of.secretID, part); err != nil {
		return m, err
	}
	if m.Downlink, err = j.Truth(s.of.downlink, part); err != nil {
		return m, err
	}
	id := identity{m.DeviceID, m.ModelID, m.GatewayID, m.Component}
	if err := s.validate.Struct(&id); err != nil {
		fields := rules.FieldErrors("", err)
		for i := range fields {
			if !m.SecretID {
				from, gave := s.shows(fields[i].Path, &id)
				fields[i].Brief = fields[i].Hint + from.Where()
				fields[i].Hint += from.Gave(gave)
			}
		}
		return m, message.InvalidFields(fields...)
	}
	return m, nil
}

// shows names the expression of a field of the identity, and what it gave.
func (s *Source) shows(field string, id *identity) (from *mapping.Expression, gave string) {
	switch field {
	case "deviceId":
		return s.of.deviceID, id.DeviceID
	case "modelId":
		return s.of.modelID, id.ModelID
	case "gatewayId":
		return s.of.gatewayID, id.GatewayID
	default:
		return s.of.component, id.Component
	}
}

// job is the mapping of one request.
type job struct {
	*mapping.Run
	ctx     context.Context
	request *message.Request
	message *message.Message // that is being made
	notes   []Note

	detected  bool    // whether another source was looked for
	looksLike *Source // and found
}

func newJob(ctx context.Context, r *message.Request) *job {
	j := &job{Run: mapping.NewRun(ctx, mapping.RequestValue(r)), ctx: ctx, request: r}
	j.Count(r.Meter())
	return j
}
