package function

import (
	"net/http"

	"mayfly/function/internal/httpquery"
	"mayfly/transform/answer"
)

// listen finds out whose sender a request is from, as far as the path tells, and takes
// the key of the caller from the query where that sender puts it there.
func (s *Service) listen(r *http.Request, rec *requestRecord) *http.Request {
	name := r.PathValue("source")
	if name == "" {
		return r
	}
	source, err := s.transform.Source(name)
	if source == nil || err != nil {
		return r // it is refused later, once the caller is known
	}
	rec.speaks = source
	if len(source.SecretQuery) == 0 || r.URL.RawQuery == "" || r.Header.Get("Authorization") != "" ||
		s.auth.Proves(source.Name, source.SecretQuery[0]) {
		return r
	}
	if key := httpquery.Values(r).Get(source.SecretQuery[0]); key != "" {
		with := r.Clone(r.Context())
		with.Header.Set("Authorization", "Bearer "+key)
		return with
	}
	return r
}

// probeOf gives the probe of the source that a request is; nil where it is none.
func probeOf(r *http.Request, rec *requestRecord) *answer.Probe {
	if rec.speaks == nil {
		return nil
	}
	return rec.speaks.Probe(r.Method, r.PathValue("rest"))
}

// answerPublicProbe answers a probe that comes without a credential.
func (s *Service) answerPublicProbe(w http.ResponseWriter, r *http.Request) bool {
	probe := probeOf(r, recordOf(r.Context()))
	if probe == nil || !probe.Public {
		return false
	}
	s.answerProbe(w, r, probe, nil)
	return true
}

// answerProbe answers a request of a source's sender that holds no messages.
func (s *Service) answerProbe(w http.ResponseWriter, r *http.Request, probe *answer.Probe, body []byte) {
	rec := recordOf(r.Context())
	request := s.bareRequest(r)
	request.Body = body
	reply, err := rec.speaks.ReplyProbe(r.Context(), request, probe.Path)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	if reply.Status == 0 {
		reply.Status = http.StatusOK
	}
	if reply.Body == nil {
		reply.ContentType, reply.Body = "application/json", []byte("{}\n")
	}
	w.Header().Set("Cache-Control", "no-store")
	_ = write(w, &reply)
}
