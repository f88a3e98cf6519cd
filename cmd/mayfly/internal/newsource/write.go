package newsource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mayfly/cmd/mayfly/internal/newsource/redact"
	"mayfly/cmd/mayfly/internal/yamltext"
	"mayfly/transform"
)

// finish writes the YAML and proves it with the sample.
func (b *builder) finish(ctx context.Context) (*Draft, error) {
	d := &Draft{Notes: b.notes, Like: b.like}
	body := b.sampleBody()
	if len(body) > maxSample {
		if body = string(redact.Shorten([]byte(body), maxSample)); len(body) > maxSample {
			return nil, fmt.Errorf("the body has %d bytes, and a sample at most %d: take one with fewer messages",
				len(body), maxSample)
		}
		d.Notes = append(d.Notes, Note{Member: "samples", Text: "the body is long: the sample has the first " +
			"elements of its lists"})
	}
	if b.noBytes {
		d.Notes = append(d.Notes, Note{Member: "samples", Unsure: true,
			Text: "YAML cannot hold these bytes: there is no sample, so mayfly check proves nothing of this source"})
	} else if b.binary {
		d.Notes = append(d.Notes, Note{Member: "samples", Text: "the sample holds in JSON what the bytes were read as"})
	}
	head := b.head(d.Notes)
	request := b.sampleRequest(body)
	d.YAML = []byte(head)
	definition, err := transform.ParseDefinition(append([]byte(head), request...))
	if err != nil {
		return nil, fmt.Errorf("the source that was guessed is not YAML: %w", err)
	}
	source, err := b.t.Compile(definition)
	if err != nil {
		d.Wrong = append(d.Wrong, err.Error())
		d.YAML = append([]byte(head), request...)
		return d, nil
	}
	if b.noBytes {
		return d, nil
	}
	got, _, err := source.Prove(ctx, source.Samples[0])
	d.YAML = append([]byte(head), request...)
	if err != nil {
		for _, f := range source.SampleFault(source.Samples[0], err) {
			d.Wrong = append(d.Wrong, f.Error())
		}
		return d, nil
	}
	d.Messages = got
	d.YAML = append(d.YAML, writeMessages(got)...)
	d.Wrong = b.proof(ctx, d.YAML)
	return d, nil
}

// proof reads the whole source again and runs its sample, as mayfly check does.
func (b *builder) proof(ctx context.Context, text []byte) []string {
	definition, err := transform.ParseDefinition(text)
	if err != nil {
		return []string{err.Error()}
	}
	source, err := b.t.Compile(definition)
	if err != nil {
		return []string{err.Error()}
	}
	got, want, err := source.Prove(ctx, source.Samples[0])
	if err != nil {
		return []string{err.Error()}
	}
	wrong := transform.Differences(got, want, true)
	if len(wrong) == 0 && !source.Definition.Detect.IsZero() && !source.Detects(ctx,
		source.Samples[0].Request.Request(b.name)) {
		wrong = append(wrong, errors.New("detect does not hold for the sample").Error())
	}
	return wrong
}

// head writes all but the sample.
func (b *builder) head(notes []Note) string {
	w := &writer{notes: notes}
	fmt.Fprintf(&w.b, "# Guessed by mayfly source new from one body: read it, and try others with mayfly try %s "+
		"BODY.\n", b.name)
	w.plain("name", b.name)
	w.plain("title", title(b.name))
	setup := fmt.Sprintf("Where %s asks for the URL of a webhook: https://YOUR-MAYFLY/api/%s\n", title(b.name), b.name)
	if b.deviceID == "$request.query.device" {
		setup = strings.TrimSpace(setup) + "?device=ID\n"
	}
	w.plain("setup", setup)
	if m := strings.ToUpper(b.request.Method); m != "" && m != "POST" {
		w.raw("methods", "["+m+", POST]")
	}
	w.note("signature")
	if b.format != "" {
		w.plain("format", string(b.format))
	}
	if b.csv.Header != "" {
		w.raw("csv", `{header: "no", columns: [`+strings.Join(b.csv.Columns, ", ")+"]}")
	}
	if len(b.secretQuery) > 0 {
		quoted := make([]string, len(b.secretQuery))
		for i, q := range b.secretQuery {
			quoted[i] = yamltext.Quote(q)
		}
		w.raw("secretQuery", "["+strings.Join(quoted, ", ")+"]")
	}
	w.list("hints", b.hints)
	w.plain("detect", b.detect)
	w.plain("each", b.shape.each(&b.find, b.wrapped))
	w.plain("envelope", b.envelope)
	w.plain("expects", b.expects)
	w.plain("deviceId", b.deviceID)
	w.plain("messageId", b.messageIDs)
	w.plain("timestamp", b.timestamp)
	w.plain("zone", b.zone)
	w.plain("measurements", b.measurements)
	w.plain("payload", b.bytes)
	w.plain("port", b.port)
	w.plain("also", b.also)
	if len(b.properties) > 0 {
		w.b.WriteString("properties:\n")
		for _, p := range b.properties {
			fmt.Fprintf(&w.b, "  %s: %s\n", yamltext.Quote(p[0]), yamltext.ScalarText(p[1], 4))
		}
	}
	return w.b.String()
}

