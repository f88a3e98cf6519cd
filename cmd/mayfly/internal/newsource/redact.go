package newsource

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"mayfly/cmd/mayfly/internal/newsource/clue"
	"mayfly/cmd/mayfly/internal/newsource/redact"
	"mayfly/transform/media"
	"mayfly/transform/message"
)

// redacted writes a body without its credentials, in the sender's own form where that is JSON or a form.
func (b *builder) redacted(body []byte) string {
	switch {
	case json.Valid(body):
		return string(redact.JSON(body))
	case b.format == media.FormatForm || strings.Contains(b.request.HeaderValue("Content-Type"), "urlencoded"):
		return redact.Form(string(body))
	case b.format == media.FormatNDJSON || bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")):
		var out []string
		for line := range strings.Lines(string(body)) {
			out = append(out, string(redact.JSON([]byte(line))))
		}
		return strings.Join(out, "")
	}
	var found []string
	for _, f := range b.hidden {
		found = append(found, b.everyValue(f)...)
	}
	if v, err := b.decode(b.format); err == nil { // what is deep inside of lists is not among the fields
		found = append(found, redact.Secrets(v)...)
	}
	slices.SortFunc(found, func(a, b string) int { return len(b) - len(a) }) // one may be the beginning of another
	out := string(body)
	for _, v := range found {
		out = strings.ReplaceAll(out, v, redact.Removed)
	}
	return out
}

// everyValue lists the values of a member in all parts.
func (b *builder) everyValue(f *clue.Field) (out []string) {
	for _, part := range append([]any{}, b.parts...) {
		v := part
		for _, name := range f.Names {
			object, _ := v.(map[string]any)
			v = object[name]
		}
		if s, ok := message.ScalarText(v); ok && s != "" {
			out = append(out, s)
		}
	}
	if s, ok := message.ScalarText(f.Value); ok && s != "" {
		out = append(out, s)
	}
	return out
}
