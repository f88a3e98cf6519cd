package function

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"

	"mayfly/function/internal/problem"
	"mayfly/function/internal/requestlog"
	"mayfly/transform"
)

// counters tell what became of the messages and the requests since the start.
// There are as many as sources, outcomes and rows of the error table allow.
type counters struct {
	mu     sync.Mutex
	values map[counter]int64
}

type counter struct{ name, label, of, outcome string }

func (c *counters) add(which counter, n int) {
	if n <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.values == nil {
		c.values = map[counter]int64{}
	}
	c.values[which] += int64(n)
}

// count takes what is known of a request at its end.
func (s *Service) count(record *requestRecord) {
	messages := func(outcome string, n int) {
		s.counters.add(counter{"mayfly_messages_total", "source", record.source, outcome}, n)
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
	if record.problem != nil {
		s.counters.add(counter{"mayfly_refusals_total", "code", string(record.problem.Code), ""}, 1)
	}
}

// maxNotes bounds the records of one request.
const maxNotes = 10

// note tells in the log what a codec had to say and what was left out of a body, and
// counts it.
func (s *Service) note(ctx context.Context, record *requestRecord, notes []transform.Note) {
	for i, n := range notes {
		if record.notes == nil {
			record.notes = map[transform.NoteKind]int{}
		}
		record.notes[n.Kind]++
		if i < maxNotes && n.Kind != transform.NoteUndecoded {
			s.log.LogAttrs(ctx, slog.LevelWarn, noteMessage(n.Kind),
				slog.String("requestId", requestlog.ID(ctx)), slog.String("source", record.source),
				slog.String("device", hidden(n.DeviceID, record.secrets)), slog.String("kind", string(n.Kind)),
				slog.String("text", hidden(n.Text, record.secrets)))
		}
	}
}

func noteMessage(kind transform.NoteKind) string {
	if kind.ForSender() {
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
	_, _ = w.Write([]byte(s.counters.text()))
}

var counterHelp = []struct{ name, help string }{
	{"mayfly_messages_total", "Messages by source and by what became of them."},
	{"mayfly_refusals_total", "Requests that were not answered 2xx, by code."},
}

func (c *counters) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	for _, family := range counterHelp {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s counter\n", family.name, family.help, family.name)
		var lines []string
		for k, n := range c.values {
			if k.name != family.name {
				continue
			}
			labels := fmt.Sprintf("%s=%q", k.label, k.of)
			if k.outcome != "" {
				labels += fmt.Sprintf(",outcome=%q", k.outcome)
			}
			lines = append(lines, fmt.Sprintf("%s{%s} %d\n", k.name, labels, n))
		}
		slices.Sort(lines)
		b.WriteString(strings.Join(lines, ""))
	}
	return b.String()
}