// sampleRequest writes the sample up to its messages.
func (b *builder) sampleRequest(body string) string {
	if b.noBytes {
		return ""
	}
	w := &writer{notes: b.notes}
	w.note("samples")
	w.b.WriteString("samples:\n  - name: a captured body\n    request:\n")
	if m := strings.ToUpper(b.request.Method); m != "" && m != "POST" {
		fmt.Fprintf(&w.b, "      method: %s\n", m)
	}
	if b.path != "" {
		fmt.Fprintf(&w.b, "      path: %s\n", yamltext.Quote(b.path))
	}
	headers := maps.Clone(b.headers)
	if ct := headers["Content-Type"]; ct == "" && b.request.HeaderValue("Content-Type") != "" {
		headers["Content-Type"] = b.request.HeaderValue("Content-Type")
	}
	if headers["Content-Type"] == "application/json" && len(headers) == 1 {
		delete(headers, "Content-Type")
	}
	writePairs(&w.b, "headers", headers)
	writePairs(&w.b, "query", b.query)
	if body != "" {
		fmt.Fprintf(&w.b, "      body: %s\n", yamltext.ScalarText(body, 8))
	}
	return w.b.String()
}

func writePairs(out *bytes.Buffer, name string, pairs map[string]string) {
	if len(pairs) == 0 {
		return
	}
	fmt.Fprintf(out, "      %s:\n", name)
	for _, k := range slices.Sorted(maps.Keys(pairs)) {
		fmt.Fprintf(out, "        %s: %s\n", yamltext.Quote(k), yamltext.Quote(pairs[k]))
	}
}

func writeMessages(messages []transform.SampleMessage) string {
	var b strings.Builder
	b.WriteString("    messages:\n")
	for _, m := range messages {
		fmt.Fprintf(&b, "      - deviceId: %s\n", yamltext.Quote(m.DeviceID))
		if m.Time != "" {
			fmt.Fprintf(&b, "        time: %s\n", yamltext.Quote(m.Time))
		}
		if m.MessageID != "" {
			fmt.Fprintf(&b, "        messageId: %s\n", yamltext.Quote(m.MessageID))
		}
		fmt.Fprintf(&b, "        body: %s\n", yamltext.ScalarText(m.Body, 10))
		if len(m.Properties) > 0 {
			b.WriteString("        properties:\n")
			for _, k := range slices.Sorted(maps.Keys(m.Properties)) {
				fmt.Fprintf(&b, "          %s: %s\n", yamltext.Quote(k), yamltext.Quote(m.Properties[k]))
			}
		}
	}
	return b.String()
}

// writer writes members of a source with what was said about them.
type writer struct {
	b     bytes.Buffer
	notes []Note
}

// note writes what was said about a member, as comments.
func (w *writer) note(member string) {
	for _, n := range w.notes {
		if n.Member != member {
			continue
		}
		for i, line := range n.Lines() {
			if i > 0 {
				line = "  " + line
			}
			for _, part := range yamltext.Wrap(line) {
				w.b.WriteString("# " + part + "\n")
			}
		}
	}
}

func (w *writer) plain(name, value string) {
	if value == "" && name != "timestamp" {
		return
	}
	w.note(name)
	if value != "" {
		fmt.Fprintf(&w.b, "%s: %s\n", name, yamltext.ScalarText(value, 2))
	}
}

func (w *writer) raw(name, value string) {
	w.note(name)
	fmt.Fprintf(&w.b, "%s: %s\n", name, value)
}

func (w *writer) list(name string, values []string) {
	if len(values) == 0 {
		return
	}
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = yamltext.Quote(v)
	}
	w.raw(name, "["+strings.Join(quoted, ", ")+"]")
}

// Lines tells a note in lines.
func (n *Note) Lines() []string {
	text := n.Text
	if n.Unsure {
		text = "UNSURE: " + text
	}
	lines := []string{text}
	for _, o := range n.Others {
		lines = append(lines, "or "+o)
	}
	return lines
}
