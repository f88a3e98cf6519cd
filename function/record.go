package function

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"mayfly/function/internal/answerstatus"
	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/commands"
	"mayfly/function/internal/requestlog"
	"mayfly/function/internal/sanitize"
	"mayfly/function/internal/trace"
	"mayfly/transform"
	"mayfly/transform/message"
)

// requestRecord is what the log and the metrics will say of a request.
type requestRecord struct {
	arrived   time.Time
	client    context.Context    //nolint:containedctx // ends where the client is gone
	commands  *commands.Delivery // that go with the answer
	status    answerstatus.Writer
	span      *trace.Request // nil where nothing is traced, or the sender is not known yet
	source    string
	caller    *policy.Caller
	devices   int
	delivered int
	queued    int // accepted by the queue
	ignored   int
	reduced   int // readings that reduce has put into other messages, which are stored, or has left out
	refused   int
	failed    int      // and may be sent again
	bridge    bool     // failures have the statuses of Microsoft's bridge
	repeated  int      // stored before, and not sent again
	reasons   []string // why parts were ignored
	messages  []message.Message
	notes     map[transform.NoteKind]int
	noted     int // all of them
	problem   *Problem
	accepted  bool              // the problem was answered 2xx, because the sender punishes others
	secrets   []string          // ids of devices that answers and the log must not show
	speaks    *transform.Source // whose sender reads the answer; nil: Mayfly's own words
	settle    func(again bool)  // makes the signature good again, for a request that has to come once more, or used
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

// silent tells whether a request is not worth a record: a health check.
func (rec *requestRecord) silent() bool { return rec.source == "" && rec.problem == nil }

// maxPath bounds a path in the log: a request's head may be much longer.
const maxPath = 256

// write writes the one log record of a request. Health checks have none. Names are those of OpenTelemetry's semantic
// conventions where these have one; docs/observability.md lists all.
func (rec *requestRecord) write(ctx context.Context, log *slog.Logger, r *http.Request, now time.Time) {
	if rec.silent() {
		return
	}
	attrs := []slog.Attr{
		slog.String("requestId", requestlog.ID(ctx)),
		slog.String("http.request.method", bounded(r.Method, maxPath)),
		slog.String("url.path", bounded(r.URL.Path, maxPath)),
		slog.Int("http.response.status_code", cmp.Or(rec.status.Code, http.StatusOK)),
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
	count("queued", rec.queued)
	count("ignored", rec.ignored)
	count("reduced", rec.reduced)
	if len(rec.reasons) > 0 {
		attrs = append(attrs, slog.String("reason", strings.Join(rec.reasons, ", ")))
	}
	count("refused", rec.refused)
	count("repeated", rec.repeated)
	count("commands", rec.commands.Len())
	for _, kind := range slices.Sorted(maps.Keys(rec.notes)) {
		name := string(kind)
		if kind == transform.NoteTime {
			name = "times" // time is when the record was written
		}
		count(name, rec.notes[kind])
	}
	level := slog.LevelInfo
	if p := rec.problem; p != nil {
		p.Hide(rec.secrets)
		level = p.LogLevel()
		attrs = append(attrs, p.Attrs(rec.secrets)...)
		attrs = append(attrs, rec.about(r)...)
		if rec.accepted {
			attrs = append(attrs, slog.Bool("accepted", true))
		}
	}
	log.LogAttrs(ctx, level, "request", attrs...)
}

// bounded shortens a foreign text, which is nearly always short.
func bounded(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return sanitize.Line(text, limit)
}
