package function

import (
	"net/http"

	"mayfly/function/internal/failure"
	"mayfly/function/internal/host"
	"mayfly/function/internal/platform"
	"mayfly/function/internal/problem"
	"mayfly/function/internal/queue/trigger"
	"mayfly/function/internal/routehint"
	"mayfly/function/internal/sanitize"
	"mayfly/transform/message"
)

// unserved answers what no route serves.
func (s *Service) unserved(w http.ResponseWriter, r *http.Request) {
	var in *host.Invocation
	if s.config.Host == platform.Functions {
		in = host.ReadInvocation(r, 2*s.config.BodyLimit+64<<10) // base64, and headers
	}
	switch {
	case in == nil:
		s.fail(w, r, failure.New(problem.NoSource, "nothing is served at "+message.Quote(r.URL.Path)+
			routehint.Clause(r.URL.Path, routehint.Builtin(s.transform.SourceNames())))) // who asks is not known
	case in.IsHTTP():
		detail := "the Functions host sends descriptions of requests instead of the requests: host.json needs " +
			"customHandler.enableProxyingHttpRequest, and the host must be version 4.1041 or newer"
		if version := r.Header.Get("X-Azure-Functions-Hostversion"); sanitize.Printable(version) {
			detail += "; this one is " + version
		}
		p := s.finish(r, failure.New(problem.UnsupportedHost, detail))
		host.WriteOutput(w, p.Status, problem.MediaType, p, p.Detail)
	case s.worker != nil && trigger.FromHost(r):
		s.trigger().Storage(r.Context(), w, in.Data, in.Metadata)
	default:
		s.fail(w, r, failure.New(problem.NoSource, "the Functions host runs "+message.Quote(r.URL.Path)+
			" by a trigger that is not HTTP; that of a storage queue needs QUEUE=azure-queue:URL"))
	}
}
