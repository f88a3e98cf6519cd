package jetstream

import (
	"context"
	"errors"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mayfly/function/internal/queue"
	"mayfly/internal/secret"
)

// Codes of JetStream's errors (nats-server, server/errors.json).
const (
	codeAccountResources = 10002
	codeInsufficient     = 10023
	codeStorageResources = 10047
	codeMemoryResources  = 10028
	codeMessageTooLarge  = 10054
	codeStoreFailed      = 10077
)

// kindOf tells what a failure means: of the client, of the server, or one that has its kind already.
func kindOf(err error) queue.Kind {
	var own *queue.Error
	var api *jetstream.APIError
	var broken *secret.Error
	switch {
	case errors.As(err, &own):
		return own.Kind
	case errors.As(err, &api):
		return kindOfAPI(api)
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired),
		errors.Is(err, nats.ErrAuthRevoked), errors.Is(err, nats.ErrAccountAuthExpired),
		errors.Is(err, nats.ErrPermissionViolation):
		return queue.Denied
	case errors.Is(err, nats.ErrMaxPayload):
		return queue.TooLarge
	case errors.As(err, &broken) && !broken.Temporary, errors.Is(err, secret.ErrReference):
		return queue.Denied
	}
	return queue.Unavailable
}

func kindOfAPI(e *jetstream.APIError) queue.Kind {
	switch int(e.ErrorCode) {
	case int(jetstream.JSErrCodeStreamNotFound), int(jetstream.JSErrCodeConsumerNotFound):
		return queue.Missing
	case codeMessageTooLarge:
		return queue.TooLarge
	case codeAccountResources, codeInsufficient, codeStorageResources, codeMemoryResources:
		return queue.Full
	case codeStoreFailed:
		switch {
		case strings.Contains(e.Description, "read-only"):
			return queue.ReadOnly
		case strings.Contains(e.Description, "maximum"), strings.Contains(e.Description, "no space"):
			return queue.Full
		}
	}
	return queue.Unavailable
}

// failed makes the error of a call. Where nobody listens for the stream it asks why: it may be gone.
func (q *Queue) failed(ctx context.Context, err error) error {
	if own := context.Cause(ctx); own != nil && errors.Is(err, own) && !errors.Is(own, context.DeadlineExceeded) {
		return q.fail(queue.Unavailable, own)
	}
	kind := kindOf(err)
	if kind == queue.Unavailable && noStream(err) {
		kind = q.whyNoStream(ctx)
	}
	if kind == queue.Missing {
		q.link.forget()
	}
	return q.fail(kind, err)
}

func noStream(err error) bool {
	return errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse) ||
		errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrConsumerDeleted)
}

// whyNoStream asks by the connection alone: another call that failed may have forgotten the session meanwhile.
func (q *Queue) whyNoStream(ctx context.Context) queue.Kind {
	_, js := q.link.connection()
	if js == nil {
		return queue.Unavailable
	}
	if _, err := js.Stream(ctx, q.target.stream); errors.Is(err, jetstream.ErrStreamNotFound) {
		return queue.Missing
	}
	return queue.Unavailable
}
