package lookup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"mayfly/internal/backoff"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// The bounds of an answer.
const (
	MaxAnswer      = 256 << 10 // bytes, after decompression
	MaxAnswerDepth = message.MaxDepth
)

// read reads an answer: nil where it has no content. Its errors show nothing of the answer.
func (l *lookup) read(ctx context.Context, res *http.Response) (any, *Error) {
	failed := &Error{Name: l.Name, Status: res.StatusCode}
	switch status := res.StatusCode; {
	case status >= 200 && status < 300:
	case status == http.StatusNotFound, status == http.StatusGone:
		failed.Kind = NotFound
		return nil, failed
	case status >= 500, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		failed.Kind, failed.RetryAfter = Unavailable, backoff.RetryAfter(res.Header, l.now())
		return nil, failed
	default: // a redirect without a place, too
		failed.Kind = Refused
		return nil, failed
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, MaxAnswer+1))
	if err != nil {
		return nil, l.unanswered(ctx, err)
	}
	if res.StatusCode == http.StatusNoContent || len(bytes.TrimSpace(text)) == 0 {
		return nil, nil
	}
	value, err := parse(text, res.Header.Get("Content-Type"))
	if err != nil {
		failed.Kind, failed.Detail = Unusable, err.Error()
		return nil, failed
	}
	return value, nil
}

// parse reads the JSON of an answer, with every digit of its numbers.
func parse(text []byte, contentType string) (any, error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	media, _, _ := mime.ParseMediaType(contentType)
	switch {
	case len(text) > MaxAnswer:
		return nil, fmt.Errorf("it has more than %d KiB", MaxAnswer>>10)
	case isHTML(media, text):
		return nil, errors.New("it is HTML, want JSON")
	case media != "" && !maybeJSON(media):
		return nil, fmt.Errorf("it is %s, want JSON", message.Quote(media))
	case depth(text) > MaxAnswerDepth:
		return nil, fmt.Errorf("it is nested deeper than %d", MaxAnswerDepth)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, errors.New("it is not JSON") // the error may quote it
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("it has something behind its JSON")
	}
	return value, nil
}

// maybeJSON knows the media types of JSON, and those that servers send where they do not know better.
func maybeJSON(media string) bool {
	return strings.HasSuffix(media, "json") || media == "text/plain" || media == "application/octet-stream" ||
		strings.HasSuffix(media, "javascript")
}

func isHTML(media string, text []byte) bool {
	return media == "text/html" || media == "application/xhtml+xml" ||
		bytes.HasPrefix(bytes.TrimSpace(text), []byte("<"))
}

// depth tells how deep a text is nested, whether or not it is JSON.
func depth(text []byte) int {
	now, deepest, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

// selected takes of an answer what the look-up selects.
func (d *Definition) selected(ctx context.Context, answer any) (any, *Error) {
	if d.pick == nil {
		return answer, nil
	}
	run := mapping.NewRun(ctx, nil)
	defer run.Done()
	value, err := run.One(d.pick, answer)
	if err == nil {
		return value, nil
	}
	failed := &Error{Name: d.Name, Kind: Unusable, Detail: "select fails on it", Err: err}
	if wrong, ok := errors.AsType[*message.Error](err); ok && len(wrong.Fields) > 0 {
		failed.Detail += ": " + wrong.Fields[0].Logged()
	}
	return nil, failed
}
