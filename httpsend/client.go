package httpsend

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mayfly/internal/backoff"
	"mayfly/internal/mtls"
)

const (
	apiVersion = "2021-04-12"
	maxAnswer  = 64 << 10
	batchType  = "application/vnd.microsoft.iothub.json"
)

// Client sends events, and receives what waits for devices. The zero value is useful. Do not change or copy it while
// it is in use.
type Client struct {
	// Transport carries the calls; http.DefaultTransport when nil. For devices
	// with certificates it is an *http.Transport.
	Transport http.RoundTripper
	// Now is the clock; time.Now when nil. Tokens expire by it.
	Now func() time.Time
	// UserAgent is sent with each call when not empty.
	UserAgent string
	// Tries bounds the calls for one request; 8 when 0, and 1 means that nothing
	// is tried again.
	Tries int
	// Observe, when not nil, is told of each call that sends as it begins. It may add
	// fields to header, which is the request's, and must not keep it. What it returns,
	// when not nil, is told how the call ended: res is nil where there was no answer,
	// its body is not to be read, and err is nil where the hub has stored the events.
	// Both must return at once. Calls run side by side.
	Observe func(ctx context.Context, c Call, header http.Header) (ended func(res *http.Response, err *Error))

	jitter   backoff.Policy // backoff.Jitter when nil
	circuits circuits
	tokens   tokens
	gates    gates // of the calls for what waits for devices
}

// Call is one call to a hub: see Client.Observe.
type Call struct {
	Hub, DeviceID string
	Try           int // of the same request, from 1
}

// Send sends events of one device in as few requests as Batches makes of them,
// in order. A nil error means that the hub has stored all of them. At the first
// request that fails it stops, so that order is kept, and the *Error says how
// many events are stored. Without events it does nothing.
func (c *Client) Send(ctx context.Context, t Target, events ...Event) error {
	if err := c.validate(t, events); err != nil {
		return err
	}
	stored := 0
	for _, batch := range Batches(events) {
		if err := c.request(ctx, t, batch); err != nil {
			err.Stored = stored
			return err
		}
		stored += len(batch)
	}
	return nil
}

// SendBatch sends events of one device in one request of at most MaxBatch bytes.
// The hub stores all or none. Without events it does nothing.
func (c *Client) SendBatch(ctx context.Context, t Target, events []Event) error {
	if err := c.validate(t, events); err != nil {
		return err
	}
	if err := c.request(ctx, t, events); err != nil {
		return err
	}
	return nil
}

// request sends valid events in one request.
func (c *Client) request(ctx context.Context, t Target, events []Event) *Error {
	switch len(events) {
	case 0:
		return nil
	case 1:
		e := &events[0]
		return c.post(ctx, t, e.Body, func(h http.Header) {
			h["Content-Type"] = []string{cmp.Or(e.ContentType, "application/json")}
			e.header(h)
		})
	}
	size := len("]")
	for i := range events {
		size += batchedSize(&events[i])
	}
	if size > MaxBatch {
		return &Error{
			Hub: t.Hub, Device: t.DeviceID, Kind: TooLarge,
			Message: fmt.Sprintf("the batch has %d bytes: want at most %d, as Batches makes them", size, MaxBatch),
		}
	}
	return c.post(ctx, t, appendBatch(make([]byte, 0, size), events), func(h http.Header) {
		h["Content-Type"] = []string{batchType}
	})
}

// post makes the call until the hub has answered for good.
func (c *Client) post(ctx context.Context, t Target, body []byte, header func(http.Header)) *Error {
	transport, release, failed := c.transport(t)
	if failed != nil {
		return failed
	}
	if release != nil {
		defer release()
	}
	return c.retry(ctx, t, transport, func(ctx context.Context, try int) *Error {
		req := newRequest(ctx, t, http.MethodPost, "/messages/events", "", body)
		header(req.Header)
		c.sign(req, t)
		if c.Observe == nil {
			_, err := c.once(transport, t, req)
			return err
		}
		ended := c.Observe(ctx, Call{t.Hub, t.DeviceID, try}, req.Header)
		res, err := c.once(transport, t, req)
		if ended != nil {
			ended(res, err)
		}
		return err
	})
}

