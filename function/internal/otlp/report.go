package otlp

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// reportInterval is the least time between two warnings.
const reportInterval = time.Minute

// Reporter tells the operator that telemetry about the bridge is lost, at most once a minute
// for all signals together. It is safe for concurrent use.
type Reporter struct {
	log *slog.Logger
	now func() time.Time

	mu       sync.Mutex
	next     time.Time // before which nothing is told
	failures int       // since the last warning
	lost     int       // spans and data points since then
}

// NewReporter makes a Reporter.
func NewReporter(log *slog.Logger, now func() time.Time) *Reporter {
	return &Reporter{log: log, now: now}
}

// Failed notes that an export of a signal has failed, and how many spans or data points are
// lost by that.
func (r *Reporter) Failed(ctx context.Context, signal string, lost int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures++
	r.lost += lost
	now := r.now()
	if now.Before(r.next) {
		return
	}
	r.log.LogAttrs(ctx, slog.LevelWarn, "telemetry about the bridge is lost",
		slog.String("signal", signal), slog.Int("failures", r.failures), slog.Int("lost", r.lost),
		slog.String("cause", err.Error()))
	r.next, r.failures, r.lost = now.Add(reportInterval), 0, 0
}
