package recorder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"mayfly/cmd/mayfly/internal/recorder/hidden"
	"mayfly/cmd/mayfly/internal/recorder/samplefile"
	"mayfly/cmd/mayfly/internal/yamltext"
)

// maxSample bounds the body of a sample.
const maxSample = 64 << 10

// Saved is a request as a sample of its source.
type Saved struct {
	YAML string `json:"yaml"` // an element of samples
	Note string `json:"note,omitempty"`
	// File is the configuration file that has the source, Diff what would change there, and Version names its content.
	File    string `json:"file,omitempty"`
	Diff    string `json:"diff,omitempty"`
	Version string `json:"version,omitempty"`
	Written bool   `json:"written,omitempty"`
}

// sample answers with a request as a sample of its source, and what would change in the configuration file.
func (rec *Recorder) sample(r *http.Request, e *entry) (any, error) {
	saved, _, err := rec.makeSample(r.Context(), e, r.URL.Query().Get("name"))
	return saved, err
}

// saveSample writes the sample into the configuration file, if it still is the version of which the diff was shown.
func (rec *Recorder) saveSample(r *http.Request, e *entry) (any, error) {
	var want struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	if err := readJSON(r, &want, true); err != nil {
		return nil, err
	}
	rec.saving.Lock()
	defer rec.saving.Unlock()
	saved, text, err := rec.makeSample(r.Context(), e, want.Name)
	switch {
	case err != nil:
		return nil, err
	case saved.File == "":
		return nil, badRequest("the sample cannot be written: %s", saved.Note)
	case saved.Version != want.Version:
		return nil, httpError{http.StatusConflict, errors.New("the file has changed: look at the difference again")}
	}
	if err := samplefile.Replace(saved.File, text); err != nil {
		return nil, httpError{http.StatusInternalServerError, err}
	}
	saved.Written = true
	return saved, nil
}

// makeSample makes a sample, and the text of the configuration file with it.
func (rec *Recorder) makeSample(ctx context.Context, e *entry, name string) (*Saved, []byte, error) {
	d, secrets := rec.detail(ctx, e)
	if rec.explain != nil && e.imported == nil && d.Source != "" {
		// Samples do not say when they came in.
		d.Explain = rec.mapped(ctx, e, header(e.head), e.plainBody(), time.Time{}, rec.explain.Map)
	}
	text, err := sampleYAML(d, name)
	if err != nil {
		return nil, nil, err
	}
	saved := &Saved{YAML: secrets.Scrub(text)}
	path := ""
	if rec.config != nil {
		path = rec.config()
	}
	if path == "" {
		saved.Note = "there is no configuration file; paste it under samples of a source"
		return saved, nil, nil
	}
	before, err := os.ReadFile(path)
	if err != nil {
		saved.Note = err.Error()
		return saved, nil, nil
	}
	at, err := samplefile.Find(before, d.Source)
	if err != nil {
		saved.Note = err.Error()
		return saved, nil, nil
	}
	after, diff := at.Insert(before, saved.YAML)
	if _, err := samplefile.Find(after, d.Source); err != nil {
		saved.Note = "the file has a form that cannot be changed here: " + err.Error()
		return saved, nil, nil
	}
	sum := sha256.Sum256(before)
	saved.File, saved.Diff, saved.Version = path, diff, hex.EncodeToString(sum[:8])
	return saved, after, nil
}

// notSampled are headers that say nothing about the data.
var notSampled = []string{
	"Accept", "Accept-Encoding", "Accept-Language", "Content-Encoding", "Dnt", "Origin", "Priority", "Referer",
	"User-Agent", "X-Request-Id", "X-Real-Ip",
}

