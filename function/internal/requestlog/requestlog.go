package requestlog

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
)

type requestIDKey struct{}

// ID is the host's name for the request that ctx belongs to: Lambda's
// request id, the Functions host's invocation id, or on a plain server the
// caller's X-Request-Id (when it is at most 128 printable characters) or a new
// one. It is empty outside of a request.
func ID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// WithID gives the context of a request that has an id.
func WithID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// Panic writes what a handler panicked with.
func Panic(ctx context.Context, log *slog.Logger, value any) {
	log.ErrorContext(ctx, "the handler panicked",
		"requestId", ID(ctx), "exception.message", fmt.Sprint(value), "exception.stacktrace", string(debug.Stack()))
}
