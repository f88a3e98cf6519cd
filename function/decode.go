package function

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"mayfly/transform"
)

// decoded is what a body comes to.
type decoded struct {
	source   string
	patience time.Duration
	messages []transform.Message
	ignored  int
	answer   transform.Answer
	notes    []transform.Note // of codecs, and of what nobody decoded
	lenient  bool             // refusals are answered 2xx, for senders that punish them
}

type decodeFunc func(r *http.Request, body []byte) (decoded, error)

// nativePatience is how long the sender of a native message is thought to wait:
// as long as the least patient webhook.
const nativePatience = 5 * time.Second

func (s *Service) decodeNative(r *http.Request, body []byte) (decoded, error) {
	messages, err := s.transform.Native(s.bodyRequest(r, body))
	return decoded{source: "telemetry", patience: nativePatience, messages: messages}, err
}

func (s *Service) decodeDevice(r *http.Request, body []byte) (decoded, error) {
	if _, err := parseQuery(r); err != nil {
		return decoded{source: "device"}, &refusal{code: codeInvalidMessage, detail: "the query is not percent-encoded as it should be: write % as %25"}
	}
	messages, err := s.transform.Device(s.bodyRequest(r, body), r.PathValue("deviceId"))
	return decoded{source: "device", patience: nativePatience, messages: messages}, err
}

func (s *Service) decodeSource(r *http.Request, body []byte) (decoded, error) {
	source, err := s.source(r)
	if err != nil {
		return decoded{}, err
	}
	return s.mapSource(r, source, s.mappedRequest(r, body))
}

// decodeAny finds the source by the request's looks.
func (s *Service) decodeAny(r *http.Request, body []byte) (decoded, error) {
	request := s.mappedRequest(r, body)
	source, err := s.transform.Detect(r.Context(), request)
	if err == nil && source == nil {
		err = &refusal{code: codeInvalidMessage, detail: "no source knows such a request: send it to /api/telemetry if it is in Mayfly's own format, else to /api/{source}; sources are " +
			strings.Join(s.transform.SourceNames(), ", ")}
	}
	if err != nil {
		return decoded{}, err
	}
	return s.mapSource(r, source, request)
}

func (s *Service) mapSource(r *http.Request, source *transform.Source, request *transform.Request) (decoded, error) {
	if err := s.admitBody(r, source.Name, request.Body); err != nil {
		return decoded{source: source.Name}, err
	}
	if len(request.Body) == 0 && s.guards[source.Name].leavesQueryOut() {
		request.Query = nil // it would stand for the body, and nobody signed it
	}
	if isDestinationCheck(r) {
		s.confirmDestination(r, request.Body)
	}
	out, err := source.Map(r.Context(), request)
	return decoded{
		source: source.Name, patience: source.Patience, messages: out.Messages, ignored: out.Ignored,
		answer: source.Answer, notes: out.Notes, lenient: source.OnReject == "accept",
	}, err
}

func (s *Service) sourceMethods(r *http.Request) ([]string, error) {
	source, err := s.source(r)
	if err != nil {
		return nil, err
	}
	if len(source.Methods) == 0 {
		return []string{http.MethodPost}, nil
	}
	return source.Methods, nil
}

func (s *Service) source(r *http.Request) (*transform.Source, error) {
	name := r.PathValue("source")
	source, err := s.transform.Source(name)
	if source == nil && err == nil {
		err = &refusal{code: codeNoSource, detail: "there is no source " + quote(name)}
	}
	return source, err
}

// mappedRequest is what the expressions of a source see.
func (s *Service) mappedRequest(r *http.Request, body []byte) *transform.Request {
	out := s.bodyRequest(r, body)
	out.Header = withoutCredentials(r.Header)
	return out
}

// parseQuery reads the query. A semicolon is a character like any other there: every
// DTMI has one, and few senders encode it.
func parseQuery(r *http.Request) (url.Values, error) {
	return url.ParseQuery(strings.ReplaceAll(r.URL.RawQuery, ";", "%3B"))
}

// query gives what of the query can be read.
func query(r *http.Request) url.Values {
	values, _ := parseQuery(r)
	return values
}

func (s *Service) bodyRequest(r *http.Request, body []byte) *transform.Request {
	out := &transform.Request{Method: r.Method, Path: r.URL.Path, Header: r.Header, Body: body, Received: about(r.Context()).arrived}
	if r.URL.RawQuery != "" {
		out.Query = query(r)
		if s.config.Auth != AuthNone {
			delete(out.Query, "code") // a key, which must not get into a message
		}
	}
	return out
}
