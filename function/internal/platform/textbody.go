package platform

import "context"

type textBodyKey struct{}

// WithTextBody marks a request whose body the front passed as text and whose text holds
// U+FFFD, which stands for bytes that were not UTF-8 unless the sender wrote it itself.
// remedy says how the front passes bodies unchanged.
func WithTextBody(ctx context.Context, remedy string) context.Context {
	return context.WithValue(ctx, textBodyKey{}, remedy)
}

// TextBody returns the remedy of a request that [WithTextBody] marked, and an empty
// string for others.
func TextBody(ctx context.Context) string {
	remedy, _ := ctx.Value(textBodyKey{}).(string)
	return remedy
}
