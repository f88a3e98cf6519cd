package function

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"mayfly/function/internal/problem"
	"mayfly/function/internal/requestlog"
	"mayfly/transform"
)

// accepted is the answer to a request that went well.
type accepted struct {
	Delivered int
	Ignored   int
	Notes     []string // what was left out of the body, a sentence each
}

// text is the answer as JSON, a line of it.
func (a accepted) text() []byte {
	b := strconv.AppendInt([]byte(`{"delivered":`), int64(a.Delivered), 10)
	if a.Ignored > 0 {
		b = strconv.AppendInt(append(b, `,"ignored":`...), int64(a.Ignored), 10)
	}
	if len(a.Notes) > 0 {
		notes, _ := json.Marshal(a.Notes) // texts always marshal
		b = append(append(b, `,"notes":`...), notes...)
	}
	return append(b, "}\n"...)
}

// answer tells the sender how its messages fared.
func (s *Service) answer(w http.ResponseWriter, r *http.Request, d *decoded, results []error) {
	rec := recordOf(r.Context())
	problems := make([]*Problem, len(results))
	for i, err := range results {
		if err == nil {
			rec.delivered++
		} else {
			problems[i] = problemOf(r.Context(), err, s.now())
		}
	}
	p := worst(problems)
	if p == nil {
		s.accept(w, d, accepted{rec.delivered, rec.ignored, senderNotes(d.notes)})
		return
	}
	if len(results) > 1 {
		p.Delivered = rec.delivered
		p.Results = make([]Result, len(results))
		for i, one := range problems {
			p.Results[i] = Result{DeviceID: d.messages[i].DeviceID, Status: http.StatusOK}
			if one != nil {
				p.Results[i] = Result{d.messages[i].DeviceID, one.Status, one.Code, one.Retryable, one.Detail}
			}
		}
	}
	if d.lenient && !p.Retryable {
		rec.problem, rec.accepted = p, true
		s.accept(w, d, accepted{rec.delivered, rec.ignored, senderNotes(d.notes)})
		return
	}
	s.fail(w, r, p)
}

// senderNotes gives what the sender should know of what was delivered.
func senderNotes(notes []transform.Note) []string {
	var texts []string
	for _, n := range notes {
		if n.Kind.ForSender() {
			texts = append(texts, n.Text)
		}
	}
	return texts
}

// accept answers 2xx, in the words that the source's sender wants to hear.
func (s *Service) accept(w http.ResponseWriter, d *decoded, a accepted) {
	status := cmp.Or(d.answer.Status, http.StatusOK)
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	contentType, body := "application/json", []byte(d.answer.Body)
	if d.answer.Body == "" {
		body = a.text()
	} else if d.answer.ContentType != "" {
		contentType = d.answer.ContentType
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// reject answers an error of decoding: 2xx where the source's sender punishes
// refusals, and then it is in the log alone. A body of somebody else is refused: its
// sender is not the one that punishes.
func (s *Service) reject(w http.ResponseWriter, r *http.Request, d *decoded, err error) {
	if p := problemOf(r.Context(), err, s.now()); d.lenient && !p.Retryable && !transform.IsForeign(err) {
		s.explain(r, p, err)
		rec := recordOf(r.Context())
		rec.problem, rec.accepted = p, true
		s.accept(w, d, accepted{})
		return
	}
	s.refuse(w, r, err)
}

// refuse answers an error that ends the request before anything is sent.
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if own, ok := errors.AsType[*problem.Error](err); ok {
		if own.Allow != "" {
			w.Header().Set("Allow", own.Allow)
		}
		if own.Code == problem.Unauthenticated {
			w.Header().Set("WWW-Authenticate", `Bearer realm="mayfly"`)
		}
	}
	p := problemOf(r.Context(), err, s.now())
	s.explain(r, p, err)
	if p.Code == problem.Internal {
		s.log.ErrorContext(r.Context(), "internal error", "error", err.Error())
	}
	s.fail(w, r, p)
}

// finish makes a problem ready to be answered, and hands it to the log.
func (s *Service) finish(r *http.Request, p *Problem) *Problem {
	rec := recordOf(r.Context())
	rec.problem = p
	p.hide(rec.secrets)
	p.RequestID = requestlog.ID(r.Context())
	return p
}

// fail answers a problem.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, p *Problem) {
	p = s.finish(r, p)
	h := w.Header()
	h.Set("Content-Type", problem.MediaType)
	h.Set("Cache-Control", "no-store")
	if p.Retryable {
		h.Set("Retry-After", seconds(p.retryAfter))
	}
	w.WriteHeader(p.Status)
	body, _ := json.Marshal(p) // texts and numbers always marshal
	_, _ = w.Write(append(body, '\n'))
}

func byteCount(n int64) string {
	if n >= 1<<10 && n%(1<<10) == 0 {
		return strconv.FormatInt(n>>10, 10) + " KiB"
	}
	return strconv.FormatInt(n, 10) + " bytes"
}
