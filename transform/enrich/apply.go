package enrich

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"mayfly/internal/settings"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// Row is what a table or a look-up has for a key. A row of package table is one.
type Row interface {
	Names() []string       // of its fields, besides the key
	Value(name string) any // as package media gives values; nil where there is none
}

// Object is a row that is an object, such as the answer of a service.
type Object map[string]any

// Names implements [Row].
func (o Object) Names() []string { return slices.Sorted(maps.Keys(o)) }

// Value implements [Row].
func (o Object) Value(name string) any { return o[name] }

// Outcome is what became of a step for a message.
type Outcome string

// The outcomes.
const (
	Hit     Outcome = "hit"
	Miss    Outcome = "miss"    // no row, and the message goes without or with the values for that
	Refused Outcome = "refused" // likewise, and the message does not go
	Stale   Outcome = "stale"   // a row that is out of date, while nobody can give a newer one
	Failed  Outcome = "failed"  // nobody can say whether there is a row
)

// Result is what became of a step, for people. It names fields, and has no values but the key.
type Result struct {
	Step    string // the name of the table or the look-up
	Outcome Outcome
	Key     any
	Put     []string // the fields that were put
	Kept    []string // those that the device has sent itself, which stay
	Error   string   // of Refused and Failed
}

// MissingError is a message that is refused: it must have a row, and there is none.
type MissingError struct {
	Name string // of the table or the look-up
	Text string
}

func (e *MissingError) Error() string { return e.Text }

// FailedError is a message that is refused because nobody can say whether there is a row. Sending it again helps.
type FailedError struct {
	Name string
	Err  error // for the log
}

func (e *FailedError) Error() string { return e.Name + " cannot be looked up at present" }

// Unwrap returns the cause.
func (e *FailedError) Unwrap() error { return e.Err }

// Document is a message that is being enriched. It serves one goroutine.
type Document struct {
	message *message.Message
	ctx     context.Context
	run     *mapping.Run
	body    map[string]any
	changed bool
}

// NewDocument begins to enrich a message. Close must be called.
func NewDocument(ctx context.Context, m *message.Message) *Document {
	return &Document{message: m, ctx: ctx}
}

// Close writes the message, if it was changed.
func (d *Document) Close() error {
	if d.run != nil {
		d.run.Done()
	}
	if !d.changed {
		return nil
	}
	text, err := message.Marshal(d.body)
	if err == nil {
		d.message.Body = text
	}
	return err
}

// measurements gives the body as a value.
func (d *Document) measurements() (map[string]any, error) {
	if d.body == nil {
		decoder := json.NewDecoder(bytes.NewReader(d.message.Body))
		decoder.UseNumber()
		if err := decoder.Decode(&d.body); err != nil {
			return nil, message.Malformedf("the measurements are not an object: %v", err)
		}
	}
	return d.body, nil
}

// about gives the value of $message.
func (d *Document) about() map[string]any {
	m := d.message
	out := map[string]any{"deviceId": m.DeviceID}
	for name, value := range map[string]string{
		"modelId": m.ModelID, "gatewayId": m.GatewayID, "fleet": m.Fleet, "component": m.Component,
		"messageId": m.MessageID,
	} {
		if value != "" {
			out[name] = value
		}
	}
	if !m.Time.IsZero() {
		out["time"] = message.FormatTime(m.Time)
	}
	properties := make(map[string]any, len(m.Properties))
	for name, value := range m.Properties {
		properties[name] = value
	}
	out["properties"] = properties
	return out
}

// Values gives what expressions see of a message: the measurements and $message. They must not be changed.
func (d *Document) Values() (measurements, about map[string]any, err error) {
	measurements, err = d.measurements()
	return measurements, d.about(), err
}

// HasKey tells whether the step itself says by what a row is found. A look-up can do without.
func (c *Compiled) HasKey() bool { return c.on != nil }

// Key gives the key of a message; nil where it has none.
func (c *Compiled) Key(d *Document) (any, error) {
	body, err := d.measurements()
	if err != nil {
		return nil, err
	}
	if d.run == nil {
		d.run = mapping.NewRun(d.ctx, nil)
	}
	d.run.Unbind()
	d.run.Bind(d.about())
	return d.run.One(c.on, body)
}

