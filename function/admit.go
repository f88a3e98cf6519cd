package function

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"unicode/utf8"

	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/bodyroom"
	"mayfly/function/internal/decompress"
	"mayfly/function/internal/platform"
	"mayfly/function/internal/problem"
	"mayfly/function/internal/workroom"
	"mayfly/transform/message"
)

// readBody reads a body whole, decompressed, within the limit. What is over the
// limit is not read to its end. The body that it returns is on the lease.
func (s *Service) readBody(
	w http.ResponseWriter, r *http.Request, caller *policy.Caller, lease *workroom.Lease,
) ([]byte, error) {
	limit := s.config.BodyLimit
	size := problem.ByteCount(limit)
	tooLarge := &problem.Error{Code: problem.BodyTooLarge, Detail: "the body is larger than " + size}
	if r.ContentLength > limit {
		return nil, tooLarge
	}
	room := s.openBody(r, caller)
	defer room.Close()
	encodings := decompress.Encodings(r.Header)
	if err := decompress.Check(encodings); err != nil {
		return nil, err
	}
	body, err := room.ReadAll(http.MaxBytesReader(w, r.Body, limit), r.ContentLength)
	var over *http.MaxBytesError
	switch {
	case err != nil && room.Evicted():
		return nil, problem.ErrBusy
	case errors.As(err, &over):
		return nil, tooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, &problem.Error{Code: problem.BodyTooSlow, Detail: "the rest of the body did not come in time"}
	case err != nil:
		return nil, &problem.Error{
			Code:   problem.MalformedBody,
			Detail: "the body ended before its time: " + err.Error(),
		}
	}
	if err := lease.Take(workroom.RequestBytes + int64(cap(body))); err != nil {
		return nil, workroom.Problem(err)
	}
	if len(encodings) > 0 && platform.TextBody(r.Context()) != "" {
		return nil, message.ErrReplaced // no compressed body is text
	}
	// Each layer is bounded: a small one may hold a large one that holds nothing.
	for _, encoding := range slices.Backward(encodings) {
		compressed := body
		body, err = s.decompressor.Decompress(r.Context(), compressed, encoding, lease)
		switch noRoom := workroom.Problem(err); {
		case noRoom != nil:
			return nil, noRoom
		case errors.Is(err, decompress.ErrTooLarge):
			return nil, tooLarge
		case err != nil && isReplaced(compressed):
			return nil, message.ErrReplaced
		case err != nil:
			return nil, &problem.Error{
				Code:   problem.MalformedBody,
				Detail: "the body is not " + encoding + ": " + err.Error(),
			}
		}
		lease.Give(int64(cap(compressed)))
	}
	return body, nil
}

// lacksLength tells whether a request ought to have a body, and does not say how long it
// is: it has none then (RFC 9112, section 6.3), even if bytes follow and the connection is
// closed after them. In front of Lambda and in HTTP/2 a length is not needed.
func (s *Service) lacksLength(r *http.Request) bool {
	return r.ContentLength == 0 && r.Header["Content-Length"] == nil && len(r.TransferEncoding) == 0 &&
		r.ProtoMajor == 1 && s.config.Host != platform.Lambda &&
		(r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch)
}

// isReplaced tells whether a body that should be bytes was read as text on its way: text
// with U+FFFD in it, on hosts that do not say how they passed it.
func isReplaced(body []byte) bool { return bytes.Contains(body, []byte("\ufffd")) && utf8.Valid(body) }

// explain adds to a problem what became of the body on its way.
func (s *Service) explain(r *http.Request, p *Problem, err error) {
	explainReplaced(r.Context(), p, err)
	if (p.Code == problem.MalformedBody || p.Code == problem.InvalidMessage) && s.lacksLength(r) {
		p.Detail = "the request has no body, because it has no Content-Length: send it, or Transfer-Encoding: " +
			"chunked, even if the connection is closed after the request"
	}
}

// explainReplaced adds to a problem what lost the bytes of a body, and how to keep them.
func explainReplaced(ctx context.Context, p *Problem, err error) {
	remedy := platform.TextBody(ctx)
	lost := errors.Is(err, message.ErrReplaced)
	switch {
	case lost:
		p.Detail += ": " + cmp.Or(remedy, "have it pass bodies unchanged")
	case remedy == "" || len(p.Errors) > 0:
	case p.Code == problem.Unauthenticated && recordOf(ctx).source == "": // nobody looked at the body
	case p.Code == problem.MalformedBody, p.Code == problem.UnsupportedMedia, p.Code == problem.Unauthenticated,
		p.Code == problem.InvalidMessage:
		p.Detail += "; the body was passed as text and holds U+FFFD: if bytes were sent, " + remedy
	}
}

// openBody begins a body in the room of its sender. Who has shown a credential is
// known by name, everybody else by address.
func (s *Service) openBody(r *http.Request, caller *policy.Caller) *bodyroom.Body {
	room, from := s.load.bodies, ""
	if caller != nil {
		from = "caller " + caller.Name
	} else {
		from = "network " + s.auth.Network(r).String()
		if s.config.Auth == policy.ModeKeys {
			room = s.load.unauthenticated
		}
	}
	var cut func()
	if c, ok := r.Body.(interface{ Cut() }); ok { // of a socket
		cut = c.Cut
	}
	return room.Open(from, cut)
}

// checkCount refuses more messages than one request may hold.
func (s *Service) checkCount(n int) error {
	if n <= s.config.MaxMessages {
		return nil
	}
	return &problem.Error{
		Code:   problem.BodyTooLarge,
		Detail: fmt.Sprintf("the body holds %d messages; the bridge takes %d at a time", n, s.config.MaxMessages),
	}
}
