package storagequeue

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/internal/backoff"
	"mayfly/internal/secret"
	"mayfly/internal/upstream"
)

const (
	version     = "2021-12-02" // of the REST interface
	callTimeout = 10 * time.Second
	tries       = 3
	firstPause  = 100 * time.Millisecond
	longPause   = 2 * time.Second

	// maxAnswer bounds an answer: as many messages of 64 KiB as a call gives, and what is told of each.
	maxAnswer = maxReceive * (64<<10 + 2<<10)
)

// client makes the calls to one queue.
type client struct {
	place
	authorize authorizer
	refused   func(context.Context)
	transport http.RoundTripper
	now       func() time.Time
}

// to is the client of another queue of the same account.
func (c *client) to(name string) *client {
	other := *c
	other.name = name
	return &other
}

// apiError is an answer that is a failure. Azure's messages are left out: they quote what was signed.
type apiError struct {
	status int
	code   string
}

func (e *apiError) Error() string {
	if e.code == "" {
		return "HTTP " + strconv.Itoa(e.status)
	}
	return e.code
}

// call is a call to a queue.
type call struct {
	method string
	path   string // under the queue's, with a slash in front
	query  url.Values
	text   string // of a message; empty: the request has no body
	once   bool   // the call is not made again
}

// do makes a call, again where a retry may help. Its errors are *queue.Error.
func (c *client) do(ctx context.Context, in call) (*http.Response, []byte, error) {
	var err error
	for n := range tries {
		if n > 0 && (in.once || !backoff.Sleep(ctx, backoff.Jitter(n-1, firstPause, longPause))) {
			break
		}
		var res *http.Response
		var body []byte
		if res, body, err = c.try(ctx, in); !isUnavailable(err) {
			return res, body, err
		}
	}
	return nil, nil, err
}

func (c *client) try(ctx context.Context, in call) (*http.Response, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	u := c.base
	u.Path += "/" + c.name + in.path
	u.RawQuery = in.query.Encode()
	r := (&http.Request{Method: in.method, URL: &u, Host: u.Host, Header: http.Header{}}).WithContext(ctx)
	if in.text != "" {
		body, err := xml.Marshal(queueMessage{Text: in.text})
		if err != nil {
			return nil, nil, c.failed(queue.Unavailable, err)
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		r.Header.Set("Content-Type", "application/xml")
	}
	r.Header.Set("X-Ms-Date", c.now().UTC().Format(http.TimeFormat))
	r.Header.Set("X-Ms-Version", version)
	if err := c.authorize(ctx, r); err != nil {
		if ctx.Err() != nil {
			return nil, nil, c.failed(queue.Unavailable, ctx.Err())
		}
		kind := queue.Denied
		if secret.Temporary(err) {
			kind = queue.Unavailable
		}
		return nil, nil, c.failed(kind, errors.New("no credentials: "+upstream.Text(err.Error())))
	}
	res, err := c.transport.RoundTrip(r)
	if err != nil {
		if cause := upstream.Cause(err); cause != "" && ctx.Err() == nil {
			err = errors.New(cause)
		}
		return nil, nil, c.failed(queue.Unavailable, err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, nil, c.failed(queue.Unavailable, err)
	}
	if res.StatusCode/100 == 2 {
		return res, body, nil
	}
	refusal := &apiError{res.StatusCode, upstream.Text(res.Header.Get("X-Ms-Error-Code"))}
	kind := kindOf(refusal.status, refusal.code)
	if kind == queue.Denied && c.refused != nil {
		c.refused(ctx)
	}
	return nil, nil, c.failed(kind, refusal)
}

func (c *client) failed(kind queue.Kind, err error) *queue.Error {
	return &queue.Error{Kind: kind, Queue: "azure-queue:" + c.account + "/" + c.name, Err: err}
}

// kindOf tells what a failure means (Storage services REST API, "Common error codes" and "Queue service error codes").
func kindOf(status int, code string) queue.Kind {
	switch code {
	case "MessageNotFound", "PopReceiptMismatch":
		return queue.LeaseLost
	case "QueueNotFound", "QueueBeingDeleted", "QueueDisabled", "ResourceNotFound":
		return queue.Missing
	case "MessageTooLarge", "RequestBodyTooLarge":
		return queue.TooLarge
	}
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return queue.Denied
	case http.StatusNotFound:
		return queue.Missing
	case http.StatusRequestEntityTooLarge:
		return queue.TooLarge
	}
	return queue.Unavailable
}

// isUnavailable reports whether the same call may succeed in a moment.
func isUnavailable(err error) bool {
	failed, ok := errors.AsType[*queue.Error](err)
	if !ok || failed.Kind != queue.Unavailable || errors.Is(err, context.Canceled) {
		return false
	}
	answer, ok := errors.AsType[*apiError](err)
	return !ok || answer.status >= http.StatusInternalServerError || answer.status == http.StatusTooManyRequests
}

// create makes the queue, if it is not there.
func (c *client) create(ctx context.Context) error {
	_, _, err := c.do(ctx, call{method: http.MethodPut})
	return err
}

// stored gives an estimate of the messages in the queue.
func (c *client) stored(ctx context.Context) (int, error) {
	res, _, err := c.do(ctx, call{method: http.MethodGet, query: url.Values{"comp": {"metadata"}}})
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(res.Header.Get("X-Ms-Approximate-Messages-Count")))
	if err != nil {
		return 0, c.failed(queue.Unavailable, errors.New("the answer does not tell how many messages there are"))
	}
	return n, nil
}
