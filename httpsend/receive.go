package httpsend

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"mayfly/internal/backoff"
	"mayfly/internal/upstream"
)

const (
	deviceBound = "/messages/devicebound"
	// MaxReceived is the size of the largest cloud-to-device message in bytes
	// (azure-docs, iot-hub/iot-hub-devguide-quotas-throttling.md).
	MaxReceived = 64 << 10

	maxReceive = 30 * time.Second // of one call, where the caller's context has no deadline

	settleTries   = 3 // of one call that settles a message
	maxSettle     = 5 * time.Second
	settleOverall = 20 * time.Second // where the caller's context has no deadline
)

// Receive locks the first message that waits for a device, and returns it; nil where
// nothing waits. It makes one call and does not try again: a message that was locked by
// a call whose answer got lost comes back after the time of its lock. A hub that
// throttles receivers, or gives no answer, is left alone for a while: the error has the
// Kind Throttled or Down then, and RetryAfter. None of that slows Send down.
//
// The message has to be settled with [Client.Complete], [Client.Abandon] or
// [Client.Reject]. Messages come in the order of their sequence numbers; one that is
// delivered again may come after later ones.
//
// Microsoft asks devices to do this once in 25 minutes at most
// (azure-docs, iot-hub/iot-hub-devguide-protocols.md).
func (c *Client) Receive(ctx context.Context, t Target) (*Received, error) {
	if err := c.validate(t, nil); err != nil {
		return nil, err
	}
	gate := c.gates.of(t.Hub)
	if err := gate.admit(t, c.now()); err != nil {
		return nil, err
	}
	ctx, cancel := bounded(ctx, maxReceive)
	defer cancel()
	m, err := c.receive(ctx, t)
	if !errors.Is(ctx.Err(), context.Canceled) { // it says nothing about the hub
		gate.record(c.now(), err)
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// bounded gives a context a deadline where it has none.
func bounded(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if _, has := ctx.Deadline(); has {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, limit)
}

func (c *Client) receive(ctx context.Context, t Target) (*Received, *Error) {
	transport, release, failed := c.transport(t)
	if failed != nil {
		return nil, failed
	}
	if release != nil {
		defer release()
	}
	req := newRequest(ctx, t, http.MethodGet, deviceBound, "", nil)
	c.sign(req, t)
	res, failed := roundTrip(transport, t, req)
	if failed != nil {
		failed.Tries = 1
		return nil, failed
	}
	defer func() { _ = res.Body.Close() }()
	switch res.StatusCode {
	case http.StatusNoContent:
		return nil, nil
	case http.StatusOK:
	default:
		failed = c.refusal(t, res)
		failed.Tries = 1
		return nil, failed
	}
	failed = &Error{Hub: t.Hub, Device: t.DeviceID, Kind: Unavailable, Status: res.StatusCode, Tries: 1}
	m := readReceived(res.Header)
	var err error
	m.Body, err = io.ReadAll(io.LimitReader(res.Body, MaxReceived+1))
	switch {
	case err != nil:
		failed.Err = err
	case m.LockToken == "":
		failed.Message = "the message has no lock: the answer has no ETag"
	case len(m.Body) > MaxReceived:
		failed.Kind = TooLarge
		failed.Message = fmt.Sprintf("the message has more than the %d bytes that a hub allows", MaxReceived)
	default:
		return m, nil
	}
	return nil, failed
}

// Complete ends a message: its receiver has it.
func (c *Client) Complete(ctx context.Context, t Target, lockToken string) error {
	return c.settle(ctx, t, http.MethodDelete, lockToken, "", "")
}

// Reject ends a message that cannot be used; the hub tells its sender so.
func (c *Client) Reject(ctx context.Context, t Target, lockToken string) error {
	return c.settle(ctx, t, http.MethodDelete, lockToken, "", "&reject")
}

// Abandon gives a message back, to be delivered again at once. Its delivery count grows.
func (c *Client) Abandon(ctx context.Context, t Target, lockToken string) error {
	return c.settle(ctx, t, http.MethodPost, lockToken, "/abandon", "")
}

// settle makes a call about a locked message, and again where that may help. The error
// has the Kind LockLost where the lock does not hold any more. After a try without an
// answer that may mean that this try has succeeded; Tries tells.
func (c *Client) settle(ctx context.Context, t Target, method, lockToken, rest, query string) error {
	if err := c.validate(t, nil); err != nil {
		return err
	}
	if lockToken == "" || !upstream.Printable(lockToken) {
		return &Error{Hub: t.Hub, Device: t.DeviceID, Kind: Invalid, Message: "the lock token is not that of a message"}
	}
	transport, release, failed := c.transport(t)
	if failed != nil {
		return failed
	}
	if release != nil {
		defer release()
	}
	ctx, cancel := bounded(ctx, settleOverall)
	defer cancel()
	path := deviceBound + "/" + url.PathEscape(lockToken) + rest
	for n := 1; ; n++ {
		failed = c.settleOnce(ctx, transport, t, method, path, query, lockToken)
		if failed == nil {
			return nil
		}
		failed.Tries = n
		again := errors.Is(failed, Unavailable) || errors.Is(failed, Throttled)
		if !again || n == settleTries || !backoff.Sleep(ctx, c.pause(Target{}, n-1, failed.RetryAfter)) {
			return failed
		}
	}
}

func (c *Client) settleOnce(
	ctx context.Context, transport http.RoundTripper, t Target, method, path, query, lockToken string,
) *Error {
	ctx, cancel := context.WithTimeout(ctx, maxSettle)
	defer cancel()
	req := newRequest(ctx, t, method, path, query, nil)
	req.Header["If-Match"] = []string{lockToken} // without quotes, as Microsoft's Node SDK sends it
	c.sign(req, t)
	_, failed := c.once(transport, t, req)
	return failed
}
