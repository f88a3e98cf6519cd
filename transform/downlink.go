package transform

import (
	"context"
	"strings"

	"mayfly/transform/codec"
	"mayfly/transform/downlink"
	"mayfly/transform/mapping"
	"mayfly/transform/media"
	"mayfly/transform/message"
)

// Pusher gives what hands messages to the cloud that speaks for the devices; nil where the source has no address.
func (s *Source) Pusher() *downlink.Pusher { return s.pusher }

// Uplink gives what a message that goes back to a device needs of the request that it follows.
func (s *Source) Uplink(ctx context.Context, r *message.Request, part int) (downlink.Uplink, error) {
	r = &message.Request{ // its values count anew
		Method: r.Method, Path: r.Path, Query: r.Query, Header: r.Header, Body: r.Body, Received: r.Received,
	}
	j := newJob(ctx, r)
	defer j.Done()
	_, parts, err := s.read(j, media.SkippingLines())
	if err != nil || part >= len(parts) {
		return downlink.Uplink{}, err
	}
	request := mapping.RequestValue(r)
	request["body"] = parts[part]
	up := downlink.Uplink{Request: request}
	if s.pusher != nil {
		name := strings.ToLower(s.pusher.RequestKey)
		headers, _ := request["headers"].(map[string]any)
		up.Key, _ = headers[name].(string)
		delete(headers, name)
	}
	if s.codecs == nil {
		return up, nil
	}
	for _, l := range s.let {
		value, err := j.One(l.value, parts[part])
		if err != nil {
			return up, err
		}
		j.Bind(value)
	}
	profile, err := j.Text(s.of.profile, parts[part])
	up.Encoder = s.codecs.Encoder(profile)
	return up, err
}

// Encoder gives the codec that encodes for devices whose profile is not known; nil where there is none that does.
func (s *Source) Encoder() codec.Encoder { return s.codecs.Encoder("") }