// Put puts a row into a message; a nil row is none. The error is a [MissingError], or of the body.
func (c *Compiled) Put(d *Document, key any, row Row) (Result, error) {
	r := Result{Step: c.Name(), Outcome: Hit, Key: key}
	if row == nil {
		if r.Outcome = Miss; c.Missing.Refuse {
			on := strings.TrimSpace(c.On.Text)
			wrong := &MissingError{Name: c.Name(), Text: c.what() + " has no row for the value of " + on}
			switch {
			case !c.HasKey():
				wrong.Text = c.what() + " has nothing for the message"
			case key == nil:
				wrong.Text = "the message has no " + on + " to look up in " + c.what()
			}
			r.Outcome, r.Error = Refused, wrong.Text
			return r, wrong
		}
	}
	done := map[string]bool{}
	set := func(name string, value any) error {
		if value == nil || value == "" || done[name] {
			return nil
		}
		done[name] = true
		put, err := c.set(d, name, value)
		if put {
			r.Put = append(r.Put, name)
		} else {
			r.Kept = append(r.Kept, name)
		}
		return err
	}
	for _, f := range c.fields(row) {
		if err := set(f.To, row.Value(f.From)); err != nil {
			return r, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Missing.Values)) {
		if err := set(name, c.Missing.Values[name]); err != nil {
			return r, err
		}
	}
	return r, nil
}

// fields gives the fields to take from a row.
func (c *Compiled) fields(row Row) Fields {
	if row == nil {
		return nil
	}
	if len(c.Fields) > 0 {
		return c.Fields
	}
	var all Fields
	for _, name := range row.Names() {
		if !c.put.properties || validProperty(name) {
			all = append(all, Field{name, name})
		}
	}
	return all
}

// maxProperties bounds those of a message.
const maxProperties = 1000

// set sets a field; false where the device has sent it itself.
func (c *Compiled) set(d *Document, name string, value any) (bool, error) {
	if !c.put.properties {
		return c.member(d, name, value)
	}
	m := d.message
	has := message.HasProperty(m.Properties, name)
	if has && !c.Overwrite || len(m.Properties) >= maxProperties {
		return false, nil
	}
	text, ok := message.ScalarText(value)
	if !ok {
		written, err := message.Marshal(value)
		if err != nil {
			return false, err
		}
		text = string(written)
	}
	if m.Properties == nil {
		m.Properties = map[string]string{}
	}
	if has {
		maps.DeleteFunc(m.Properties, func(other, _ string) bool { return message.SameProperty(other, name) })
	}
	m.Properties[name] = text
	return true, nil
}

// member sets a member of the body.
func (c *Compiled) member(d *Document, name string, value any) (bool, error) {
	object, err := d.measurements()
	if err != nil {
		return false, err
	}
	for _, step := range c.put.path {
		inner, ok := object[step].(map[string]any)
		if !ok {
			if object[step] != nil && !c.Overwrite {
				return false, nil
			}
			inner = map[string]any{}
			object[step] = inner
		}
		object = inner
	}
	if object[name] != nil && !c.Overwrite {
		return false, nil
	}
	object[name] = value
	d.changed = true
	return true, nil
}

// nearest returns a hint to the name that was probably meant.
func nearest(name string, names []string) string {
	if near := settings.Nearest(name, names); near != "" {
		return "; did you mean " + message.Quote(near) + "?"
	}
	return ""
}

// FailedProperty is the property by which a message tells that it lacks what a step would have added.
const FailedProperty = "enrichment"

// Fail marks a message for which nobody can say whether there is a row: it goes with [FailedProperty], or is refused
// with a [FailedError].
func (c *Compiled) Fail(d *Document, key any, cause error) (Result, error) {
	wrong := &FailedError{c.Name(), cause}
	r := Result{Step: c.Name(), Outcome: Failed, Key: key, Error: wrong.Error()}
	if c.Failed == "refuse" {
		return r, wrong
	}
	text := c.Name() + " failed"
	if before := d.message.Properties[FailedProperty]; strings.HasSuffix(before, " failed") {
		text = before + ", " + text
	}
	property := Compiled{put: put{properties: true}, Step: Step{Overwrite: true}}
	_, err := property.set(d, FailedProperty, text)
	return r, err
}
