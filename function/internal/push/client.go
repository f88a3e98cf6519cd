package push

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"mayfly/function/internal/downlink"
	"mayfly/function/internal/metrics"
	"mayfly/internal/secret"
	"mayfly/internal/upstream"
	message "mayfly/transform/downlink"
	mapped "mayfly/transform/message"
)

const (
	defaultTimeout = 5 * time.Second
	maxAnswer      = 64 << 10 // of an answer that is read; what is longer is not JSON that matters
	maxRetryAfter  = time.Hour
)

// Options is what a client is made of.
type Options struct {
	Transport http.RoundTripper // it must not follow redirects, as no RoundTripper does
	Secrets   *secret.Loader
	Now       func() time.Time
	UserAgent string
	Metrics   *metrics.Set // may be nil
}

// pushed is the outcome of a push that did not fail, as counters name it; others have their Kind.
const pushed = "pushed"

// Client pushes messages. It is safe for concurrent use.
type Client struct {
	options Options

	mu      sync.Mutex
	targets map[string]*target // by host: those of the configuration
	keys    map[*message.Pusher]*secret.Value[string]
}

// New makes a client.
func New(o Options) *Client {
	return &Client{options: o, targets: map[string]*target{}, keys: map[*message.Pusher]*secret.Value[string]{}}
}

// Way is how messages get to the devices of a source.
type Way struct {
	Source string          // its name
	Pusher *message.Pusher // of the source
	message.Uplink
}

// Ready tells whether the target of a source is not left alone at present, so that it is worth to lock messages for it.
func (c *Client) Ready(p *message.Pusher) bool { return c.target(p.Target()).ready() }

// Deliverer gives what package downlink hands messages to. find makes the way when the first message is there.
func (c *Client) Deliverer(find func(context.Context) (*Way, error)) downlink.Deliverer {
	return &deliverer{client: c, find: find}
}

type deliverer struct {
	client *Client
	find   func(context.Context) (*Way, error)
	way    *Way
}

// Deliver implements [downlink.Deliverer].
func (d *deliverer) Deliver(ctx context.Context, m *message.Message) downlink.Result {
	if d.way == nil {
		way, err := d.find(ctx)
		if err != nil {
			return downlink.Result{Outcome: downlink.Retry, Reason: err.Error()}
		}
		d.way = way
	}
	return d.client.Push(ctx, d.way, m).Result()
}

// Push hands one message over. Nil is a message that the cloud has taken.
func (c *Client) Push(ctx context.Context, w *Way, m *message.Message) *Error {
	err := c.push(ctx, w, m)
	outcome := pushed
	if err != nil {
		outcome = string(err.Kind)
	}
	c.options.Metrics.Add(metrics.Pushes, 1, w.Source, outcome)
	return err
}

func (c *Client) push(ctx context.Context, w *Way, m *message.Message) *Error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(w.Pusher.Timeout, defaultTimeout))
	defer cancel()
	content, err := m.Content(ctx, message.Encoding{
		Encoder: w.Encoder, Cloud: w.Pusher.CloudCodec, MaxBytes: w.Pusher.MaxBytes, Port: w.Pusher.Port,
		Clock: c.options.Now(),
	})
	if unfit, ok := errors.AsType[*message.ContentError](err); ok {
		return &Error{Kind: Unfit, Text: unfit.Text}
	}
	if err != nil {
		return &Error{Kind: Down, Text: err.Error()}
	}
	order, err := w.Pusher.Order(ctx, m, &content, w.Request)
	if err != nil {
		return &Error{Kind: Unknown, Text: briefly(err)}
	}
	t := c.target(w.Pusher.Target())
	done, failed := t.enter(ctx)
	if failed != nil {
		return failed
	}
	failed = c.send(ctx, w, order, t.host)
	done(failed)
	return failed
}

// briefly gives an error of an expression without the values that it met, and without the expression.
func briefly(err error) string {
	if bad, ok := errors.AsType[*mapped.Error](err); ok && len(bad.Fields) > 0 {
		text, _, _ := strings.Cut(bad.Fields[0].Logged(), " (in ")
		return bad.Fields[0].Path + ": " + strings.TrimPrefix(text, "error: ")
	}
	return err.Error()
}

