package function

import (
	"context"
	"log/slog"
	"net/http"

	"mayfly/function/internal/counters"
	"mayfly/function/internal/problem"
	"mayfly/function/internal/requestlog"
	"mayfly/transform"
)

// count takes what is known of a request at its end.
func (s *Service) count(record *requestRecord) {
	messages := func(outcome string, n int) {
		name := counters.Counter{Name: "mayfly_messages_total", Label: "source", Of: record.source, Outcome: outcome}
		s.counters.Add(name, n)
	}
	if record.source != "" {
		messages("delivered", record.delivered)
		messages("ignored", record.ignored)
		messages("repeated", record.repeated)
		for kind, n := range record.notes {
			messages(string(kind), n)
		}
		if record.problem != nil && !record.problem.Retryable {
			messages("rejected", max(len(record.problem.Results)-record.delivered, 1))
		}
	}
	if p := record.problem; p != nil {
		s.counters.Add(counters.Counter{Name: "mayfly_refusals_total", Label: "code", Of: string(p.Code)}, 1)
	}
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
		record.noted++
		if record.noted <= maxNotes && n.Kind != transform.NoteUndecoded {
			s.log.LogAttrs(ctx, slog.LevelWarn, noteMessage(n.Kind),
				slog.String("requestId", requestlog.ID(ctx)), slog.String("source", record.source),
				slog.String("device", hidden(n.DeviceID, record.secrets)), slog.String("kind", string(n.Kind)),
				slog.String("text", hidden(n.Text, record.secrets)))
		}
	}
}

func noteMessage(kind transform.NoteKind) string {
	switch {
	case kind == transform.NoteTemplate:
		return "template"
	case kind.ForSender():
		return "body"
	}
	return "codec"
}

// metrics shows the counters in Prometheus' text format, on the plain server: an
// instance of a function is asked by nobody twice.
func (s *Service) metrics(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		s.refuse(w, r, &problem.Error{Code: problem.MethodNotAllowed, Allow: "GET, HEAD", Detail: "use GET"})
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write([]byte(s.counters.Text()))
}
