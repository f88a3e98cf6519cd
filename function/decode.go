package function

import (
	"context"
	"net/http"
	"strings"
	"time"

	"mayfly/function/internal/auth"
	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/auth/signature"
	"mayfly/function/internal/httpquery"
	"mayfly/function/internal/metrics"
	"mayfly/function/internal/platform"
	"mayfly/function/internal/problem"
	"mayfly/function/internal/routehint"
	"mayfly/function/internal/workroom"
	"mayfly/transform"
	"mayfly/transform/message"
)

// reading is how a body is to be read.
type reading struct {
	source  string            // its name
	request *message.Request  // what there is to read
	mapped  *transform.Source // nil: one of Mayfly's own formats
	native  func(*message.Request) (transform.Outcome, error)
	back    *transform.Source // whose devices the messages are for; nil: they are telemetry
}

// chooseFunc finds out how the body of a request is to be read.
type chooseFunc func(*http.Request, *message.Request) (reading, error)

func (s *Service) chooseNative(r *http.Request, request *message.Request) (reading, error) {
	how := reading{source: "telemetry", request: request}
	how.native = func(request *message.Request) (transform.Outcome, error) {
		out, err := s.transform.NativeBatch(request)
		return out, s.transform.ExplainNative(r.Context(), request, err)
	}
	return how, nil
}

// chooseBridge reads what chooseNative reads, for senders made for Microsoft's bridge.
func (s *Service) chooseBridge(r *http.Request, request *message.Request) (reading, error) {
	recordOf(r.Context()).bridge = true
	return s.chooseNative(r, request)
}

func (s *Service) chooseDevice(r *http.Request, request *message.Request) (reading, error) {
	how := reading{source: "device", request: request}
	if _, err := httpquery.Parse(r); err != nil {
		return how, &problem.Error{
			Code:   problem.InvalidMessage,
			Detail: "the query is not percent-encoded as it should be: write % as %25",
		}
	}
	if r.Method == http.MethodGet && !httpquery.AsForm(request) {
		return how, &problem.Error{Code: problem.InvalidMessage,
			Detail: "there are no measurements: write them into the query, as in ?temperature=21.5"}
	}
	id := r.PathValue("deviceId")
	how.native = func(request *message.Request) (transform.Outcome, error) {
		return s.transform.DeviceBatch(request, id)
	}
	return how, nil
}

// chooseNamed takes the source that the path names.
func (s *Service) chooseNamed(r *http.Request, request *message.Request) (reading, error) {
	source, err := s.source(r)
	if err != nil {
		return reading{}, err
	}
	request.Header = auth.WithoutCredentials(request.Header) // its expressions see the rest
	return mappedReading(source, request), nil
}

// chooseDetected finds the source by the request's looks.
func (s *Service) chooseDetected(r *http.Request, request *message.Request) (reading, error) {
	request.Header = auth.WithoutCredentials(request.Header)
	source, err := s.transform.Detect(r.Context(), request)
	if err == nil && source == nil {
		err = &problem.Error{
			Code: problem.InvalidMessage,
			Detail: "no source knows such a request: send it to /api/telemetry if it is in Mayfly's own format, " +
				"else to /api/{source}; sources are " + strings.Join(s.transform.SourceNames(), ", "),
		}
	}
	if err != nil {
		return reading{}, err
	}
	return mappedReading(source, request), nil
}

func mappedReading(source *transform.Source, request *message.Request) reading {
	dropSecrets(source, request)
	return reading{source: source.Name, request: request, mapped: source}
}

// body is what there is to verify: the body, and of a signed source what the mapping reads of it.
func (how *reading) body(signed bool) signature.Body {
	out := signature.Body{Raw: how.request.Body}
	if source, request := how.mapped, how.request; signed && source != nil {
		out.Content = func() (any, error) {
			defer request.Meter().Back(request.Meter().Mark()) // the mapping reads it again
			return source.Content(request)
		}
	}
	return out
}

// dropSecrets takes the credentials out of a query that the source's sender puts there.
func dropSecrets(source *transform.Source, request *message.Request) {
	for _, name := range source.SecretQuery {
		delete(request.Query, name)
	}
}

// decoded is what a body comes to.
type decoded struct {
	reading
	patience time.Duration // how long the sender waits for the answer
	messages []message.Message
	items    []item // what the body holds, in its order: messages, and what is wrong
	ignored  int
	leftOut  int              // readings that reduce has left out
	reasons  []string         // why parts were ignored
	notes    []transform.Note // for the sender, and of codecs for the operator
	lenient  bool             // refusals are answered 2xx, for senders that punish them
}

// item is a message of a request, or a part of its body that makes none.
type item struct {
	part, line int
	message    int   // its index; -1 for a part that makes none
	err        error // why it is not stored
	queued     bool  // stored in the queue, not at the hub
	joined     int   // readings that are in its message besides its own
}

// nativePatience is how long the sender of a native message is thought to wait:
// as long as the least patient webhook.
const nativePatience = 5 * time.Second

// decode makes messages of a body. Of the service it uses the clock and the metrics alone.
func (s *Service) decode(ctx context.Context, how *reading) (decoded, error) {
	began := s.now()
	d := decoded{reading: *how, patience: nativePatience}
	var out transform.Outcome
	var err error
	if how.mapped == nil {
		out, err = how.native(how.request)
	} else {
		out, err = how.mapped.MapBatch(ctx, how.request)
		d.patience, d.lenient = how.mapped.Patience, how.mapped.OnReject == "accept"
	}
	d.messages, d.ignored, d.reasons, d.notes = out.Messages, out.Ignored, out.Reasons, out.Notes
	d.items = items(&out)
	s.metrics.Observe(metrics.DecodeDuration, s.now().Sub(began), how.source)
	return d, err
}

// items puts messages and what is wrong in one order.
func items(out *transform.Outcome) []item {
	all := make([]item, 0, len(out.Messages)+len(out.Refused))
	refused := out.Refused
	for i := range out.Messages {
		for len(refused) > 0 && refused[0].Part <= out.Parts[i] {
			all, refused = append(all, refusedItem(&refused[0])), refused[1:]
		}
		all = append(all, item{part: out.Parts[i], message: i})
	}
	for i := range refused {
		all = append(all, refusedItem(&refused[i]))
	}
	return all
}

func refusedItem(r *transform.Refused) item {
	return item{part: r.Part, line: r.Line, message: -1, err: r.Err}
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
		err = &problem.Error{Code: problem.NoSource, Detail: "there is no source " + message.Quote(name) +
			routehint.Clause(r.URL.Path, s.transform.SourceNames())}
	}
	return source, err
}

// transformRequest is a request as package transform takes it.
func (s *Service) transformRequest(
	r *http.Request, body []byte, rec *requestRecord, lease *workroom.Lease,
) *message.Request {
	out := &message.Request{
		Method: r.Method, Path: r.URL.Path, Header: r.Header, Body: body, Received: rec.arrived,
		Replaced: platform.TextBody(r.Context()) != "",
		Room:     workroom.Bodies{Lease: lease}, MaxMessages: s.config.MaxMessages,
	}
	if r.URL.RawQuery != "" {
		out.Query = httpquery.Values(r)
		httpquery.WithoutPlatform(out.Query, s.config.Auth != policy.ModeNone || s.config.Host == platform.Functions)
	}
	return out
}