// send makes the request; a second time where the key may have been replaced since it was read.
func (c *Client) send(ctx context.Context, w *Way, order *message.Order, host string) *Error {
	value, key, failed := c.key(ctx, w)
	if failed != nil {
		return failed
	}
	failed = c.request(ctx, w, order, host, key)
	if value == nil || failed == nil {
		return failed
	}
	if failed.Status != http.StatusUnauthorized && failed.Status != http.StatusForbidden {
		return failed
	}
	value.Refresh(ctx)
	if again, err := value.Get(ctx); err == nil && again != key {
		return c.request(ctx, w, order, host, again)
	}
	return failed
}

// key gives the key of a source: that of the configuration, else the one that came with the request.
func (c *Client) key(ctx context.Context, w *Way) (*secret.Value[string], string, *Error) {
	if w.Pusher.Key.IsZero() {
		if upstream.Printable(w.Key) {
			return nil, w.Key, nil
		}
		return nil, "", nil
	}
	c.mu.Lock()
	value := c.keys[w.Pusher]
	if value == nil {
		ref, err := secret.Parse(w.Pusher.Key.Reveal())
		if err != nil {
			c.mu.Unlock()
			return nil, "", &Error{Kind: NoKey, Text: "the key to push with is " + err.Error()}
		}
		value = secret.NewValue(c.options.Secrets, ref, ParseKey)
		c.keys[w.Pusher] = value
	}
	c.mu.Unlock()
	key, err := value.Get(ctx)
	if err != nil {
		return nil, "", &Error{Kind: NoKey, Text: "the key to push with cannot be read: " + err.Error()}
	}
	return value, key, nil
}

// ParseKey reads the text of a key.
func ParseKey(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" || !upstream.Printable(text) {
		return "", errors.New("the key is empty, or more than one line of ASCII")
	}
	return text, nil
}

// request makes the request with a key.
func (c *Client) request(ctx context.Context, w *Way, order *message.Order, host, key string) *Error {
	req, err := http.NewRequestWithContext(ctx, order.Method, order.URL, bytes.NewReader(order.Body))
	if err != nil {
		return &Error{Kind: Unknown, Text: "downlink.push.url gave something that is not a URL"}
	}
	req.Header.Set("User-Agent", c.options.UserAgent)
	req.Header.Set("Accept", "application/json")
	if order.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range order.Header {
		req.Header.Set(name, value)
	}
	if key != "" {
		req.Header.Set(cmp.Or(w.Pusher.KeyHeader, "Authorization"), w.Pusher.KeyPrefix+key)
	}
	resp, err := c.options.Transport.RoundTrip(req)
	if err != nil {
		cause := cmp.Or(upstream.Cause(err), "the call failed")
		if ctx.Err() != nil {
			cause = "it did not answer in time"
		}
		return &Error{Kind: Down, Text: host + ": " + cause}
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	failed := c.judge(ctx, w, resp, answer, err)
	if failed != nil {
		failed.Status = resp.StatusCode
		failed.Text = host + ": " + failed.Text
		if key != "" {
			failed.Text = strings.ReplaceAll(failed.Text, key, "[redacted]")
		}
	}
	return failed
}

// judge tells what an answer means.
func (c *Client) judge(ctx context.Context, w *Way, resp *http.Response, answer []byte, broken error) *Error {
	status := resp.StatusCode
	text := fmt.Sprintf("answered %d", status)
	switch {
	case status >= 200 && status <= 299:
		if broken != nil {
			return &Error{Kind: Down, Text: "the answer broke off"}
		}
		if len(answer) > maxAnswer {
			return nil
		}
		if failure := w.Pusher.Failure(ctx, answer); failure != "" {
			return &Error{Kind: Reported, Text: text + ", but " + upstream.Text(failure)}
		}
		return nil
	case status >= 300 && status <= 399:
		return &Error{Kind: Down, Text: text + ": redirects are not followed; downlink.push.to needs the final address"}
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status == http.StatusTooEarly:
		return &Error{Kind: Down, Text: text, RetryAfter: retryAfter(resp, c.options.Now())}
	case status >= 400 && status <= 499:
		return &Error{Kind: Refused, Text: text}
	}
	return &Error{Kind: Down, Text: text, RetryAfter: retryAfter(resp, c.options.Now())}
}
