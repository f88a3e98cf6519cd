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

	"mayfly/internal/mtls"
)

const (
	apiVersion = "2021-04-12"
	mostAnswer = 64 << 10
	batchType  = "application/vnd.microsoft.iothub.json"
)

// Client sends events. The zero value is useful. Do not change or copy it while
// it is in use.
type Client struct {
	// Transport carries the calls; http.DefaultTransport when nil. For devices
	// with certificates it is an *http.Transport.
	Transport http.RoundTripper
	// Now is the clock that tokens are made by; time.Now when nil.
	Now func() time.Time
	// UserAgent is sent with each call when not empty.
	UserAgent string
	// Tries bounds the calls for one Send or SendBatch; 8 when 0, and 1 means
	// that nothing is tried again.
	Tries int

	circuits circuits
	tokens   tokens
}

// Send sends one event. A nil error means that the hub has stored it; every
// other is an *Error.
func (c *Client) Send(ctx context.Context, t Target, e Event) error {
	if size := e.Size(); size > MaxMessage {
		return &Error{Hub: t.Hub, Device: t.DeviceID, Kind: TooLarge, Message: tooLarge(size)}
	}
	return c.post(ctx, t, e.Body, func(h http.Header) {
		h["Content-Type"] = []string{cmp.Or(e.ContentType, "application/json")}
		e.header(h)
	})
}

func tooLarge(size int) string {
	return fmt.Sprintf("the message has %d bytes with its properties; a hub takes %d", size, MaxMessage)
}

// post makes the call until the hub has answered for good.
func (c *Client) post(ctx context.Context, t Target, body []byte, header func(http.Header)) error {
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
	return c.retry(ctx, t, transport, func(ctx context.Context) *Error {
		return c.once(ctx, transport, t, body, header)
	})
}

// once makes one call.
func (c *Client) once(ctx context.Context, transport http.RoundTripper, t Target, body []byte, header func(http.Header)) *Error {
	failed := &Error{Hub: t.Hub, Device: t.DeviceID, Kind: Unavailable}
	req := newRequest(ctx, t, body)
	header(req.Header)
	if c.UserAgent != "" {
		req.Header["User-Agent"] = []string{c.UserAgent}
	}
	if t.Certificate == nil {
		req.Header["Authorization"] = []string{c.tokens.of(t, c.now())}
	}
	// A pooled connection may have died while the process was frozen. This lets
	// net/http send again on another one; an empty value is not sent.
	req.Header["Idempotency-Key"] = []string{}

	// A transport and not an http.Client: a redirect would carry the token away.
	res, err := transport.RoundTrip(req)
	if err != nil {
		failed.Err = err
		if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
			failed.Kind = NotHere // a hub that was taken away
		}
		return failed
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode == http.StatusNoContent {
		return nil
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, mostAnswer))
	if err != nil && res.StatusCode < 400 {
		failed.Status, failed.Err = res.StatusCode, err
		return failed
	}
	return failed.failure(res, answer, c.now())
}

// newRequest makes the request as http.NewRequest does, without parsing a URL
// that was just put together.
func newRequest(ctx context.Context, t Target, body []byte) *http.Request {
	const before, after = "/devices/", "/messages/events"
	target := &url.URL{Scheme: "https", Host: t.Hub, Path: before + t.DeviceID + after, RawQuery: "api-version=" + apiVersion}
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
