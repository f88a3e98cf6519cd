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
	"time"

	"mayfly/internal/backoff"
	"mayfly/internal/mtls"
)

const (
	apiVersion = "2021-04-12"
	maxAnswer  = 64 << 10
	batchType  = "application/vnd.microsoft.iothub.json"
)

// Client sends events. The zero value is useful. Do not change or copy it while
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
	// Observe, when not nil, is told of each call to a hub as it begins. It may add
	// fields to header, which is the request's, and must not keep it. What it returns,
	// when not nil, is told how the call ended: res is nil where there was no answer,
	// its body is not to be read, and err is nil where the hub has stored the events.
	// Both must return at once. Calls run side by side.
	Observe func(ctx context.Context, c Call, header http.Header) (ended func(res *http.Response, err *Error))

	jitter   backoff.Policy // backoff.Jitter when nil
	circuits circuits
	tokens   tokens
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
	transport := c.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	if t.Certificate != nil {
		own, release, err := mtls.Transport(transport, t.Certificate)
		if err != nil {
			return &Error{Hub: t.Hub, Device: t.DeviceID, Kind: Invalid, Err: err}
		}
		defer release()
		transport = own
	}
	return c.retry(ctx, t, transport, func(ctx context.Context, try int) *Error {
		req := newRequest(ctx, t, body)
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

// once makes one call. The answer that it returns is read and closed; nil where there was none.
func (c *Client) once(transport http.RoundTripper, t Target, req *http.Request) (*http.Response, *Error) {
	failed := &Error{Hub: t.Hub, Device: t.DeviceID, Kind: Unavailable}
	// A transport and not an http.Client: a redirect would carry the token away.
	res, err := transport.RoundTrip(req)
	if err != nil {
		failed.Err = err
		if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
			failed.Kind = NotHere // a hub that was deleted
		}
		return nil, failed
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode == http.StatusNoContent {
		return res, nil
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil && res.StatusCode < 400 {
		failed.Status, failed.Err = res.StatusCode, err
		return res, failed
	}
	return res, failed.failure(res, answer, c.now())
}

// newRequest makes the request as http.NewRequest does, without the cost of
// parsing a URL that was just put together.
func newRequest(ctx context.Context, t Target, body []byte) *http.Request {
	const before, after = "/devices/", "/messages/events"
	target := &url.URL{
		Scheme: "https", Host: t.Hub, Path: before + t.DeviceID + after, RawQuery: "api-version=" + apiVersion,
	}
	if escaped := url.PathEscape(t.DeviceID); escaped != t.DeviceID {
		target.RawPath = before + escaped + after
	}
	req := &http.Request{
		Method: http.MethodPost, URL: target, Host: t.Hub, Header: make(http.Header, 12),
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