// sampleYAML writes a request as an element of samples.
func sampleYAML(d *Detail, name string) (string, error) {
	q := &d.Request
	switch {
	case d.Source == "" || d.How == howOwn:
		return "", badRequest("no source has read this request, so it is a sample of none")
	case q.Body.Base64 != "" || q.Body.Cut || q.Body.Size > maxSample:
		return "", badRequest("the body of a sample is text of at most %d bytes", maxSample)
	case d.Explain.isCut():
		return "", badRequest("a sample has at most %d parts of at most %d messages, each of at most %d bytes",
			maxParts, maxMessages, maxDecoded)
	}
	if name = strings.TrimSpace(name); name == "" {
		name = fmt.Sprintf("request of %s", d.Time.UTC().Format("2006-01-02 15:04:05"))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "- name: %s\n  request:\n", yamltext.Quote(short(name, 200)))
	if q.Method != http.MethodPost {
		fmt.Fprintf(&b, "    method: %s\n", yamltext.Quote(q.Method))
	}
	if path, err := url.PathUnescape(q.Path); err == nil && path != "/api/"+d.Source && d.How == howNamed {
		fmt.Fprintf(&b, "    path: %s\n", yamltext.Quote(path))
	}
	query, _ := url.ParseQuery(q.Query)
	mapping(&b, "query", query, func(name, value string) bool { return !hidden.Name(name) && !hidden.In(value) })
	headers := map[string][]string{}
	for _, h := range q.Headers {
		headers[h[0]] = append(headers[h[0]], h[1])
	}
	mapping(&b, "headers", headers, func(name, value string) bool {
		return !slices.Contains(notSampled, name) && !slices.Contains(hopHeaders, name) && !hidden.In(value) &&
			!strings.HasPrefix(name, "X-Forwarded-") && !strings.HasPrefix(name, "Sec-") &&
			(name != "Content-Type" || value != "application/json")
	})
	fmt.Fprintf(&b, "    body: %s\n", yamltext.ScalarText(q.Body.Text, 6))
	expected(&b, d)
	return b.String(), nil
}

// mapping writes names with their first values, those that are wanted.
func mapping(b *strings.Builder, title string, values map[string][]string, wanted func(name, value string) bool) {
	names := make([]string, 0, len(values))
	for name, list := range values {
		if len(list) > 0 && wanted(name, list[0]) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for i, name := range names {
		if i == 0 {
			fmt.Fprintf(b, "    %s:\n", title)
		}
		fmt.Fprintf(b, "      %s: %s\n", yamltext.Quote(name), yamltext.Quote(values[name][0]))
	}
}

// expected writes what must come out: messages, nothing, or an error.
func expected(b *strings.Builder, d *Detail) {
	x := d.Explain
	if x == nil || x.Failed != "" {
		return
	}
	if wrong := x.failure(); wrong != "" {
		fmt.Fprintf(b, "  refused: %s\n", yamltext.Quote(wrong))
		return
	}
	first := true
	for i := range x.Parts {
		for j := range x.Parts[i].Messages {
			if first {
				b.WriteString("  messages:\n")
				first = false
			}
			m := &x.Parts[i].Messages[j]
			fmt.Fprintf(b, "    - deviceId: %s\n", yamltext.Quote(m.Device))
			for _, f := range [][2]string{{"modelId", m.Model}, {"gatewayId", m.Gateway}, {"component", m.Component},
				{"time", m.Time}, {"body", m.Body}} {
				if f[1] != "" {
					fmt.Fprintf(b, "      %s: %s\n", f[0], yamltext.ScalarText(f[1], 8))
				}
			}
			properties := map[string][]string{}
			for name, value := range m.Properties {
				properties[name] = []string{value}
			}
			writeProperties(b, properties)
		}
	}
	if first {
		b.WriteString("  messages: []\n")
	}
}

func writeProperties(b *strings.Builder, values map[string][]string) {
	var text strings.Builder
	mapping(&text, "properties", values, func(_, value string) bool { return !hidden.In(value) })
	for line := range strings.Lines(text.String()) {
		b.WriteString("  " + line)
	}
}

// isCut reports whether messages, or parts of them, are left out.
func (x *Explanation) isCut() bool {
	if x == nil || x.More > 0 {
		return x != nil
	}
	for i := range x.Parts {
		if slices.ContainsFunc(x.Parts[i].Messages, func(m Message) bool { return len(m.Body) > maxDecoded }) {
			return true
		}
	}
	return false
}

// failure is why no message came out of the request, or of a part of it.
func (x *Explanation) failure() string {
	if x.Error != nil {
		return firstOf(x.Error)
	}
	for i := range x.Parts {
		if x.Parts[i].Error != nil {
			return firstOf(x.Parts[i].Error)
		}
	}
	return ""
}

func firstOf(e *Error) string {
	if len(e.Fields) > 0 {
		return e.Fields[0].Hint
	}
	return e.Detail
}
