package function

import (
	"context"
	"net/http"

	"mayfly/function/internal/auth"
	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/reverse"
	"mayfly/transform"
	"mayfly/transform/message"
)

// chooseEvents reads events that ask for messages to devices of the source that the path names.
func (s *Service) chooseEvents(r *http.Request, request *message.Request) (reading, error) {
	source, err := s.source(r)
	if err == nil {
		err = reverse.Check(source)
	}
	if err != nil {
		return reading{}, err
	}
	request.Header = auth.WithoutCredentials(request.Header)
	how := reading{source: policy.DownlinkPrefix + source.Name, request: request, back: source}
	how.native = func(request *message.Request) (transform.Outcome, error) {
		return reverse.Read(r.Context(), source, request)
	}
	return how, nil
}

// pushBack pushes the messages that are not refused.
func (s *Service) pushBack(ctx context.Context, d *decoded) {
	messages, sent := d.unrefused()
	for i, err := range reverse.Push(ctx, s.pushes, d.back, messages) {
		sent[i].err = err
	}
}
