package transform

import (
	"context"
	"fmt"
	"net/textproto"
)

// Prove runs a sample and gives the messages that came out beside those that the
// sample promises.
func (s *Source) Prove(ctx context.Context, sample Sample) (got, want []SampleMessage, err error) {
	out, err := s.Map(ctx, sample.Request.Request(s.Name))
	if err != nil {
		return nil, nil, err
	}
	got = make([]SampleMessage, len(out.Messages))
	for i := range out.Messages {
		got[i] = out.Messages[i].sample()
	}
	want = make([]SampleMessage, len(sample.Messages))
	for i, m := range sample.Messages {
		if m.Body, err = canonical(m.Body); err != nil {
			return nil, nil, fmt.Errorf("body of message %d: %w", i, err)
		}
		want[i] = m
	}
	return got, want, nil
}

// Request gives the request that the sample describes.
func (r SampleRequest) Request(source string) *Request {
	out := &Request{Method: or(r.Method, "POST"), Path: or(r.Path, "/api/"+source), Query: map[string][]string{},
		Header: map[string][]string{"Content-Type": {"application/json"}}, Body: []byte(r.Body)}
	for name, value := range r.Query {
		out.Query[name] = []string{value}
	}
	for name, value := range r.Headers {
		out.Header[textproto.CanonicalMIMEHeaderKey(name)] = []string{value}
	}
	return out
}

func (m *Message) sample() SampleMessage {
	out := SampleMessage{DeviceID: m.DeviceID, ModelID: m.ModelID, GatewayID: m.GatewayID, Component: m.Component,
		MessageID: m.MessageID, Body: string(m.Body), Properties: m.Properties}
	if !m.Time.IsZero() {
		out.Time = m.Time.Format("2006-01-02T15:04:05.999999999Z")
	}
	return out
}

// canonical writes JSON as a mapping does: sorted members, digits as they are.
func canonical(text string) (string, error) {
	value, err := decode(&Request{Body: []byte(text)})
	if err != nil {
		return "", err
	}
	out, err := marshal(value)
	return string(out), err
}
