package downlink

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"mayfly/transform/mapping"
	"mayfly/transform/media"
	"mayfly/transform/message"
	"mayfly/transform/rules"
)

// Events says how the events that ask for a message to a device are read: those that IoT Central's data export, Event
// Grid or anybody else posts to /api/downlink/SOURCE. What is left out is read as IoT Central and Event Grid write it.
// Each is over the body, the others over an event of it.
type Events struct {
	Each     mapping.Expr `yaml:"each"`     // the events of the body
	Ignore   mapping.Expr `yaml:"ignore"`   // true, or a text that says what it is, for one that asks for nothing
	DeviceID mapping.Expr `yaml:"deviceId"` // of the device, as the hub knows it
	ID       mapping.Expr `yaml:"id"`       // of the event
	Name     mapping.Expr `yaml:"name"`     // of the command
	Payload  mapping.Expr `yaml:"payload"`  // {hex: ...}, {base64: ...}, or what a codec encodes
	// Properties are those that a message may have: fPort, confirmed, priority, replace.
	Properties mapping.Expr `yaml:"properties"`
}

// The events of IoT Central's data export (azure-docs, iot-central/core/howto-export-to-webhook.md), of Event Grid in
// its own schema and in that of CloudEvents (azure-docs, event-grid/event-schema.md), and plain objects.
const (
	usualEach = `(if type == "array" then .[] else . end)
		| if type == "object" and (.data | type) == "object" and (has("eventType") or has("specversion"))
		  then {deviceId: (.data.systemProperties["iothub-connection-device-id"]?
		        // ((.subject | strings) | capture("(^|/)devices/(?<id>[^/]+)") | .id) // .subject),
		        id, eventType: (.eventType // .type)} + .data
		  else . end`
	usualIgnore = `if type != "object" then false
		elif ((.eventType // "") | type == "string"
		  and (startswith("Microsoft.Devices.") or startswith("Microsoft.EventGrid."))) then .eventType
		elif .messageType == "devicePropertyReportedChange" then .messageType
		elif .messageSource != null and ((.messageSource | tostring | ascii_downcase) as $s
		  | ["properties", "command", "commands"] | index($s)) == null then .messageSource
		else false end`
	usualDeviceID = `.deviceId // (.device | if type == "object" then .deviceId // .id else . end)`
	usualID       = `.id // .messageId // .eventId`
	usualName     = `.name // .commandName // .methodName // (.command | if type == "object" then .name else . end)`
	usualPayload  = `if (.properties | type) == "array" then reduce .properties[] as $p ({}; . + {($p.name): $p.value})
		elif has("hex") then {hex} elif has("base64") then {base64}
		elif has("payload") then .payload
		elif (.command | type) == "object" then
		  .command | if has("payload") then .payload elif has("value") then .value else .request end
		elif has("value") then .value
		elif (.data | type) != "null" then .data
		else null end`
	usualProperties = `{fPort: (.fPort // .port // .f_port), confirmed, priority, replace} | drop_nulls`
)

// EventReader is Events that are compiled. It is safe for concurrent use.
type EventReader struct {
	each, ignore, deviceID, id, name, payload, properties *mapping.Expression
}

const eventsPrefix = "downlink.events."

// eventMember is an expression of Events.
type eventMember struct {
	name, usual string
	text        *mapping.Expr
}

func (e *Events) members() []eventMember {
	return []eventMember{
		{"each", usualEach, &e.Each}, {"ignore", usualIgnore, &e.Ignore}, {"deviceId", usualDeviceID, &e.DeviceID},
		{"id", usualID, &e.ID}, {"name", usualName, &e.Name}, {"payload", usualPayload, &e.Payload},
		{"properties", usualProperties, &e.Properties},
	}
}

func (e *Events) isZero() bool {
	return !slices.ContainsFunc(e.members(), func(m eventMember) bool { return !m.text.IsZero() })
}

// eachExpression changes every expression by a function.
func (e *Events) eachExpression(change func(field string, e mapping.Expr) mapping.Expr) {
	for _, m := range e.members() {
		*m.text = change(eventsPrefix+m.name, *m.text)
	}
}

// inherit takes what is left out from others.
func (e *Events) inherit(base *Events) {
	theirs := base.members()
	for i, mine := range e.members() {
		if mine.text.IsZero() {
			*mine.text = *theirs[i].text
		}
	}
}

