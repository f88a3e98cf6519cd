package lookup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"

	"mayfly/internal/egress"
	"mayfly/internal/upstream"
)

const (
	userAgent    = "mayfly"
	maxRedirects = 3
)

var (
	errRedirectHost  = errors.New("to another host")
	errRedirectOften = fmt.Errorf("more than %d times", maxRedirects)
)

// redirect lets a redirect be followed that stays at the look-up's host: the request has its key in a header.
func (l *lookup) redirect(r *http.Request, via []*http.Request) error {
	switch {
	case originOfURL(r.URL) != l.origin || r.URL.User != nil:
		return errRedirectHost
	case len(via) > maxRedirects:
		return errRedirectOften
	}
	return nil
}

// ask makes the call. Where a secret is refused, it may have been rotated: it is read again, and if it is another one
// now, the call is made once more.
func (l *lookup) ask(ctx context.Context, q *query) (any, freshness, *Error) {
	header, err := l.header(ctx)
	if err != nil {
		return nil, freshness{}, err
	}
	value, fresh, err := l.call(ctx, q, header)
	if err == nil || err.Status != http.StatusUnauthorized && err.Status != http.StatusForbidden {
		return value, fresh, err
	}
	for _, s := range l.secrets {
		s.Refresh(ctx)
	}
	rotated, keyErr := l.header(ctx)
	if keyErr != nil || maps.Equal(header, rotated) {
		return value, fresh, err
	}
	return l.call(ctx, q, rotated)
}

// header reads the secrets of the headers.
func (l *lookup) header(ctx context.Context) (map[string]string, *Error) {
	out := make(map[string]string, len(l.secrets))
	for name, s := range l.secrets {
		text, err := s.Get(ctx)
		if err != nil {
			return nil, &Error{Name: l.Name, Kind: NoKey, Err: err}
		}
		out[name] = text
	}
	return out, nil
}

// call makes one call and reads its answer.
func (l *lookup) call(ctx context.Context, q *query, header map[string]string) (any, freshness, *Error) {
	var body io.Reader = http.NoBody
	if q.body != nil {
		body = bytes.NewReader(q.body)
	}
	r, err := http.NewRequestWithContext(ctx, l.method, q.url.String(), body)
	if err != nil {
		return nil, freshness{}, &Error{Name: l.Name, Kind: Expression, Detail: "the URL cannot be called"}
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", userAgent)
	if q.body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	var ended func(*http.Response, error)
	if l.observe != nil {
		ended = l.observe(ctx, l.Name, r)
	}
	res, err := l.client.Do(r)
	if ended != nil {
		ended(res, err)
	}
	if res != nil {
		defer func() { _ = res.Body.Close() }()
	}
	if err != nil {
		return nil, freshness{}, l.unanswered(ctx, err)
	}
	value, failed := l.read(ctx, res)
	if failed != nil {
		return nil, freshness{}, failed
	}
	if value, failed = l.selected(ctx, value); failed != nil {
		return nil, freshness{}, failed
	}
	return value, freshnessOf(res.Header, l.ttl, l.stale), nil
}

// unanswered says why a call has no answer.
func (l *lookup) unanswered(ctx context.Context, err error) *Error {
	failed := &Error{Name: l.Name, Kind: Unreachable, Err: err}
	switch {
	case errors.Is(err, errRedirectHost):
		failed.Kind, failed.Detail = Redirected, errRedirectHost.Error()
	case errors.Is(err, errRedirectOften):
		failed.Kind, failed.Detail = Redirected, errRedirectOften.Error()
	case errors.Is(err, errNoAnswer):
		failed.Detail = errNoAnswer.Error()
	case errors.Is(err, egress.ErrNotPublic):
		failed.Kind, failed.Detail = NotAllowed, "allow: private permits it"
	case ctx.Err() != nil, upstream.TimedOut(err):
		failed.Kind = Late
	}
	return failed
}
