package playground

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/textproto"
	"slices"
	"sync/atomic"
	"time"

	"mayfly/cmd/mayfly/internal/trial"
	"mayfly/emulator/console"
	"mayfly/transform"
	"mayfly/transform/codec"
	"mayfly/transform/message"
	"mayfly/transform/sources"
)

// Mayfly's own formats, which do not have a mapping.
const (
	nativeFormat = "telemetry"
	deviceFormat = "device"
)

// Playground implements console.Playground.
type Playground struct {
	engine     codec.Engine // runs scripts
	configured atomic.Pointer[configured]
}

// configured is what a configuration has.
type configured struct {
	transform *transform.Transformer
	options   trial.Options
}

// New returns a playground with the built-in sources. engine runs codecs; nil for this process.
func New(engine codec.Engine) *Playground {
	p := &Playground{engine: engine}
	p.configured.Store(&configured{transform: transform.New()})
	return p
}

// Use has it use the sources, the enrichment and the device templates of another configuration.
func (p *Playground) Use(t *transform.Transformer, o trial.Options) {
	p.configured.Store(&configured{t, o})
}

// Sources lists Mayfly's own formats, then those sources that have no group, then the groups.
func (p *Playground) Sources() []console.SourceName {
	list := []console.SourceName{
		{Name: nativeFormat, Title: "Mayfly, Microsoft's bridge: POST /api/telemetry"},
		{Name: deviceFormat, Title: "One device: POST /api/devices/{id}/telemetry"},
	}
	for _, name := range p.configured.Load().transform.SourceNames() {
		entry := console.SourceName{Name: name, Title: name}
		if s, err := p.configured.Load().transform.Source(name); err == nil {
			entry.Title, entry.Group = cmp.Or(s.Title, name), sources.GroupTitle(s.Group)
		}
		list = append(list, entry)
	}
	for i := range examples() {
		e := &examples()[i]
		list = append(list, console.SourceName{Name: examplePrefix + e.name, Title: e.title + ": " + e.name,
			Group: exampleGroup})
	}
	slices.SortStableFunc(list, func(a, b console.SourceName) int {
		return cmp.Compare(groupOrder(a.Group), groupOrder(b.Group))
	})
	return list
}

// groupOrder tells where a group is in the list; -1 for those without one.
func groupOrder(title string) int {
	if title == exampleGroup {
		return len(sources.Groups())
	}
	return slices.IndexFunc(sources.Groups(), func(g sources.Group) bool { return g.Title == title })
}

// Source returns a source with its mapping and samples.
func (p *Playground) Source(name string) (console.Source, bool) {
	for _, s := range p.Sources() {
		if s.Name == name {
			return p.describe(s), true
		}
	}
	return console.Source{}, false
}

func (p *Playground) describe(name console.SourceName) console.Source {
	out := console.Source{SourceName: name, Samples: ownSamples(name.Name)}
	if e := exampleOf(name.Name); e != nil {
		out.Definition, out.Codec, out.HasCodec = e.definition, e.codec, e.codec != ""
		out.Samples = []console.Sample{{Name: "of the page", Request: e.request}}
		return out
	}
	s, err := p.configured.Load().transform.Source(name.Name)
	if err == nil && s != nil && s.File != "" { // of the configuration
		out.Docs, out.Setup, out.Samples = s.Docs, s.Setup, samplesOf(s.Samples)
		out.Definition, out.File, out.Codec = definitionOf(s), s.File, codecText(s)
		out.HasCodec = s.Codec != "" || len(s.Codecs) > 0
		return out
	}
	text, ok := transform.BuiltinText(name.Name)
	if !ok {
		return out
	}
	out.Definition = string(text)
	d, err := transform.ParseDefinition(text)
	if err != nil {
		return out // Try reports the error
	}
	out.Docs, out.Setup = d.Docs, d.Setup
	out.Samples = samplesOf(d.Samples)
	return out
}

func samplesOf(list []transform.Sample) []console.Sample {
	out := make([]console.Sample, len(list))
	for i := range list {
		s := &list[i]
		out[i] = console.Sample{Name: s.Name, Request: console.Request{
			Method: s.Request.Method, Path: s.Request.Path, Query: s.Request.Query, Headers: s.Request.Headers,
			Body: s.Request.Body,
		}}
	}
	return out
}