// compile makes the reader. The usual expressions have no faults.
func (e *Events) compile(l *mapping.Language) (*EventReader, message.Faults) {
	r := &EventReader{}
	into := []**mapping.Expression{&r.each, &r.ignore, &r.deviceID, &r.id, &r.name, &r.payload, &r.properties}
	var faults message.Faults
	for i, m := range e.members() {
		text := *m.text
		if text.IsZero() {
			text.Text = m.usual
		}
		compiled, fault := l.Compile(eventsPrefix+m.name, text, nil)
		if fault != nil {
			faults = append(faults, fault)
		}
		*into[i] = compiled
	}
	return r, faults
}

// Asked is what a body asks for.
type Asked struct {
	Messages []message.Message // the device, the id, the properties, and the payload as the body
	Parts    []int             // of each message, its event, counted from 0
	Ignored  int               // events that ask for nothing
	Reasons  []string          // why, each once
	Wrong    map[int]*message.Error
}

// Read reads a body. Its error is a [message.Error] where the body cannot be read.
func (e *EventReader) Read(ctx context.Context, r *message.Request) (*Asked, error) {
	body, err := media.Decode(r, media.Reading{})
	if err != nil {
		return nil, err
	}
	run := mapping.NewRun(ctx, mapping.RequestValue(r))
	defer run.Done()
	run.Count(r.Meter())
	events, err := run.All(e.each, body)
	if err != nil {
		return nil, err
	}
	if len(events) > message.MaxMessages {
		return nil, message.Invalidf("the body holds more than %d events", message.MaxMessages)
	}
	out := &Asked{Wrong: map[int]*message.Error{}}
	for i, event := range events {
		m, reason, err := e.event(run, event, rules.BatchElement(i, len(events), nil))
		bad, wrong := err.(*message.Error) //nolint:errorlint // expressions give it bare
		switch {
		case wrong && len(bad.Fields) > 0:
			out.Wrong[i] = bad
		case err != nil:
			return nil, err
		case reason != "":
			out.Ignored++
			if !slices.Contains(out.Reasons, reason) && len(out.Reasons) < maxReasons {
				out.Reasons = append(out.Reasons, reason)
			}
		default:
			out.Messages, out.Parts = append(out.Messages, m), append(out.Parts, i)
		}
	}
	return out, nil
}

const maxReasons = 10

// event reads one event; reason says why it is ignored.
func (e *EventReader) event(run *mapping.Run, event any, place string) (m message.Message, reason string, err error) {
	ignored, err := run.One(e.ignore, event)
	if err != nil {
		return m, "", err
	}
	if ignored != nil && ignored != false {
		text, _ := ignored.(string)
		if reason = message.EventName(text); reason == "" {
			reason = "not a message"
		}
		return m, reason, nil
	}
	for _, text := range []struct {
		from *mapping.Expression
		into *string
	}{{e.deviceID, &m.DeviceID}, {e.id, &m.MessageID}} {
		if *text.into, err = run.Text(text.from, event); err != nil {
			return m, "", err
		}
	}
	name, err := run.Text(e.name, event)
	if err != nil {
		return m, "", err
	}
	payload, err := run.One(e.payload, event)
	if err != nil {
		return m, "", err
	}
	properties, err := run.Object(e.properties, event)
	if err != nil {
		return m, "", err
	}
	var wrong []message.FieldError
	if !message.ValidDeviceID(m.DeviceID) {
		wrong = append(wrong, message.FieldError{Path: place + "deviceId", Rule: "deviceid",
			Hint: rules.Hints["deviceid"]})
	}
	if payload == nil && name == "" {
		wrong = append(wrong, message.FieldError{Path: place + "payload", Rule: "required",
			Hint: "is missing: a payload, or the name of a command"})
	}
	if len(wrong) > 0 {
		return m, "", message.InvalidFields(message.OfDevice(m.DeviceID, wrong)...)
	}
	if payload != nil {
		if m.Body, err = message.Marshal(payload); err != nil {
			return m, "", err
		}
	}
	m.Properties = textsOf(properties)
	if name != "" {
		m.Properties[methodName] = name
	}
	return m, "", nil
}

// textsOf writes the values of an object as the properties of a message.
func textsOf(object map[string]any) map[string]string {
	out := make(map[string]string, len(object))
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if text, ok := message.ScalarText(object[name]); ok {
			out[name] = text
		} else if object[name] != nil {
			out[name] = fmt.Sprint(object[name])
		}
	}
	return out
}

// FromEvent makes a message of one that was read.
func FromEvent(m *message.Message) *Message {
	return &Message{DeviceID: m.DeviceID, Fleet: m.Fleet, ID: m.MessageID, Properties: m.Properties, Body: m.Body}
}
