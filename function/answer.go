package function

import (
	"cmp"
	"errors"
	"net/http"

	"mayfly/function/internal/accepted"
	"mayfly/function/internal/failure"
	"mayfly/function/internal/problem"
	"mayfly/function/internal/requestlog"
	"mayfly/function/internal/results"
	"mayfly/transform"
	"mayfly/transform/answer"
)

// answer tells the sender how its messages fared. A failure that a retry may heal wins:
// what is stored then is recognised when it comes again. Failures that no retry can heal
// must not make the sender send again what is stored.
func (s *Service) answer(w http.ResponseWriter, r *http.Request, d *decoded) {
	rec := recordOf(r.Context())
	problems := make([]*Problem, len(d.items))
	for i := range d.items {
		if err := d.items[i].err; err != nil {
			problems[i] = failure.Of(r.Context(), err, s.now())
			if !problems[i].Retryable {
				rec.refused++
			} else {
				rec.failed++
			}
		} else {
			if d.items[i].queued {
				rec.queued++
			} else {
				rec.delivered++
			}
			rec.reduced += d.items[i].joined
		}
	}
	rec.reduced += d.leftOut
	p := failure.Worst(problems)
	if p == nil {
		if rec.queued == 0 { // else the hub is not asked for anything now
			s.collectCommands(r, d)
		}
		s.accept(w, r, d, &answer.Report{
			Delivered: rec.delivered, Accepted: rec.queued, Ignored: rec.ignored,
		}, nil)
		return
	}
	if len(d.items) > 1 {
		p.Delivered, p.Accepted = rec.delivered, rec.queued
		p.Results, p.Errors = resultsOf(d, problems), fieldErrors(problems)
	}
	report := &answer.Report{
		Class: answer.Refused, Delivered: rec.delivered, Accepted: rec.queued, Ignored: rec.ignored,
		Refused: rec.refused,
	}
	switch {
	case p.Retryable:
		report.Class = answer.Error
	case d.lenient:
		report.Class = answer.Stored
	case rec.delivered+rec.queued > 0:
		report.Class = answer.Partial
	case p.Status >= http.StatusInternalServerError: // the operator's to mend: the sender must not drop its data
		report.Class = answer.Error
	}
	if report.Class == answer.Stored || report.Class == answer.Partial {
		rec.problem, rec.accepted = p, report.Class == answer.Stored
		p.Hide(rec.secrets)
		describe(report, d, p)
		s.accept(w, r, d, report, p)
		return
	}
	s.failAs(w, r, d, report, p)
}

// accept answers what is no problem of HTTP, in the words that the source's sender wants
// to hear. p is what it is told of messages that are refused.
func (s *Service) accept(w http.ResponseWriter, r *http.Request, d *decoded, report *answer.Report, p *Problem) {
	rec := recordOf(r.Context())
	own := accepted.Answer{Delivered: report.Delivered, Accepted: report.Accepted, Ignored: report.Ignored,
		Reduced: rec.reduced, Notes: accepted.Notes(d.notes)}
	if own.Commands = rec.commands.JSON(); rec.commands != nil && rec.commands.Note != "" {
		own.Notes = append(own.Notes, rec.commands.Note)
	}
	if report.Class == answer.Partial {
		own.Refused, own.Results = report.Refused, results.Shorten(p.Results)
	}
	reply, commanded := rec.commands.Reply()
	switch {
	case commanded:
	case d.mapped != nil: // many of these senders take 200 to 204 alone for success
		reply = s.reply(r, d.mapped, d.request, report)
	case report.Class == answer.Partial:
		reply.Status = http.StatusMultiStatus
	}
	if report.Accepted > 0 && !rec.bridge { // senders made for the bridge know 200 alone
		reply.Status = cmp.Or(reply.Status, http.StatusAccepted)
	}
	reply.Status = cmp.Or(reply.Status, http.StatusOK)
	if reply.Body == nil {
		reply.ContentType, reply.Body = "application/json", own.Text()
	}
	rec.commands.Prepare(w, &reply)
	rec.commands.Written(write(w, &reply))
}

// reject answers an error of decoding: 2xx where the source's sender punishes
// refusals, and then it is in the log alone. A body of somebody else is refused: its
// sender is not the one that punishes.
func (s *Service) reject(w http.ResponseWriter, r *http.Request, d *decoded, err error) {
	p := s.problem(r, err)
	if d.lenient && !p.Retryable && !transform.IsForeign(err) {
		rec := recordOf(r.Context())
		rec.problem, rec.accepted = p, true
		s.accept(w, r, d, &answer.Report{}, p)
		return
	}
	if transform.IsForeign(err) {
		recordOf(r.Context()).speaks = nil // another sender's: nobody knows what it reads
	}
	report := &answer.Report{Class: answer.Refused, Refused: 1}
	if p.Retryable {
		report.Class = answer.Error
	}
	s.failAs(w, r, d, report, p)
}

// refuse answers an error that ends the request before anything is sent.
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if own, ok := errors.AsType[*problem.Error](err); ok {
		if own.Allow != "" {
			w.Header().Set("Allow", own.Allow)
		}
		if own.Code == problem.Unauthenticated {
			scheme := "Bearer"
			if own.Basic {
				scheme = "Basic"
			}
			w.Header().Set("WWW-Authenticate", scheme+` realm="mayfly"`)
		}
	}
	s.fail(w, r, s.problem(r, err))
}

// problem makes the problem of an error. A bug is told in the log.
func (s *Service) problem(r *http.Request, err error) *Problem {
	p := failure.Of(r.Context(), err, s.now())
	s.explain(r, p, err)
	if p.Code == problem.Internal {
		s.log.ErrorContext(r.Context(), "internal error", "error", err.Error())
	}
	return p
}

// finish makes a problem ready to be answered, and hands it to the log.
func (s *Service) finish(r *http.Request, p *Problem) *Problem {
	rec := recordOf(r.Context())
	rec.problem = p
	p.Hide(rec.secrets)
	p.RequestID = requestlog.ID(r.Context())
	return p
}

// fail answers a problem.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, p *Problem) {
	s.failAs(w, r, nil, &answer.Report{Class: answer.Error}, p)
}

// failAs answers a problem, as the sender reads it where its source is known. d is nil
// where the body was not read.
func (s *Service) failAs(w http.ResponseWriter, r *http.Request, d *decoded, report *answer.Report, p *Problem) {
	rec := recordOf(r.Context())
	p = s.finish(r, p)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if p.Retryable {
		h.Set("Retry-After", failure.Seconds(p.RetryAfter))
	}
	var reply answer.Replied
	if rec.speaks != nil {
		describe(report, d, p)
		request := s.bareRequest(r)
		if d != nil {
			request = d.request
		}
		reply = s.reply(r, rec.speaks, request, report)
	}
	p.Status = cmp.Or(reply.Status, p.Status)
	if rec.bridge {
		p.Status = problem.BridgeStatus(p.Status)
	}
	if reply.Body == nil {
		p.Results = results.Shorten(p.Results)
		reply.ContentType, reply.Body = problem.MediaType, p.JSON()
	}
	reply.Status = p.Status
	_ = write(w, &reply)
}
