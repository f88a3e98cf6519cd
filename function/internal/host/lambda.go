package host

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"mayfly/function/internal/requestlog"
)

// LambdaMargin is how long before Lambda's deadline a request's own deadline
// lies. At the deadline itself the process is stopped, and the client is told
// nothing but "Task timed out"; the margin is what it takes to answer and to
// get the answer out.
const LambdaMargin = 300 * time.Millisecond

// startLambda polls the Runtime API; it does not return. SIGTERM is left
// alone: to be sent one, a function has to register an extension, which costs
// at every cold start, and there is nothing here that must be saved.
func startLambda(ctx context.Context, h http.Handler, log *slog.Logger) {
	base := newPosted(context.WithoutCancel(ctx))
	handler := &lambdaHandler{next: h, log: log, posted: base, records: recordsOf(h)}
	lambda.StartWithOptions(handler, lambda.WithContext(base))
}

// NewLambdaHandler makes a Lambda function of h. It understands the events of
// API Gateway's HTTP APIs (payload 1.0 and 2.0) and REST APIs, of Function
// URLs and of Application Load Balancers, and answers each in its own form.
// Warm-ups, scheduled events and empty ones are answered without it. Events of Amazon SQS go to h where it is
// [Triggered]. Any other event is an [UnsupportedEventError].
func NewLambdaHandler(h http.Handler, log *slog.Logger) lambda.Handler {
	return &lambdaHandler{next: h, log: log, records: recordsOf(h)}
}

// Triggered is a handler that may take events with messages of a queue as well.
type Triggered interface {
	// Records returns what answers events of Amazon SQS; nil where there is no queue. An error fails all messages of an
	// event.
	Records() func(ctx context.Context, event []byte) (answer []byte, err error)
}

func recordsOf(h http.Handler) func(context.Context, []byte) ([]byte, error) {
	if t, ok := h.(Triggered); ok {
		return t.Records()
	}
	return nil
}

type lambdaHandler struct {
	next    http.Handler
	log     *slog.Logger
	posted  *posted // nil: nobody tells when an answer was posted
	records func(ctx context.Context, event []byte) ([]byte, error)
}

// Invoke answers one event. It keeps nothing of payload, which is a buffer
// that the runtime loop uses again.
func (h *lambdaHandler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	event, front, err := decodeLambdaEvent(payload)
	if err != nil {
		if q := event.quiet(payload); q != nil {
			return h.answerQuietly(ctx, q), nil
		}
		if h.records != nil && event.isSQS() {
			ctx, cancel := withLambdaDeadline(requestlog.WithID(ctx, requestIDOfLambda(ctx)))
			defer cancel()
			return h.records(ctx, payload)
		}
		// The runtime loop logs the error as well, but outside of slog, where
		// it comes out without a level.
		h.log.ErrorContext(ctx, "event refused", "error", err.Error())
		return nil, err
	}
	invocation := ctx
	ctx, cancel := withLambdaDeadline(requestlog.WithID(ctx, requestIDOfLambda(ctx)))
	defer cancel()

	w := &lambdaWriter{header: make(http.Header, 4)}
	r := event.request(ctx, front)
	h.serve(w, r)
	answer, err := w.answer(front, r)
	if w.settle != nil {
		h.posted.after(invocation, func(late error) { w.settle(cmp.Or(err, late)) })
	}
	return answer, err
}

func requestIDOfLambda(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return ""
}

func (h *lambdaHandler) serve(w *lambdaWriter, r *http.Request) {
	defer func() {
		if value := recover(); value != nil {
			// Let out, it would end the process, and the next request would
			// pay for a cold start. Nothing has been sent yet: the answer can
			// still be replaced as a whole.
			requestlog.Panic(r.Context(), h.log, value)
			*w = lambdaWriter{header: make(http.Header, 1)}
			writeInternal(w)
		}
	}()
	h.next.ServeHTTP(w, r)
}

