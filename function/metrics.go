package function

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"mayfly/function/internal/logged"
	"mayfly/function/internal/metrics"
	"mayfly/function/internal/platform"
	"mayfly/function/internal/problem"
	"mayfly/function/internal/requestlog"
	"mayfly/transform"
)

// collect has the sizes of the service read when somebody asks for them.
func (s *Service) collect(around func() Around) {
	set := s.metrics
	set.Collect(metrics.RequestsInFlight, func(to metrics.Setter) { to(float64(s.load.requests.Taken())) })
	set.Collect(metrics.RequestsInFlightLimit, func(to metrics.Setter) { to(float64(s.sizes.InFlight)) })
	set.Collect(metrics.RoomBytes, func(to metrics.Setter) {
		to(float64(s.load.working.Held()), "working")
		to(float64(s.load.bodies.Held()), "bodies")
		to(float64(s.load.unauthenticated.Held()), "unauthenticated")
	})
	set.Collect(metrics.RoomLimitBytes, func(to metrics.Setter) {
		to(float64(s.sizes.Working), "working")
		to(float64(s.sizes.Bodies), "bodies")
		to(float64(s.sizes.Unauthenticated), "unauthenticated")
	})
	if around != nil {
		set.Collect(metrics.CodecWorkers, func(to metrics.Setter) { to(float64(around().CodecWorkers)) })
		set.Collect(metrics.CodecQueue, func(to metrics.Setter) { to(float64(around().CodecQueue)) })
		set.Collect(metrics.LogLinesDropped, func(to metrics.Setter) { to(float64(around().LogLinesDropped)) })
	}
}

// count takes what is known of a request at its end.
func (s *Service) count(record *requestRecord, r *http.Request) {
	if s.metrics == nil || record.silent() {
		return
	}
	source, code, status := record.sourceName(), "ok", cmp.Or(record.status.Code, http.StatusOK)
	rejected, failed := record.refused, record.failed
	if p := record.problem; p != nil {
		code, status = string(p.Code), cmp.Or(record.status.Code, p.Status)
		if rejected+failed == 0 { // before anything was sent; what was not read counts as one message
			rejected = max(len(record.messages), 1)
			if p.Retryable {
				rejected, failed = 0, rejected
			}
		}
	}
	if record.source != "" {
		messages := func(outcome string, n int) { s.metrics.Add(metrics.Messages, n, source, outcome) }
		messages("delivered", record.delivered-record.repeated)
		messages("accepted", record.queued)
		messages("deduplicated", record.repeated)
		messages("ignored", record.ignored)
		messages("reduced", record.reduced)
		messages("rejected", rejected)
		messages("failed", failed)
		for kind, n := range record.notes {
			s.metrics.Add(metrics.Notes, n, source, string(kind))
		}
	}
	route := routeName(r.Pattern)
	s.metrics.Add(metrics.Requests, 1, route, source, strconv.Itoa(status), code)
	s.metrics.Observe(metrics.RequestDuration, s.now().Sub(record.arrived), route, source)
}

// flush sends what a request has counted and traced where nothing runs after its answer, or a line for each is wanted.
func (s *Service) flush(ctx context.Context, record *requestRecord) {
	if record.silent() {
		return
	}
	if s.config.Host != platform.Lambda {
		s.outlet.Flush(ctx)
		return
	}
	s.flushAll(ctx)
}

// flushAll exports what is known, before the process is frozen.
func (s *Service) flushAll(ctx context.Context) {
	var traces sync.WaitGroup
	traces.Go(func() { s.tracer.Flush(ctx) })
	s.outlet.Flush(ctx)
	traces.Wait()
}

// Close ends what Start has begun, and sends what is left of the telemetry about the service. For that it waits
// shutdownTime at most.
func (s *Service) Close() {
	if s.stopWork != nil {
		s.stopWork()
		s.working.Wait()
	}
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	var traces sync.WaitGroup
	traces.Go(func() { s.tracer.Shutdown(ctx) })
	s.outlet.Close(ctx)
	traces.Wait()
	if s.state != nil {
		s.state.Close()
	}
}

// shutdownTime bounds what the end of the process waits for the receiver of telemetry.
const shutdownTime = 2 * time.Second

// sourceName gives the source of a request as metrics name it: never what a path says that nothing is served at.
func (rec *requestRecord) sourceName() string {
	switch {
	case rec.source != "":
		return rec.source
	case rec.speaks != nil:
		return rec.speaks.Name
	}
	return "none"
}

// routeName gives the name of a route by its pattern.
func routeName(pattern string) string {
	pattern = strings.TrimSuffix(strings.TrimSuffix(pattern, "/{$}"), "/{rest...}")
	if pattern == "" || pattern == "/" {
		return metrics.Other
	}
	return pattern
}

// maxNotes bounds the records of one request.
const maxNotes = 10

// note tells in the log what a codec had to say, what was left out of a body and what does
// not fit a device template, and counts it.
func (s *Service) note(ctx context.Context, record *requestRecord, notes []transform.Note) {
	for _, n := range notes {
		if record.notes == nil {
			record.notes = map[transform.NoteKind]int{}
		}
		record.notes[n.Kind]++
		if n.Kind == transform.NoteCredential && !s.told.First(record.source+" "+n.Text) {
			continue // senders write it into each message
		}
		record.noted++
		if record.noted <= maxNotes && n.Kind != transform.NoteUndecoded {
			s.log.LogAttrs(ctx, slog.LevelWarn, noteMessage(n.Kind),
				slog.String("requestId", requestlog.ID(ctx)), slog.String("source", record.source),
				slog.String("device", logged.Hide(n.DeviceID, record.secrets)), slog.String("kind", string(n.Kind)),
				slog.String("text", logged.Hide(n.Text, record.secrets)))
		}
	}
}

func noteMessage(kind transform.NoteKind) string {
	switch {
	case kind == transform.NoteTemplate, kind == transform.NoteCredential, kind == transform.NoteTime:
		return string(kind)
	case kind.ForSender():
		return "body"
	}
	return "codec"
}

// showMetrics answers a scrape, on the plain server: an instance of a function is asked by nobody twice.
func (s *Service) showMetrics(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		s.refuse(w, r, &problem.Error{Code: problem.MethodNotAllowed, Allow: "GET, HEAD", Detail: "use GET"})
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	s.metrics.Handler().ServeHTTP(w, r)
}
