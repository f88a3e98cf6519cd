package otlp

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"mayfly/internal/backoff"
	"mayfly/internal/secret"
	"mayfly/internal/upstream"
)

const (
	maxTries  = 5
	maxAnswer = 64 << 10

	minRetryDelay = 500 * time.Millisecond // the first ceiling of the jitter between two tries
	maxRetryDelay = 5 * time.Second
)

// Options are what a Client needs from outside.
type Options struct {
	Transport http.RoundTripper
	Secrets   *secret.Loader // for headers that are kept elsewhere
	UserAgent string
	Now       func() time.Time
}

// Client sends telemetry to one receiver. It is safe for concurrent use.
type Client struct {
	settings  Settings
	transport http.RoundTripper
	headers   *secret.Value[http.Header]
	userAgent string
	now       func() time.Time
}

// NewClient makes a client for settings with a URL.
func NewClient(s *Settings, o *Options) *Client {
	return &Client{
		settings: *s, transport: o.Transport, userAgent: o.UserAgent, now: o.Now,
		headers: secret.NewValue(o.Secrets, s.Headers, parseHeaders),
	}
}

// Error says that a receiver did not take an export. It contains no header.
type Error struct {
	Host       string
	Status     int // HTTP status; 0 where there was no answer
	Rejected   int // spans or data points of an export that was taken in part
	Message    string
	RetryAfter time.Duration
	Err        error // the cause, where there was no answer
}

// Error describes the failure in one line.
func (e *Error) Error() string {
	text := "the receiver " + e.Host
	switch {
	case e.Rejected > 0:
		text += fmt.Sprintf(" has rejected %d", e.Rejected)
	case e.Status != 0:
		text += fmt.Sprintf(" has answered HTTP %d", e.Status)
	default:
		text += " gave no answer"
		if cause := upstream.Cause(e.Err); cause != "" {
			text += ": " + cause
		}
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// retryable are the statuses after which the same export may be sent again (OTLP
// specification, "Retryable Response Codes").
func (e *Error) retryable() bool {
	switch e.Status {
	case 0, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable,
		http.StatusGatewayTimeout:
		return e.Rejected == 0 && !upstream.UntrustedCertificate(e.Err)
	}
	return false
}

// Export sends one export: a TracesData or MetricsData message, which has the same form as the
// request of its service. It tries again what is worth it, until ctx or the settings' timeout
// ends. Its error is an *Error, or a *secret.Error of the headers.
func (c *Client) Export(ctx context.Context, data Message) error {
	body := c.encode(data)
	ctx, cancel := context.WithTimeout(ctx, c.settings.Timeout)
	defer cancel()
	header, err := c.headers.Get(ctx)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		failed := c.once(ctx, header, body)
		switch {
		case failed == nil:
			return nil
		case failed.Status == http.StatusUnauthorized || failed.Status == http.StatusForbidden:
			c.headers.Refresh(ctx) // for the next export
		}
		wait := cmp.Or(failed.RetryAfter, backoff.Jitter(n, minRetryDelay, maxRetryDelay))
		if !failed.retryable() || n+1 == maxTries || !backoff.Sleep(ctx, wait) {
			return failed
		}
	}
}

// encode makes the body of an export.
func (c *Client) encode(data Message) []byte {
	var body []byte
	if c.settings.JSON {
		body = data.appendJSON(nil)
	} else {
		body = data.Proto()
	}
	if !c.settings.Gzip {
		return body
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(body) // a buffer takes all
	_ = w.Close()
	return b.Bytes()
}

func (c *Client) once(ctx context.Context, header http.Header, body []byte) *Error {
	failed := &Error{Host: c.settings.URL.Host}
	u := *c.settings.URL
	user := u.User
	u.User = nil
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		failed.Err = err
		return failed
	}
	if user != nil {
		password, _ := user.Password()
		req.SetBasicAuth(user.Username(), password)
	}
	maps.Copy(req.Header, header)
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("Content-Type", "application/x-protobuf")
	if c.settings.JSON {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.settings.Gzip {
		req.Header.Set("Content-Encoding", "gzip")
	}
	// A transport and not an http.Client: a redirect would carry the headers away.
	res, err := c.transport.RoundTrip(req)
	if err != nil {
		failed.Err = err
		return failed
	}
	// What is longer is not read: the connection ends with it.
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	_ = res.Body.Close()
	if res.StatusCode < 200 || res.StatusCode > 299 {
		failed.Status = res.StatusCode
		failed.RetryAfter = backoff.RetryAfter(res.Header, c.now())
		return failed
	}
	if err != nil { // it has taken the export, whatever it wanted to say of it
		return nil
	}
	if failed.Rejected, failed.Message = partial(res.Header.Get("Content-Type"), answer); failed.Rejected > 0 {
		failed.Status = res.StatusCode
		return failed
	}
	return nil
}

// partial reads from an answer how many items of an export were rejected, and why.
func partial(mediaType string, answer []byte) (rejected int, message string) {
	if strings.HasPrefix(mediaType, "application/json") {
		var a struct {
			PartialSuccess struct {
				RejectedSpans      json.Number `json:"rejectedSpans"`
				RejectedDataPoints json.Number `json:"rejectedDataPoints"`
				ErrorMessage       string      `json:"errorMessage"`
			} `json:"partialSuccess"`
		}
		if json.Unmarshal(answer, &a) != nil {
			return 0, ""
		}
		n, _ := cmp.Or(a.PartialSuccess.RejectedSpans, a.PartialSuccess.RejectedDataPoints).Int64()
		return int(n), upstream.Text(a.PartialSuccess.ErrorMessage)
	}
	// ExportTraceServiceResponse{1: partial_success{1: rejected, 2: error_message}}
	fields(answer, func(number protowire.Number, _ uint64, inner []byte) {
		if number != 1 {
			return
		}
		fields(inner, func(number protowire.Number, n uint64, text []byte) {
			switch {
			case number == 1:
				rejected = int(n)
			case number == 2:
				message = upstream.Text(string(text))
			}
		})
	})
	return rejected, message
}

// fields calls visit with each varint or length-delimited field of a protobuf message, up to
// what cannot be read.
func fields(b []byte, visit func(number protowire.Number, n uint64, inner []byte)) {
	for len(b) > 0 {
		number, kind, size := protowire.ConsumeTag(b)
		if size < 0 {
			return
		}
		b = b[size:]
		var n uint64
		var inner []byte
		switch kind {
		case protowire.VarintType:
			n, size = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			inner, size = protowire.ConsumeBytes(b)
		default:
			size = protowire.ConsumeFieldValue(number, kind, b)
		}
		if size < 0 {
			return
		}
		visit(number, n, inner)
		b = b[size:]
	}
}
