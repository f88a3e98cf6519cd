package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	"mayfly/function"
	"mayfly/internal/secret"
)

// target is where send and replay send to: a bridge that runs already, or one of
// their own, configured by the same variables as bootstrap.
type target struct {
	To  string `help:"URL of a running bridge, for example http://127.0.0.1:7071. Without it the command is the bridge itself, and wants ID_SCOPE and GROUP_KEY." placeholder:"URL"`
	Key string `help:"Key for the bridge, where it asks for one. MAYFLY_KEY when not given." placeholder:"KEY"`
}

// secrets reads references with the caller's identity.
func (w *world) secrets() *secret.Loader {
	return &secret.Loader{Transport: http.DefaultTransport, Getenv: w.getenv, Now: time.Now}
}

// open gives what carries requests to the bridge.
func (t *target) open(w *world) (*bridge, error) {
	if t.To != "" {
		key := t.Key
		if key == "" {
			key = w.getenv("MAYFLY_KEY")
		}
		return &bridge{base: strings.TrimSuffix(t.To, "/"), key: key, transport: http.DefaultTransport}, nil
	}
	config, err := function.LoadConfig(append(without(w.environ, "AWS_LAMBDA_RUNTIME_API", "FUNCTIONS_CUSTOMHANDLER_PORT", "API_KEYS"), "AUTH=none"))
	if err != nil {
		return nil, hint(err.Error(), "set the variables, or name a running bridge with --to")
	}
	toDPS, toHub := function.Transports(config)
	service := function.New(config, function.Dependencies{DPS: toDPS, Hub: toHub, Log: slog.New(slog.DiscardHandler)})
	return &bridge{base: "http://bridge", transport: inProcess{service}}, nil
}

// without gives the variables but for some.
func without(environ []string, names ...string) []string {
	var kept []string
	for _, v := range environ {
		drop := false
		for _, name := range names {
			drop = drop || strings.HasPrefix(v, name+"=")
		}
		if !drop {
			kept = append(kept, v)
		}
	}
	return kept
}

// inProcess answers requests by a handler, without a socket.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

// bridge posts messages.
type bridge struct {
	base, key string
	transport http.RoundTripper
}

// refused is a message that the bridge did not deliver.
type refused struct {
	status     int
	code       string
	text       string
	retryable  bool
	retryAfter time.Duration
}

func (e *refused) Error() string { return e.text }

// post sends one body.
func (b *bridge) post(ctx context.Context, path string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if b.key != "" {
		req.Header.Set("X-Api-Key", b.key)
	}
	res, err := b.transport.RoundTrip(req)
	if err != nil {
		return &refused{text: err.Error(), retryable: true}
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return &refused{text: err.Error(), retryable: true}
	}
	if res.StatusCode/100 == 2 {
		return nil
	}
	return problemOf(res, text)
}

func problemOf(res *http.Response, text []byte) error {
	out := &refused{status: res.StatusCode, retryable: res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500}
	var p struct {
		Title, Detail, Code string
		Retryable           *bool
		Errors              []struct{ Path, Hint string }
		Upstream            *struct {
			Service, ErrorCode, Message, TrackingID string
			Status                                  int
		}
	}
	if json.Unmarshal(text, &p) != nil {
		out.text = fmt.Sprintf("HTTP %d", res.StatusCode)
		return out
	}
	out.code = p.Code
	if p.Retryable != nil {
		out.retryable = *p.Retryable
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
		fmt.Fprintf(&b, "\n  %s said %d %s %s %s", u.Service, u.Status, u.ErrorCode, u.Message, u.TrackingID)
	}
	out.text = strings.TrimSpace(b.String())
	if n, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil {
		out.retryAfter = time.Duration(n) * time.Second
	}
	return out
}
