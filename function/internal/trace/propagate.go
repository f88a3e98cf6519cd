package trace

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"mayfly/transform/message"
)

const (
	maxParent = 256 // bytes of a traceparent: 55 in version 00, more in versions to come
	// maxState is what W3C's recommendation asks every participant to hand on (Trace Context,
	// section 3.3.1.5). A longer list is left out whole: it may be cut only between its members.
	maxState = 512

	parentName, stateName = "traceparent", "tracestate"
)

// carrier holds a trace's context while the propagator reads and writes it.
type carrier struct{ parent, state string }

func (c *carrier) Get(key string) string {
	switch key {
	case parentName:
		return c.parent
	case stateName:
		return c.state
	}
	return ""
}

func (c *carrier) Set(key, value string) {
	switch key {
	case parentName:
		c.parent = value
	case stateName:
		c.state = value
	}
}

func (c *carrier) Keys() []string { return []string{parentName, stateName} }

// withParent adds the remote parent that a sender names. One that is not valid is no parent, and
// a tracestate that is not valid is left out.
func withParent(ctx context.Context, parents, states []string) context.Context {
	if len(parents) != 1 || len(parents[0]) > maxParent {
		return ctx
	}
	c := &carrier{parent: strings.TrimSpace(parents[0]), state: strings.Join(states, ",")}
	if len(c.state) > maxState {
		c.state = ""
	}
	return propagation.TraceContext{}.Extract(ctx, c)
}

// inject adds the context of the trace that ctx belongs to, if any, to the header of a request.
func inject(ctx context.Context, header http.Header) {
	var c carrier
	propagation.TraceContext{}.Inject(ctx, &c)
	if c.parent != "" {
		header["Traceparent"] = []string{c.parent}
	}
	if c.state != "" {
		header["Tracestate"] = []string{c.state}
	}
}

// Stamp gives messages the context of the request's trace as application properties, where that
// is asked for. A message that has one of its own keeps it.
func (q *Request) Stamp(messages []message.Message) {
	if q == nil || !q.tracer.properties {
		return
	}
	var c carrier
	propagation.TraceContext{}.Inject(q.ctx, &c)
	if c.parent == "" {
		return
	}
	for i := range messages {
		m := &messages[i]
		if hasParent(m) {
			continue
		}
		properties := maps.Clone(m.Properties) // sources may share one
		if properties == nil {
			properties = map[string]string{}
		}
		properties[parentName] = c.parent
		if c.state != "" {
			properties[stateName] = c.state
		}
		m.Properties = properties
	}
}

// hasParent tells whether a message has a trace's context of its own. Names of properties are
// compared without regard to case.
func hasParent(m *message.Message) bool {
	for name := range m.Properties {
		if strings.EqualFold(name, parentName) || strings.EqualFold(name, stateName) {
			return true
		}
	}
	return false
}

// link adds links to the traces that messages say they are of, the first ones.
func (q *Request) link(messages []message.Message) {
	seen := []trace.SpanContext{trace.SpanContextFromContext(q.parent)}
	for i := range messages {
		own, has := messages[i].Properties[parentName]
		if !has {
			continue
		}
		var states []string
		if state := messages[i].Properties[stateName]; state != "" {
			states = []string{state}
		}
		of := trace.SpanContextFromContext(withParent(context.Background(), []string{own}, states))
		if !of.IsValid() || slices.ContainsFunc(seen, of.Equal) {
			continue
		}
		q.span.AddLink(trace.Link{SpanContext: of})
		if seen = append(seen, of); len(seen) > maxLinks {
			return
		}
	}
}
