package function

import (
	"cmp"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
)

// newRoutes makes the table of routes. Methods are checked by the routes
// themselves, so that a wrong one gets a problem as its answer.
func (s *Service) newRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", s.health)
	mux.HandleFunc("/healthz", s.health)
	mux.HandleFunc("/readyz", s.health)
	if s.config.Host == HostServer {
		mux.HandleFunc("/metrics", s.metrics)
	}
	mux.HandleFunc("/api/telemetry", s.ingest("telemetry", only(http.MethodPost), s.decodeNative))
	mux.HandleFunc("/api/telemetry/{$}", s.ingest("telemetry", only(http.MethodPost), s.decodeNative))
	mux.HandleFunc("/api/devices/{deviceId}/telemetry", s.ingest("device", only(http.MethodPost), s.decodeDevice))
	mux.HandleFunc("/api/devices/{deviceId}/telemetry/{$}", s.ingest("device", only(http.MethodPost), s.decodeDevice))
	mux.HandleFunc("/api/ingest", s.ingest("", only(http.MethodPost, http.MethodGet, http.MethodPut), s.decodeAny))
	mux.HandleFunc("/api/{source}", s.ingest("", s.sourceMethods, s.decodeSource))
	mux.HandleFunc("/api/{source}/{rest...}", s.ingest("", s.sourceMethods, s.decodeSource))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, newProblem(codeNoSource, "nothing is served at "+quote(r.URL.Path)))
	})
	return mux
}

// plainPath makes one slash of several, as senders write them whose base URL ends
// in one: ServeMux would redirect them, and few follow. It tells whether the path
// can be served.
func plainPath(r *http.Request) bool {
	if strings.Contains(r.URL.Path, "//") {
		u := *r.URL
		u.Path, u.RawPath = slashes.ReplaceAllString(u.Path, "/"), slashes.ReplaceAllString(u.RawPath, "/")
		r.URL = &u
	}
	escaped := r.URL.EscapedPath()
	return r.Method != http.MethodConnect && strings.HasPrefix(escaped, "/") && path.Clean(escaped) == cmp.Or(strings.TrimSuffix(escaped, "/"), "/")
}

var slashes = regexp.MustCompile("//+")

// health answers cheaply: the Functions host asks for / every 25 ms while it
// starts the process.
func (s *Service) health(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		s.refuse(w, r, &refusal{code: codeMethodNotAllowed, allow: "GET, HEAD", detail: "use GET"})
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte("mayfly\n"))
}

// methodsFunc tells the methods of a route.
type methodsFunc func(*http.Request) ([]string, error)

func only(methods ...string) methodsFunc {
	return func(*http.Request) ([]string, error) { return methods, nil }
}

// ingest is the way of every request that carries messages. The source is the
// route's; without a name it is the path's, or found by the body.
func (s *Service) ingest(source string, methods methodsFunc, decode decodeFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		info := about(r.Context())
		if validateWebhook(w, r) {
			return
		}
		named := cmp.Or(source, r.PathValue("source"))
		if err := s.knock(r, info, named); err != nil {
			s.refuse(w, r, err)
			return
		}
		allowed, err := methods(r)
		if err == nil {
			err = allow(r.Method, allowed)
		}
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		body, err := s.readBody(w, r)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		if err := s.load.enter(len(body)); err != nil {
			s.refuse(w, r, err)
			return
		}
		defer s.load.leave(len(body))
		d, err := decode(r, body)
		info.source, info.ignored = d.source, d.ignored
		info.secrets = secretIDs(d.messages)
		s.note(r.Context(), info, d.notes)
		if err != nil {
			s.reject(w, r, d, err)
			return
		}
		if err := s.admitMessages(info, d); err != nil {
			s.refuse(w, r, err)
			return
		}
		s.identify(d.messages, r)
		if err := checkSizes(d.messages); err != nil {
			s.reject(w, r, d, err)
			return
		}
		results := s.deliver(r.Context(), d.messages, info.arrived.Add(d.patience))
		s.answer(w, r, d, results)
	}
}

func allow(method string, allowed []string) error {
	if slices.Contains(allowed, method) {
		return nil
	}
	return &refusal{code: codeMethodNotAllowed, allow: strings.Join(allowed, ", "), detail: "use " + strings.Join(allowed, " or ")}
}
