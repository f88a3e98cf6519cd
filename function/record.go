package function

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"time"

	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/requestlog"
	"mayfly/transform"
)

// requestRecord is what the log and the counters will say of a request.
type requestRecord struct {
	arrived   time.Time
	source    string
	caller    *policy.Caller
	devices   int
	delivered int
	ignored   int
	repeated  int // stored before, and not sent again
	notes     map[transform.NoteKind]int
	problem   *Problem
	secrets   []string // ids of devices that answers and the log must not show
	forget    func()   // makes the signature good again, for a request that has to come once more
}

type recordKey struct{}

func withRecord(ctx context.Context, record *requestRecord) context.Context {
	return context.WithValue(ctx, recordKey{}, record)
}

// recordOf gives the record of the request that ctx belongs to; one that nobody
// reads outside of a request.
func recordOf(ctx context.Context) *requestRecord {
	if record, ok := ctx.Value(recordKey{}).(*requestRecord); ok {
		return record
	}
	return &requestRecord{}
}

// write writes the one log record of a request. Health checks have none.
func (rec *requestRecord) write(ctx context.Context, log *slog.Logger, r *http.Request, now time.Time) {
	if rec.source == "" && rec.problem == nil {
		return
	}
	attrs := []slog.Attr{
		slog.String("requestId", requestlog.ID(ctx)),
		slog.String("method", r.Method),
		slog.String("path", r.URL.Path),
		slog.Float64("ms", float64(now.Sub(rec.arrived).Microseconds())/1000),
	}
	if rec.source != "" {
		attrs = append(attrs, slog.String("source", rec.source))
	}
	if rec.caller != nil {
		attrs = append(attrs, slog.String("caller", rec.caller.Name))
	}
	count := func(name string, n int) {
		if n > 0 {
			attrs = append(attrs, slog.Int(name, n))
		}
	}
	count("devices", rec.devices)
	count("delivered", rec.delivered)
	count("ignored", rec.ignored)
	count("repeated", rec.repeated)
	for _, kind := range slices.Sorted(maps.Keys(rec.notes)) {
		count(string(kind), rec.notes[kind])
	}
	level := slog.LevelInfo
	if p := rec.problem; p != nil {
		p.hide(rec.secrets)
		level = p.logLevel()
		attrs = append(attrs, p.attrs(rec.secrets)...)
	}
	log.LogAttrs(ctx, level, "request", attrs...)
}

// logLevel tells how much a problem concerns the operator: an upstream that is
// busy heals by itself.
func (p *Problem) logLevel() slog.Level {
	if p.Status >= 500 && p.Status != http.StatusServiceUnavailable {
		return slog.LevelError
	}
	return slog.LevelWarn
}

// attrs is the problem as the log has it.
func (p *Problem) attrs(secrets []string) []slog.Attr {
	attrs := []slog.Attr{
		slog.Int("status", p.Status), slog.String("code", string(p.Code)), slog.String("detail", p.Detail),
	}
	if p.cause != nil {
		attrs = append(attrs, slog.String("cause", hidden(p.cause.Error(), secrets)))
	}
	if p.Upstream != nil {
		attrs = append(
			attrs,
			slog.String("upstream", p.Upstream.Service),
			slog.Int("upstreamStatus", p.Upstream.Status),
			slog.String("upstreamError", p.Upstream.ErrorCode),
			slog.String("trackingId", p.Upstream.TrackingID),
		)
	}
	return attrs
}
