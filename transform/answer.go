package transform

import (
	"context"

	"mayfly/transform/answer"
	"mayfly/transform/mapping"
	"mayfly/transform/media"
	"mayfly/transform/message"
)

// Reply makes the answer to a request. An error says which expression of the answer
// failed; the answer is Mayfly's own then.
func (s *Source) Reply(ctx context.Context, r *message.Request, o *answer.Report) (answer.Replied, error) {
	return s.answers.Reply(ctx, s.answered(r), o)
}

// ReplyCommands makes the answer with which messages go down to the device, by downlink of the definition.
func (s *Source) ReplyCommands(ctx context.Context, r *message.Request, commands []any) (answer.Replied, error) {
	return s.commands.Reply(ctx, s.answered(r), commands)
}

// answered is a request as answers see it.
func (s *Source) answered(r *message.Request) answer.Request {
	return answer.Request{
		Value: func() any { return mapping.RequestValue(r) },
		Body: func() any {
			again := &message.Request{ // its values count anew
				Method: r.Method, Path: r.Path, Query: r.Query, Header: r.Header, Body: r.Body,
				Received: r.Received, Replaced: r.Replaced, Room: r.Room, MaxMessages: r.MaxMessages,
			}
			body, _ := s.decode(again, media.SkippingLines()) // null where it cannot be read
			return s.Signature.Visible(body)
		},
	}
}

// Probe finds the probe that a request is, which holds no messages; nil where it is none.
// path is what follows /api/SOURCE/.
func (s *Source) Probe(method, path string) *answer.Probe { return s.answers.Probe(method, path) }

// ReplyProbe makes the answer to the probe that a request is. Its body is read by its media
// type, whatever the source's messages are.
func (s *Source) ReplyProbe(ctx context.Context, r *message.Request, path string) (answer.Replied, error) {
	return s.answers.ReplyProbe(ctx, answer.Request{
		Value: func() any { return mapping.RequestValue(r) },
		Body: func() any {
			body, _ := media.Decode(r, media.Reading{}) // null where it cannot be read
			return body
		},
	}, r.Method, path)
}
