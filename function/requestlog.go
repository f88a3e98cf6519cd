package function

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
)

type requestIDKey struct{}

// RequestID is the host's name for the request that ctx belongs to: Lambda's
// request id, the Functions host's invocation id, or on a plain server the
// caller's X-Request-Id (when it is at most 128 printable characters) or a new
// one. It is empty outside of a request.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

func withRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// logPanic writes what a handler panicked with.
func logPanic(ctx context.Context, log *slog.Logger, value any) {
	log.ErrorContext(ctx, "the handler panicked",
		"requestId", RequestID(ctx), "panic", fmt.Sprint(value), "stack", string(debug.Stack()))
}