// withLambdaDeadline ends the request's context LambdaMargin before Lambda
// ends the process. When less than the margin is left, half of it is given to
// the work: a late start still gets its try and can still say that it failed.
func withLambdaDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	kill, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	margin := LambdaMargin
	if left := time.Until(kill); left <= margin { //nolint:forbidigo // context deadlines live by time.Now
		margin = left / 2
	}
	return context.WithDeadline(ctx, kill.Add(-margin))
}

// lambdaWriter collects an answer and follows net/http's rules for it, so that
// a handler cannot tell it from a socket.
type lambdaWriter struct {
	header http.Header
	sent   http.Header // as it was when the status was written
	status int
	body   bytes.Buffer
	settle func(error) // told of the answer's arrival; nil: nobody wants to know
}

// Confirm tells whether the answer was posted: see [receipt.Confirmer].
func (w *lambdaWriter) Confirm(settle func(error)) { w.settle = settle }

func (w *lambdaWriter) Header() http.Header { return w.header }

func (w *lambdaWriter) WriteHeader(status int) {
	if w.status != 0 || status < http.StatusOK {
		return // a second status, or an informational one that no front passes on
	}
	w.status, w.sent = status, w.header.Clone()
}

func (w *lambdaWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if !bodyAllowed(w.status) {
		return 0, http.ErrBodyNotAllowed
	}
	return w.body.Write(p)
}

func bodyAllowed(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}

// lambdaResponse is what a front expects. Each front is given only the members
// that it reads: API Gateway refuses an answer with others.
type lambdaResponse struct {
	StatusCode        int                 `json:"statusCode"`
	StatusDescription string              `json:"statusDescription,omitempty"`
	Headers           map[string]string   `json:"headers,omitempty"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders,omitempty"`
	Cookies           []string            `json:"cookies,omitempty"`
	Body              string              `json:"body"`
	IsBase64Encoded   bool                `json:"isBase64Encoded"`
}

func (w *lambdaWriter) answer(front lambdaFront, r *http.Request) ([]byte, error) {
	w.WriteHeader(http.StatusOK)
	header, body := w.sent, w.body.Bytes()
	if len(body) > 0 && header["Content-Type"] == nil && header["Content-Encoding"] == nil {
		header["Content-Type"] = []string{http.DetectContentType(body)}
	}
	if r.Method == http.MethodHead {
		body = nil
	}
	// The front writes its own; a length of ours would be that of the wrong
	// encoding, and a REST API renames what it does not want.
	for _, name := range []string{"Content-Length", "Connection", "Transfer-Encoding"} {
		delete(header, name)
	}

	out := lambdaResponse{StatusCode: w.status}
	switch front {
	case frontV2:
		out.Cookies = header["Set-Cookie"]
		delete(header, "Set-Cookie")
		out.Headers = joined(header)
	case frontV1:
		out.MultiValueHeaders = header
	case frontALB:
		out.StatusDescription = description(w.status)
		// Cookies cannot be joined, and this form has room for one.
		if c := header["Set-Cookie"]; len(c) > 1 {
			header["Set-Cookie"] = c[len(c)-1:]
		}
		out.Headers = joined(header)
	case frontALBMulti:
		out.StatusDescription = description(w.status)
		out.MultiValueHeaders = header
	}
	// A front passes text on byte by byte only if it is text: what is not
	// UTF-8 would not survive JSON, and what is compressed is no text.
	if header["Content-Encoding"] == nil && utf8.Valid(body) {
		out.Body = string(body)
	} else if len(body) > 0 {
		out.Body, out.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return marshalResponse(&out)
}

// marshalResponse leaves <, > and & as they are: an answer is not HTML, and
// the six bytes for each count against Lambda's limit.
func marshalResponse(out *lambdaResponse) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(len(out.Body) + 256)
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(out); err != nil {
		return nil, fmt.Errorf("host: write the answer: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func joined(header http.Header) map[string]string {
	flat := make(map[string]string, len(header))
	for name, values := range header {
		flat[name] = strings.Join(values, ",")
	}
	return flat
}

func description(status int) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}
