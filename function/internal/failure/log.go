package failure

import (
	"log/slog"
	"net/http"

	"mayfly/function/internal/logged"
)

// LogLevel tells how much a problem concerns the operator: an upstream that is
// busy heals by itself.
func (p *Problem) LogLevel() slog.Level {
	if p.Status >= 500 && p.Status != http.StatusServiceUnavailable {
		return slog.LevelError
	}
	return slog.LevelWarn
}

// Attrs is the problem as the log has it: what the sender is told, without values of the
// body.
func (p *Problem) Attrs(secrets []string) []slog.Attr {
	attrs := []slog.Attr{
		slog.String("code", string(p.Code)), slog.String("detail", p.Detail),
	}
	if p.Cause != nil {
		attrs = append(attrs, slog.String("cause", logged.Hide(p.Cause.Error(), secrets)))
	}
	if len(p.Errors) > 0 {
		attrs = append(attrs, slog.Any("errors", logged.Errors(p.Errors, secrets)))
	}
	if n := len(p.Errors) - logged.Max; n > 0 {
		attrs = append(attrs, slog.Int("moreErrors", n))
	}
	if failed := logged.Results(p.Results); len(failed) > 0 {
		attrs = append(attrs, slog.Any("failed", failed))
	}
	if p.Upstream != nil {
		attrs = append(
			attrs,
			slog.String("upstream", p.Upstream.Service),
			slog.Int("upstreamStatus", p.Upstream.Status),
			slog.String("upstreamError", p.Upstream.ErrorCode),
			slog.String("upstreamMessage", logged.Text(p.Upstream.Message)),
			slog.String("trackingId", p.Upstream.TrackingID),
		)
	}
	return attrs
}