// transport returns what carries the calls of a device. release, which may be nil, has
// to be called after them.
func (c *Client) transport(t Target) (carrier http.RoundTripper, release func(), failed *Error) {
	carrier = c.Transport
	if carrier == nil {
		carrier = http.DefaultTransport
	}
	if t.Certificate == nil {
		return carrier, nil, nil
	}
	carrier, release, err := mtls.Transport(carrier, t.Certificate)
	if err != nil {
		return nil, nil, &Error{Hub: t.Hub, Device: t.DeviceID, Kind: Invalid, Err: err}
	}
	return carrier, release, nil
}

// sign adds what each call has.
func (c *Client) sign(req *http.Request, t Target) {
	if c.UserAgent != "" {
		req.Header["User-Agent"] = []string{c.UserAgent}
	}
	if t.Certificate == nil {
		req.Header["Authorization"] = []string{c.tokens.of(t, c.now())}
	}
	// A pooled connection may have died while the process was frozen. This lets
	// net/http send again on another one; an empty value is not sent.
	req.Header["Idempotency-Key"] = []string{}
}

// once makes one call that is answered without a body. The answer that it returns is read
// and closed; nil where there was none.
func (c *Client) once(transport http.RoundTripper, t Target, req *http.Request) (*http.Response, *Error) {
	res, failed := roundTrip(transport, t, req)
	if failed != nil {
		return nil, failed
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode == http.StatusNoContent {
		return res, nil
	}
	return res, c.refusal(t, res)
}

// roundTrip makes one call and gives the hub's answer, whatever its status is.
func roundTrip(transport http.RoundTripper, t Target, req *http.Request) (*http.Response, *Error) {
	// A transport and not an http.Client: a redirect would carry the token away.
	res, err := transport.RoundTrip(req)
	if err != nil {
		failed := &Error{Hub: t.Hub, Device: t.DeviceID, Kind: Unavailable, Err: err}
		if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
			failed.Kind = NotHere // a hub that was deleted
		}
		return nil, failed
	}
	return res, nil
}

// refusal reads an answer that is not a success.
func (c *Client) refusal(t Target, res *http.Response) *Error {
	failed := &Error{Hub: t.Hub, Device: t.DeviceID, Kind: Unavailable}
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil && res.StatusCode < 400 {
		failed.Status, failed.Err = res.StatusCode, err
		return failed
	}
	return failed.failure(res, answer, c.now())
}

// newRequest makes a request for a device as http.NewRequest does, without the cost of
// parsing a URL that was just put together. rest is the path after the device's, escaped
// where it has to be, and query comes after the version of the API.
func newRequest(ctx context.Context, t Target, method, rest, query string, body []byte) *http.Request {
	const before = "/devices/"
	target := &url.URL{
		Scheme: "https", Host: t.Hub, Path: before + t.DeviceID + rest, RawQuery: "api-version=" + apiVersion + query,
	}
	escaped, plain := url.PathEscape(t.DeviceID), rest
	if strings.IndexByte(rest, '%') >= 0 {
		plain, _ = url.PathUnescape(rest) // it was escaped here
		target.Path = before + t.DeviceID + plain
	}
	if escaped != t.DeviceID || plain != rest {
		target.RawPath = before + escaped + rest
	}
	req := &http.Request{
		Method: method, URL: target, Host: t.Hub, Header: make(http.Header, 12),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
	}
	if len(body) == 0 {
		req.Body, req.GetBody = http.NoBody, func() (io.ReadCloser, error) { return http.NoBody, nil }
	}
	return req.WithContext(ctx)
}

func (c *Client) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now() //nolint:forbidigo // the default of the injected clock
}
