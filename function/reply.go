package function

import (
	"errors"
	"log/slog"
	"net/http"

	"mayfly/function/internal/auth"
	"mayfly/function/internal/logged"
	"mayfly/function/internal/requestlog"
	"mayfly/function/internal/results"
	"mayfly/transform"
	"mayfly/transform/answer"
	"mayfly/transform/message"
)

// reply makes the answer of a source. Where an expression of it fails, the answer is
// Mayfly's own, and the operator is told.
func (s *Service) reply(
	r *http.Request, source *transform.Source, request *message.Request, report *answer.Report,
) answer.Replied {
	reply, err := source.Reply(r.Context(), request, report)
	if err != nil {
		cause := err.Error()
		if bad, ok := errors.AsType[*message.Error](err); ok && len(bad.Fields) > 0 {
			cause = bad.Fields[0].Path + " " + bad.Fields[0].Logged() // without values of the body
		}
		s.log.LogAttrs(r.Context(), slog.LevelWarn, "the answer of a source cannot be made",
			slog.String("requestId", requestlog.ID(r.Context())), slog.String("source", source.Name),
			slog.String("cause", logged.Hide(message.Shorten(cause), recordOf(r.Context()).secrets)))
		return answer.Replied{}
	}
	return reply
}

// write writes an answer that is complete.
func write(w http.ResponseWriter, reply *answer.Replied) error {
	h := w.Header()
	for name, value := range reply.Header {
		h.Set(name, value)
	}
	if reply.Status == http.StatusNoContent {
		w.WriteHeader(reply.Status)
		return nil
	}
	h.Set("Content-Type", reply.ContentType)
	w.WriteHeader(reply.Status)
	_, err := w.Write(reply.Body)
	return err
}

// describe puts what the answer tells into a report. It is for sources that make answers
// of it, and for what is not stored.
func describe(report *answer.Report, d *decoded, p *Problem) {
	report.Status, report.Code, report.Detail, report.Retryable = p.Status, string(p.Code), p.Detail, p.Retryable
	if len(p.Errors) > 0 && len(p.Results) == 0 {
		report.Detail += ": " + message.Shorten(p.Errors[0].Path+" "+p.Errors[0].Hint)
	}
	if d == nil {
		return
	}
	report.Parts = make([]answer.Part, len(d.items))
	for i := range d.items {
		it := &d.items[i]
		part := answer.Part{Index: it.part, Line: it.line, Status: http.StatusOK}
		if it.message >= 0 {
			m := &d.messages[it.message]
			part.MessageID, part.Values = m.MessageID, results.Members(m.Body)
			if !m.SecretID {
				part.DeviceID = m.DeviceID
			}
		}
		if it.queued {
			part.Status = http.StatusAccepted
		}
		if it.err != nil {
			result := Result{Status: p.Status, Code: p.Code, Retryable: p.Retryable, Detail: p.Detail}
			if len(p.Results) > 0 {
				result = p.Results[i]
			}
			part.Status, part.Code, part.Retryable, part.Detail =
				result.Status, string(result.Code), result.Retryable, result.Detail
		}
		report.Parts[i] = part
	}
}

// bareRequest is a request as an answer may see it whose body was not read.
func (s *Service) bareRequest(r *http.Request) *message.Request {
	request := s.transformRequest(r, nil, recordOf(r.Context()), nil)
	request.Room = nil
	request.Header = auth.WithoutCredentials(request.Header)
	if source := recordOf(r.Context()).speaks; source != nil {
		dropSecrets(source, request)
	}
	return request
}
