package tables

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"mayfly/internal/egress"
	"mayfly/internal/secret"
	"mayfly/internal/upstream"
	"mayfly/transform/table"
)

const maxRedirects = 3

var errRedirect = errors.New("the redirect leads to another host, or is one of too many")

// redirect lets a redirect be followed that stays at the host: the request may have a secret in a header.
func (t *Table) redirect(r *http.Request, via []*http.Request) error {
	if r.URL.Scheme != "https" || !strings.EqualFold(r.URL.Host, via[0].URL.Host) || r.URL.User != nil ||
		len(via) > maxRedirects {
		return errRedirect
	}
	return nil
}

// fetch gets the table from its address, where it is another one than before.
func (t *Table) fetch(ctx context.Context) (rows *table.Table, wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	res, err := t.ask(ctx)
	if err != nil {
		return nil, 0, told(err)
	}
	defer func() { _ = res.Body.Close() }()
	switch {
	case res.StatusCode == http.StatusNotModified && t.rows.Load() != nil:
		return nil, 0, nil
	case res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden:
		for _, value := range t.headers {
			value.Refresh(ctx) // it may have been rotated
		}
		return nil, 0, fmt.Errorf("the address answers %d: the headers need a secret that is valid", res.StatusCode)
	case res.StatusCode != http.StatusOK:
		return nil, retryAfter(res.Header), fmt.Errorf("the address answers %d", res.StatusCode)
	}
	format, err := t.formatOf(res.Header)
	if err != nil {
		return nil, 0, err
	}
	limit := table.Limit(format)
	tooLarge := table.Faults{{Kind: table.ErrTooLarge, Problem: table.TooLarge(format)}}
	if res.ContentLength > int64(limit) {
		return nil, 0, tooLarge
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, int64(limit)+1))
	switch {
	case err != nil:
		return nil, 0, told(err)
	case len(text) > limit:
		return nil, 0, tooLarge
	}
	if rows, err = table.Read(text, format, t.Key); err != nil {
		return nil, 0, err
	}
	t.etag, t.edited = res.Header.Get("ETag"), res.Header.Get("Last-Modified")
	return rows, 0, nil
}

// ask makes the request.
func (t *Table) ask(ctx context.Context) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, t.URL, http.NoBody)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", "mayfly")
	for name, value := range t.headers {
		text, err := value.Get(ctx)
		if err != nil {
			return nil, err
		}
		r.Header.Set(name, text)
	}
	if t.rows.Load() != nil {
		if t.etag != "" {
			r.Header.Set("If-None-Match", t.etag)
		} else if t.edited != "" {
			r.Header.Set("If-Modified-Since", t.edited)
		}
	}
	return t.client.Do(r) //nolint:bodyclose // fetch closes it
}

// told makes of the error of a call what a log may have: the address may hold a secret in its query.
func told(err error) error {
	if key, ok := errors.AsType[*secret.Error](err); ok {
		return key
	}
	switch {
	case errors.Is(err, errRedirect):
		return errRedirect
	case errors.Is(err, egress.ErrNotPublic):
		return errors.New("the address is not public; allow: private permits it")
	case errors.Is(err, context.DeadlineExceeded), upstream.TimedOut(err):
		return errors.New("the address does not answer in time")
	}
	return errors.New("the address does not answer: " + upstream.Cause(err))
}

// formatOf finds the format of an answer.
func (t *Table) formatOf(header http.Header) (table.Format, error) {
	kind, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	if kind == "text/html" {
		return "", errors.New("the address answers HTML, which is a page for people and not a table")
	}
	switch {
	case t.Format != "":
		return t.Format, nil
	case kind == "text/csv", kind == "text/tab-separated-values":
		return table.CSV, nil
	case kind == "application/json":
		return table.JSON, nil
	case strings.HasSuffix(kind, "yaml"):
		return table.YAML, nil
	}
	return "", errors.New("the answer does not say what it is: say format: csv, json or yaml")
}

// retryAfter reads when to ask again, in seconds; 0 where nothing is said.
func retryAfter(header http.Header) time.Duration {
	const most = 3600
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || seconds <= 0 {
		return 0
	}
	return time.Duration(min(seconds, most)) * time.Second
}
