package function

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"mayfly/function/internal/platform"
	"mayfly/function/internal/problem"
	"mayfly/function/internal/sanitize"
	"mayfly/transform/message"
)

// The Azure Functions host hands requests over as they came where host.json says
// enableProxyingHttpRequest. A host that does not know the setting (before
// Azure/azure-functions-host pull request 11035, of 2025), and any host for a trigger other
// than HTTP, instead posts a description of the invocation to /NAME, where NAME is the
// function's ("Custom handlers" of the Azure Functions documentation, "Request payload").

// invocation is such a description.
type invocation struct {
	Data     map[string]json.RawMessage // by the names of bindings
	Metadata json.RawMessage
}

// readInvocation reads the description of an invocation; nil where the request is
// something else.
func (s *Service) readInvocation(r *http.Request) *invocation {
	name := strings.Trim(r.URL.Path, "/")
	if s.config.Host != platform.Functions || r.Method != http.MethodPost || name == "" || strings.Contains(name, "/") {
		return nil
	}
	var in invocation
	body := json.NewDecoder(io.LimitReader(r.Body, 2*s.config.BodyLimit+64<<10)) // base64, and headers
	if body.Decode(&in) != nil || len(in.Data) == 0 || len(in.Metadata) == 0 {
		return nil
	}
	return &in
}

// isHTTP tells whether the trigger was an HTTP request.
func (in *invocation) isHTTP() bool {
	for _, data := range in.Data {
		var request struct{ Method, URL string }
		if json.Unmarshal(data, &request) == nil && request.Method != "" && request.URL != "" {
			return true
		}
	}
	return false
}

// unserved answers what no route serves.
func (s *Service) unserved(w http.ResponseWriter, r *http.Request) {
	switch in := s.readInvocation(r); {
	case in == nil:
		s.fail(w, r, newProblem(problem.NoSource, "nothing is served at "+message.Quote(r.URL.Path)))
	case in.isHTTP():
		s.failInvocation(w, r, newProblem(problem.UnsupportedHost, "the Functions host sends descriptions of requests "+
			"instead of the requests: host.json needs customHandler.enableProxyingHttpRequest, and the host must be "+
			"version 4.1041 or newer"+present(r.Header.Get("X-Azure-Functions-Hostversion"))))
	default:
		s.fail(w, r, newProblem(problem.NoSource, "the Functions host runs "+message.Quote(r.URL.Path)+
			" by a trigger that is not HTTP; Mayfly has HTTP triggers only"))
	}
}

// present names the version that the host says it has.
func present(version string) string {
	if !sanitize.Printable(version) {
		return ""
	}
	return "; this one is " + version
}

// failInvocation answers a problem as the host wants it for its description of a request:
// as the output res of a successful invocation. Any other answer is a bare 500 for the
// client.
func (s *Service) failInvocation(w http.ResponseWriter, r *http.Request, p *Problem) {
	p = s.finish(r, p)
	type output struct {
		StatusCode int               `json:"statusCode"`
		Headers    map[string]string `json:"headers"`
		Body       *Problem          `json:"body"`
	}
	header := map[string]string{"Content-Type": problem.MediaType, "Cache-Control": "no-store"}
	body, _ := json.Marshal(struct { // texts and numbers always marshal
		Outputs     map[string]output
		Logs        []string
		ReturnValue any
	}{map[string]output{"res": {p.Status, header, p}}, []string{p.Detail}, nil})
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n'))
}
