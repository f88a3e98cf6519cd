package httpsend

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"mayfly/internal/mtls"
	"mayfly/internal/sas"
)

const (
	apiVersion = "2021-04-12"
	tokenLife  = time.Hour
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
}

// Send sends one event. A nil error means that the hub has stored it; every
// other is an *Error.
func (c *Client) Send(ctx context.Context, t Target, e Event) error {
	if size := e.Size(); size > MaxMessage {
		return &Error{Hub: t.Hub, Device: t.DeviceID, Kind: TooLarge, Message: tooLarge(size)}
	}
	return c.post(ctx, t, e.Body, func(h http.Header) {
		h["Content-Type"] = []string{or(e.ContentType, "application/json")}
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
	return c.retry(ctx, t, func(ctx context.Context) *Error {
		return c.once(ctx, transport, t, body, header)
	})
}

// once makes one call.
func (c *Client) once(ctx context.Context, transport http.RoundTripper, t Target, body []byte, header func(http.Header)) *Error {
	failed := &Error{Hub: t.Hub, Device: t.DeviceID, Kind: Unavailable}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost,
		"https://"+t.Hub+"/devices/"+url.PathEscape(t.DeviceID)+"/messages/events?api-version="+apiVersion, bytes.NewReader(body))
	if err != nil {
		failed.Kind, failed.Err = Invalid, errors.New("hub and device make no URL")
		return failed
	}
	header(req.Header)
	if c.UserAgent != "" {
		req.Header["User-Agent"] = []string{c.UserAgent}
	}
	if t.Certificate == nil {
		req.Header["Authorization"] = []string{sas.Token(t.Key, t.Hub+"/devices/"+url.PathEscape(t.DeviceID), "", c.now().Add(tokenLife))}
	}
	// A pooled connection may have died while the process was frozen. This lets
	// net/http send again on another one; an empty value is not sent.
	req.Header["Idempotency-Key"] = []string{}

	// A transport and not an http.Client: a redirect would carry the token away.
	res, err := transport.RoundTrip(req)
	if err != nil {
		failed.Err = err
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

func (c *Client) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now() //nolint:forbidigo // the default of the injected clock
}