// ownSamples are the samples of Mayfly's own formats.
func ownSamples(name string) []console.Sample {
	sample := func(name, body string) console.Sample {
		return console.Sample{Name: name, Request: console.Request{Body: body}}
	}
	switch name {
	case nativeFormat:
		return []console.Sample{
			sample("a message", `{"device":{"deviceId":"greenhouse-7"},`+
				`"measurements":{"temperature":21.50,"humidity":48},"timestamp":"2026-03-14T09:26:53.370Z"}`),
			sample("several messages", `[{"device":{"deviceId":"greenhouse-7"},"measurements":{"temperature":21.5}},`+
				`{"device":{"deviceId":"greenhouse-8"},"component":"roof","measurements":{"open":true},`+
				`"properties":{"level":"info"}}]`),
			sample("without a device", `{"measurements":{"temperature":21.5}}`),
		}
	case deviceFormat:
		return []console.Sample{
			sample("measurements", `{"temperature":21.50,"humidity":48}`),
			sample("not an object", `21.5`),
		}
	}
	return nil
}

// Try maps a request. It sends nothing.
func (p *Playground) Try(ctx context.Context, t console.Trial) console.Result {
	r := request(t)
	var out transform.Outcome
	var result console.Result
	var err error
	switch t.Source {
	case nativeFormat:
		out, err = p.configured.Load().transform.Native(r)
	case deviceFormat:
		out, err = p.configured.Load().transform.Device(r, "my-device")
	default:
		var source *transform.Source
		if source, err = p.source(&t); err == nil && t.Bytes != "" {
			source, err = p.ofBytes(source, &t)
			r = request(t)
		}
		if err != nil {
			return console.Result{Problem: mappingProblem(err)}
		}
		if e := exampleOf(t.Source); e != nil && t.Request.Path == "" {
			r.Path = "/api/" + e.name
		}
		out, err = source.Map(ctx, r)
		trace := source.Trace(ctx, r)
		result.Steps, result.Answer = steps(trace), answerOf(trace.Answer)
		for _, note := range trace.Notes {
			result.Steps = append(result.Steps, console.Step{Name: "note", Error: note})
		}
	}
	if err != nil {
		result.Problem, result.Answer = problem(err), ""
		return result
	}
	result.Ignored = out.Ignored
	out.Messages = p.reduce(t.Source, out.Messages, &result)
	for i := range out.Messages {
		if p.enrich(ctx, t.Source, &out.Messages[i], i, len(out.Messages), &result) {
			p.fit(t.Source, &out.Messages[i], i, len(out.Messages), &result)
		}
	}
	return result
}

func request(t console.Trial) *message.Request {
	r := &message.Request{
		Method: t.Request.Method, Path: t.Request.Path, Body: []byte(t.Request.Body),
		Query: map[string][]string{}, Header: map[string][]string{"Content-Type": {"application/json"}},
	}
	if r.Method == "" {
		r.Method = http.MethodPost
	}
	if r.Path == "" {
		r.Path = "/api/" + t.Source
	}
	for name, value := range t.Request.Query {
		r.Query[name] = []string{value}
	}
	for name, value := range t.Request.Headers {
		r.Header[textproto.CanonicalMIMEHeaderKey(name)] = []string{value}
	}
	return r
}

func consoleMessage(m *message.Message) console.Message {
	out := console.Message{
		DeviceID: m.DeviceID, ModelID: m.ModelID, GatewayID: m.GatewayID, Component: m.Component,
		MessageID: m.MessageID, Properties: m.Properties, Body: string(m.Body),
	}
	if !m.Time.IsZero() {
		out.Time = m.Time.Format(time.RFC3339Nano)
	}
	var pretty bytes.Buffer
	if json.Indent(&pretty, m.Body, "", "  ") == nil {
		out.Body = pretty.String()
	}
	return out
}

// problem explains why nothing would be sent, and what the sender would get.
func problem(err error) *console.Problem {
	p := &console.Problem{Where: "request", Detail: err.Error()}
	var wrong *message.Error
	if !errors.As(err, &wrong) {
		return p
	}
	p.Detail = wrong.Detail
	switch wrong.Kind {
	case message.Malformed:
		p.Status, p.Code = http.StatusBadRequest, "malformed-body"
	case message.Invalid:
		p.Status, p.Code = http.StatusUnprocessableEntity, "invalid-message"
	case message.Unsupported:
		p.Status, p.Code = http.StatusUnsupportedMediaType, "unsupported-media"
	case message.TooLarge:
		p.Status, p.Code = http.StatusRequestEntityTooLarge, "body-too-large"
	case message.Busy: // of the bridge, which is not here
	}
	for _, f := range wrong.Fields {
		p.Fields = append(p.Fields, console.Field{Path: f.Path, Rule: f.Rule, Hint: f.Hint})
	}
	return p
}
