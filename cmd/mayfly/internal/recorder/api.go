package recorder

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"mayfly/cmd/mayfly/internal/recorder/hidden"
)

const (
	maxWait  = 5 * time.Minute
	maxCount = 1000 // requests in one answer
)

// API is the requests by HTTP, for the console: the paths /requests and below. It is nil for a nil Recorder. The
// console checks who calls: its Host names, and that no page of another origin changes anything.
func (rec *Recorder) API() http.Handler {
	if rec == nil {
		return nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /requests", rec.list)
	mux.HandleFunc("DELETE /requests", func(w http.ResponseWriter, _ *http.Request) {
		rec.clear()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /requests", answer(rec.importOne))
	mux.HandleFunc("GET /requests/{id}", rec.about(rec.one))
	mux.HandleFunc("POST /requests/{id}/again", rec.about(rec.sendAgain))
	mux.HandleFunc("GET /requests/{id}/export", rec.about(rec.export))
	mux.HandleFunc("GET /requests/{id}/sample", rec.about(rec.sample))
	mux.HandleFunc("POST /requests/{id}/sample", rec.about(rec.saveSample))
	return mux
}

// httpError is an error with its status.
type httpError struct {
	status int
	error
}

func badRequest(format string, args ...any) error {
	return httpError{http.StatusBadRequest, fmt.Errorf(format, args...)}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v)
}

// answer answers with what f returns, or with its error.
func answer(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := f(r)
		if err != nil {
			status := http.StatusBadRequest
			if own, ok := errors.AsType[httpError](err); ok {
				status = own.status
			}
			writeJSON(w, status, map[string]string{"error": err.Error()})
			return
		}
		writeJSON(w, http.StatusOK, v)
	}
}

// about answers for the request that the path names.
func (rec *Recorder) about(f func(*http.Request, *entry) (any, error)) http.HandlerFunc {
	return answer(func(r *http.Request) (any, error) {
		id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
		if err != nil {
			return nil, badRequest("%q is not the number of a request", short(r.PathValue("id"), 32))
		}
		e := rec.find(id)
		if e == nil {
			return nil, httpError{http.StatusNotFound, fmt.Errorf("request %d is not kept any more, or never was", id)}
		}
		return f(r, e)
	})
}

// readJSON reads the body of r into v; an empty one changes nothing. A strict one has no other members than v.
func readJSON(r *http.Request, v any, strict bool) error {
	text, err := io.ReadAll(r.Body)
	if err == nil && strings.TrimSpace(string(text)) != "" {
		decoder := json.NewDecoder(bytes.NewReader(text))
		if strict {
			decoder.DisallowUnknownFields()
		}
		if err = decoder.Decode(v); err == nil && decoder.More() {
			err = errors.New("there is something behind the object")
		}
	}
	if err != nil {
		return badRequest("the body is not as it should be: %w", err)
	}
	return nil
}

// query selects requests.
type query struct {
	search        search
	after, before uint64
	since         time.Time
	count         int
	wait          time.Duration
	ndjson        bool
}

func (rec *Recorder) parseQuery(values url.Values) (q query, err error) {
	terms := []string{values.Get("q")}
	for _, field := range []string{"source", "status", "device", "code"} {
		if v := values.Get(field); v != "" {
			terms = append(terms, field+`:"`+strings.ReplaceAll(v, `"`, "")+`"`)
		}
	}
	if q.search, err = parseSearch(strings.TrimSpace(strings.Join(terms, " "))); err != nil {
		return q, err
	}
	number := func(name string) (n uint64) {
		if text := values.Get(name); text != "" && err == nil {
			if n, err = strconv.ParseUint(text, 10, 64); err != nil {
				err = fmt.Errorf("%s: want a whole number", name)
			}
		}
		return n
	}
	q.after, q.before = number("after"), number("before")
	q.count = int(min(number("count"), maxCount))
	if text := values.Get("wait"); text != "" && err == nil {
		if q.wait, err = time.ParseDuration(text); err != nil || q.wait < 0 {
			err = errors.New("wait: want a duration such as 5s")
		}
		q.wait = min(q.wait, maxWait)
	}
	if text := values.Get("since"); text != "" && err == nil {
		q.since, err = time.Parse(time.RFC3339, text)
		if ago, wrong := time.ParseDuration(text); wrong == nil {
			q.since, err = rec.now().Add(-ago), nil
		}
		if err != nil {
			err = errors.New("since: want a time such as 2026-01-02T03:04:05Z, or a duration such as 5m")
		}
	}
	switch values.Get("format") {
	case "", "json":
	case "ndjson":
		q.ndjson = true
	default:
		err = errors.New("format: want json or ndjson")
	}
	return q, err
}

// list answers with the requests that match, oldest first. With wait it first waits for count of them, or for one.
func (rec *Recorder) list(w http.ResponseWriter, r *http.Request) {
	q, err := rec.parseQuery(r.URL.Query())
	if err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	found, s := rec.wait(r.Context(), &q)
	h := w.Header()
	h.Set("Mayfly-Oldest", strconv.FormatUint(s.oldest, 10))
	h.Set("Mayfly-Newest", strconv.FormatUint(s.next-1, 10))
	if want := max(1, q.count); q.wait > 0 && len(found) < want {
		h.Set("Mayfly-Missing", strconv.Itoa(want-len(found)))
	}
	list := make([]Summary, len(found))
	for i, e := range found {
		list[i] = summary(e)
	}
	if !q.ndjson {
		writeJSON(w, http.StatusOK, list)
		return
	}
	h.Set("Content-Type", "application/x-ndjson")
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for i := range list {
		_ = encoder.Encode(&list[i])
	}
}

// wait returns the newest entries that match, oldest first. It waits until there are enough, or all are forgotten.
func (rec *Recorder) wait(ctx context.Context, q *query) ([]*entry, state) {
	ctx, cancel := context.WithTimeout(ctx, q.wait)
	defer cancel()
	limit := q.count
	if limit == 0 {
		limit = maxCount
	}
	var found []*entry
	s := rec.entries(q.after, q.before)
	oldest := s.oldest
	for {
		found = append(found, q.matching(s.entries, limit)...)
		found = found[max(0, len(found)-limit):]
		if q.wait == 0 || len(found) >= max(1, q.count) || s.oldest > oldest && s.oldest == s.next {
			return found, s
		}
		select {
		case <-ctx.Done():
			return found, s
		case <-s.changed:
			s = rec.entries(max(q.after, s.next-1), q.before)
		}
	}
}

// matching returns the newest entries that match, limit of them at most, oldest first.
func (q *query) matching(entries []*entry, limit int) []*entry {
	var out []*entry
	for _, e := range slices.Backward(entries) {
		if len(out) == limit || e.began.Before(q.since) {
			break
		}
		if q.search.matches(e) {
			out = append(out, e)
		}
	}
	slices.Reverse(out)
	return out
}

// one answers with all about a request.
func (rec *Recorder) one(r *http.Request, e *entry) (any, error) {
	d, secrets := rec.detail(r.Context(), e)
	return secrets.Without(d)
}

// sendAgain sends a request to the bridge, as it was or edited, and answers with what became of it.
func (rec *Recorder) sendAgain(r *http.Request, e *entry) (any, error) {
	var edit Edited
	if err := readJSON(r, &edit, true); err != nil {
		return nil, err
	}
	if edit.Body != nil && edit.Base64 != nil {
		return nil, badRequest("there is a body and a base64; one of them is wanted")
	}
	secrets := &hidden.Secrets{}
	if e.imported == nil {
		_, _ = rec.received(e, header(e.head), secrets)
	}
	out, err := e.outgoing(&edit, secrets)
	if err != nil {
		return nil, err
	}
	sent, err := rec.repeat(r.Context(), e.id, out)
	if _, own := errors.AsType[httpError](err); own {
		return nil, err
	}
	if err != nil {
		return nil, httpError{http.StatusBadGateway, err}
	}
	return summary(sent), nil
}
