package sample

import (
	"cmp"
	"fmt"
	"maps"
	"net/textproto"
	"slices"
	"strings"

	"mayfly/transform/media"
	"mayfly/transform/message"
	"mayfly/transform/rules"
)

// Sample is a request with the messages that it must make.
type Sample struct {
	Name    string  `yaml:"name"`    // what it shows
	Request Request `yaml:"request"` // what the sender sends
	// Messages that come out; none where the request is ignored.
	Messages []Message `yaml:"messages"`
	// Refused is a part of the error, where the request is refused.
	Refused string `yaml:"refused"`
	// Model is a device template that the messages must fit: the DTMI of one of
	// templates, or a file.
	Model string `yaml:"model"`
	// Rows by the name of a table, each a list of objects; those of its file where it is
	// left out. With rows or answers, the messages are those after enrich.
	Rows map[string]Data `yaml:"rows"`
	// Answers by the name of a look-up, as the service gives them; one that is left out
	// has failed.
	Answers map[string]Data `yaml:"answers"`
}

// Enriched tells whether the messages of the sample are those after enrich.
func (s *Sample) Enriched() bool { return s.Rows != nil || s.Answers != nil }

// Refusal gives what is wrong with the error that the request of the sample met: nil for
// the one that the sample promises.
func (s *Sample) Refusal(err error) error {
	switch {
	case s.Refused == "":
		return err
	case err == nil:
		return fmt.Errorf("is not refused; want an error with %q", s.Refused)
	case !strings.Contains(err.Error(), s.Refused):
		return fmt.Errorf("is refused without %q: %w", s.Refused, err)
	}
	return nil
}

// Request is a request as a sample writes it down.
type Request struct {
	Method  string            `yaml:"method"`  // POST when empty
	Path    string            `yaml:"path"`    // /api/NAME when empty
	Query   map[string]string `yaml:"query"`   // parameters
	Headers map[string]string `yaml:"headers"` // Content-Type and others
	Body    string            `yaml:"body"`    // as the sender writes it
}

// Message is a message as a sample writes it down.
type Message struct {
	DeviceID   string            `yaml:"deviceId"`   // the device
	ModelID    string            `yaml:"modelId"`    // DTMI of its template
	GatewayID  string            `yaml:"gatewayId"`  // the gateway that it is behind
	Component  string            `yaml:"component"`  // of its model
	MessageID  string            `yaml:"messageId"`  // any when empty
	Time       string            `yaml:"time"`       // RFC 3339, in UTC
	Body       string            `yaml:"body"`       // its JSON
	Properties map[string]string `yaml:"properties"` // application properties
}

// Request gives the request that the sample describes.
func (r Request) Request(source string) *message.Request {
	out := &message.Request{Method: cmp.Or(r.Method, "POST"), Path: cmp.Or(r.Path, "/api/"+source), Query: map[string][]string{},
		Header: map[string][]string{"Content-Type": {"application/json"}}, Body: []byte(r.Body)}
	for name, value := range r.Query {
		out.Query[name] = []string{value}
	}
	for name, value := range r.Headers {
		out.Header[textproto.CanonicalMIMEHeaderKey(name)] = []string{value}
	}
	return out
}

// Of gives a message as a sample writes it down.
func Of(m *message.Message) Message {
	out := Message{DeviceID: m.DeviceID, ModelID: m.ModelID, GatewayID: m.GatewayID, Component: m.Component,
		MessageID: m.MessageID, Body: string(m.Body), Properties: m.Properties}
	if !m.Time.IsZero() {
		out.Time = message.FormatTime(m.Time)
	}
	return out
}

// Canonical writes JSON as a mapping does: sorted members, digits as they are.
func Canonical(text string) (string, error) {
	value, err := media.Decode(&message.Request{Body: []byte(text)}, media.Reading{})
	if err != nil {
		return "", err
	}
	out, err := message.Marshal(value)
	return string(out), err
}

// Differences tells, a line each, in what the messages of a sample are not what it
// promises. What a promise leaves out (time, message id, properties, ...) is not
// looked at, unless all is.
func Differences(got, want []Message, all bool) []string {
	var lines []string
	for i := range max(len(got), len(want)) {
		prefix := rules.Element(i, max(len(got), len(want)))
		switch {
		case i >= len(got):
			lines = append(lines, fmt.Sprintf("%smessage is missing: want %s %s", prefix, want[i].DeviceID, want[i].Body))
			continue
		case i >= len(want):
			lines = append(lines, fmt.Sprintf("%smessage is one too many: got %s %s", prefix, got[i].DeviceID, got[i].Body))
			continue
		}
		for _, f := range []struct{ name, got, want string }{
			{"deviceId", got[i].DeviceID, want[i].DeviceID}, {"modelId", got[i].ModelID, want[i].ModelID},
			{"gatewayId", got[i].GatewayID, want[i].GatewayID}, {"component", got[i].Component, want[i].Component},
			{"time", got[i].Time, want[i].Time}, {"messageId", got[i].MessageID, want[i].MessageID},
			{"body", got[i].Body, want[i].Body},
		} {
			if f.got != f.want && (f.want != "" || all) {
				lines = append(lines, fmt.Sprintf("%s%s: want %s, got %s", prefix, f.name, orNothing(f.want), orNothing(f.got)))
			}
		}
		if want[i].Properties == nil && !all {
			continue
		}
		names := slices.Sorted(maps.Keys(union(got[i].Properties, want[i].Properties)))
		for _, name := range names {
			if g, w := got[i].Properties[name], want[i].Properties[name]; g != w {
				lines = append(lines, fmt.Sprintf("%sproperties.%s: want %s, got %s", prefix, name, orNothing(w), orNothing(g)))
			}
		}
	}
	return lines
}

func orNothing(text string) string { return cmp.Or(text, "nothing") }

func union(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	if out == nil {
		return b
	}
	maps.Copy(out, b)
	return out
}
