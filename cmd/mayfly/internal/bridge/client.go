package bridge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"
)

const maxAnswerBytes = 1 << 20

// InProcess answers requests with a handler, without a socket.
type InProcess struct{ Handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (p InProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.Handler.ServeHTTP(w, r)
	return w.Result(), nil
}

// Client posts messages to one bridge.
type Client struct {
	Base      string // URL without a slash at the end
	Key       string // sent as X-Api-Key unless it is empty
	Transport http.RoundTripper
}

// RefusedError is a message that the bridge did not deliver.
type RefusedError struct {
	Status     int    // 0: there was no answer
	Code       string // of the problem, such as invalid-message
	Text       string
	Retryable  bool
	RetryAfter time.Duration
}

func (e *RefusedError) Error() string { return e.Text }

// Post sends one body. Every error about the bridge is a *RefusedError.
func (c *Client) Post(ctx context.Context, path string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.Key != "" {
		req.Header.Set("X-Api-Key", c.Key)
	}
	res, err := c.Transport.RoundTrip(req)
	if err != nil {
		return &RefusedError{Text: err.Error(), Retryable: true}
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswerBytes))
	if err != nil {
		return &RefusedError{Text: err.Error(), Retryable: true}
	}
	if res.StatusCode/100 == 2 {
		return nil
	}
	return refused(res, text)
}

// problem is the part of a bridge's problem+json that people need.
type problem struct {
	Title, Detail, Code string
	Retryable           *bool
	Errors              []struct{ Path, Hint string }
	Upstream            *struct {
		Service, ErrorCode, Message, TrackingID string
		Status                                  int
	}
}

func refused(res *http.Response, text []byte) *RefusedError {
	out := &RefusedError{
		Status:    res.StatusCode,
		Retryable: res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500,
	}
	if n, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil {
		out.RetryAfter = time.Duration(n) * time.Second
	}
	var p problem
	if json.Unmarshal(text, &p) != nil {
		out.Text = fmt.Sprintf("HTTP %d", res.StatusCode)
		return out
	}
	out.Code = p.Code
	if p.Retryable != nil {
		out.Retryable = *p.Retryable
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s (HTTP %d): %s", p.Code, res.StatusCode, p.Title)
	if p.Detail != "" {
		b.WriteString("; " + p.Detail)
	}
	for _, e := range p.Errors {
		fmt.Fprintf(&b, "\n  %s %s", e.Path, e.Hint)
	}
	if u := p.Upstream; u != nil {
		fmt.Fprintf(&b, "\n  %s answered %d %s %s %s", u.Service, u.Status, u.ErrorCode, u.Message, u.TrackingID)
	}
	out.Text = strings.TrimSpace(b.String())
	return out
}
