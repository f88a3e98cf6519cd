package transform_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform"
	"mayfly/transform/answer"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
	"mayfly/transform/sources"
)

var update = flag.Bool("update", false, "write the generated documents anew")

// docs/sources.md is made from the sources. go generate writes it, and this test
// fails when it is not what they say.
func TestSourcesDoc(t *testing.T) {
	t.Parallel()
	const path = "../docs/sources.md"
	want := sourcesDoc(t)
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(path)
	if err != nil || string(text) != want {
		t.Errorf("docs/sources.md is not what the sources say: run go generate ./transform (%v)", err)
	}
}

func sourcesDoc(t *testing.T) string {
	t.Helper()
	tr := transform.New()
	var table, answers, sections strings.Builder
	for _, g := range sources.Groups() {
		fmt.Fprintf(&table, "\n**%s**\n\n| source | sender | methods | messages to devices |\n|---|---|---|---|\n", g.Title)
		for _, name := range tr.SourceNames() {
			s, err := tr.Source(name)
			if err != nil {
				t.Fatal(err)
			}
			if s.Group == g.Name {
				table.WriteString(sourceRow(s))
			}
		}
	}
	for _, name := range tr.SourceNames() {
		s, err := tr.Source(name)
		if err != nil {
			t.Fatal(err)
		}
		answers.WriteString(answersRow(t, s))
		sections.WriteString(sourceSection(s))
	}
	return `<!-- Made from transform/sources by go generate ./transform: change these. -->

# Sources

Point a sender's webhook at ` + "`https://YOUR-MAYFLY/api/SOURCE`" + `, or any of them at ` + "`https://YOUR-MAYFLY/api/ingest`" + `, which finds the
source by what the request looks like. Where ` + "`AUTH=keys`" + `, add your key as the header ` + "`Authorization: Bearer KEY`" + `.

What the sender decoded becomes the measurements; what nobody decoded is sent as ` + "`payload`" + ` (lower-case hex) and ` + "`fPort`" + `, or
goes through a codec, beside the other values of the body. Radio and gateway data become application properties, and are left
out where the sender says nothing. How to change a source, or to write one: [mapping.md](mapping.md).

Events that are not telemetry (joins, acknowledgements, and kinds that are new) are answered 2xx and counted as ignored,
where they are in the sender's own envelope. Every other body is refused with 422 and a hint: which source it looks like, or
what this one expects.

Messages for devices go with the answer, or are pushed to the sender, where the tables say so: [downlink.md](downlink.md).
"Made from" tells what a mapping is made from, where a part of it is from hearsay.
` + table.String() + `
## What a sender is answered, and what it does then

"Waits" is how long Mayfly thinks that the sender waits for an answer. "Never stored" are messages that no repetition can heal:
where some of a request are, the others are stored. "Error" is the status of the [error](errors.md), such as 422 or 403. What
may pass is answered 429, 502, 503 or 504 with ` + "`Retry-After`" + `, and a body of another sender 422, whatever the source.
How to change an answer: [mapping.md](mapping.md#the-answer).

| source | waits | stored | some never stored | all never stored | what the sender does with a failure |
|---|---|---|---|---|---|
` + answers.String() + sections.String()
}

// sourceRow is the row of a source in the table of its group.
func sourceRow(s *transform.Source) string {
	methods := strings.Join(s.Methods, ", ")
	if methods == "" {
		methods = "POST"
	}
	var down string
	switch {
	case s.Downlink.InAnswer():
		down = "in the answer"
	case !s.Downlink.Push.URL.IsZero():
		down = "by push"
	}
	return fmt.Sprintf("| [`%s`](#%s) | %s | %s | %s |\n", s.Name, s.Name, s.Title, methods, down)
}

// sourceSection is what a user reads of a source.
func sourceSection(s *transform.Source) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s\n\n**%s** ([documentation](%s))\n\n%s", s.Name, s.Title, s.Docs, indented(s.Setup))
	if s.Evidence != "" {
		fmt.Fprintf(&b, "\nMade from: %s", indented(s.Evidence))
	}
	fmt.Fprintf(&b, "\n[Open in the playground](http://127.0.0.1:7080/#playground?source=%s) of `mayfly dev`.\n", s.Name)
	var props []string
	for p := range s.Definition.Properties {
		props = append(props, "`"+p+"`")
	}
	slices.Sort(props)
	if len(props) > 0 {
		fmt.Fprintf(&b, "\nProperties: %s.\n", strings.Join(props, ", "))
	}
	var ignored []string
	for _, sample := range s.Samples {
		if len(sample.Messages) == 0 && sample.Refused == "" {
			ignored = append(ignored, sample.Name)
		}
	}
	if len(ignored) > 0 {
		fmt.Fprintf(&b, "\nIgnored, for example: %s.\n", strings.Join(ignored, "; "))
	}
	return b.String()
}

// answersRow is the row of a source in the table of answers.
func answersRow(t *testing.T, s *transform.Source) string {
	t.Helper()
	stored := "200"
	if n := s.Answer.FixedStatus(); n != 0 {
		stored = fmt.Sprint(n)
	}
	partial, refused := stored, "error"
	if n := s.Answer.Partial.FixedStatus(); n != 0 {
		partial = fmt.Sprint(n)
	}
	switch n := s.Answer.Refused.FixedStatus(); {
	case s.OnReject == "accept":
		refused = stored
	case n != 0:
		refused = fmt.Sprint(n)
	case !s.Answer.Refused.Status.IsZero():
		refused = refusedStatuses(t, s)
	}
	if body := strings.TrimSpace(s.Answer.Body); body != "" {
		stored += " `" + body + "`"
	}
	return fmt.Sprintf("| `%s` | %v | %s | %s | %s | %s |\n", s.Name, s.Patience.Round(time.Second), stored, partial, refused,
		strings.Join(strings.Fields(s.Resends), " "))
}

// refusedStatuses tells what a source whose status is jq makes of the statuses of problems.
func refusedStatuses(t *testing.T, s *transform.Source) string {
	t.Helper()
	var instead []string
	last := 0
	for _, status := range []int{400, 403, 413, 422, 502} {
		got, err := s.Reply(t.Context(), &message.Request{}, &answer.Report{Class: answer.Refused, Status: status})
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case got.Status == 0:
			continue
		case got.Status != last:
			instead = append(instead, fmt.Sprintf("%d for %d", got.Status, status))
		default:
			instead = append(instead, fmt.Sprint(status))
		}
		last = got.Status
	}
	return strings.Join(append(instead, "else error"), ", ")
}

// Every source tells what its sender does with a failure.
func TestSourcesResend(t *testing.T) {
	t.Parallel()
	tr := transform.New()
	for _, name := range tr.SourceNames() {
		s, err := tr.Source(name)
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.TrimSpace(s.Resends); text == "" || strings.Contains(text, "|") {
			t.Errorf("%s: resends is %q: want a line for the table of docs/sources.md", name, s.Resends)
		}
	}
}

func indented(text string) string { return strings.TrimRight(text, "\n") + "\n" }

// example is a piece of docs/mapping.md that is run: a source, a request, and the
// messages that come out.
type example struct{ codec, source, request, kind, messages string }

// Every example of docs/mapping.md is what it says.
func TestMappingDoc(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/mapping.md")
	if err != nil {
		t.Fatal(err)
	}
	var examples []example
	var e example
	for _, block := range regexp.MustCompile("(?s)```(\\w+) (\\w+)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		switch block[2] {
		case "codec":
			e.codec = block[3]
		case "source":
			e.source = block[3]
		case "request":
			e.kind, e.request = block[1], block[3]
		case "message":
			e.messages = block[3]
			examples = append(examples, e)
			e = example{}
		}
	}
	if len(examples) < 5 {
		t.Fatalf("%d examples", len(examples))
	}
	for i, e := range examples {
		t.Run(fmt.Sprint(i+1), func(t *testing.T) {
			t.Parallel()
			e.run(t)
		})
	}
}

func (e example) run(t *testing.T) {
	t.Helper()
	tr := transform.New()
	list := definitions(t, e.source)
	if err := tr.Add("mayfly.yaml", list, fstest.MapFS{"codec.js": {Data: []byte(e.codec)}}); err != nil {
		t.Fatal(err)
	}
	source, err := tr.Source(list[0].Name)
	if err != nil {
		t.Fatal(err)
	}
	request := &message.Request{Body: []byte(e.request), Header: map[string][]string{"Content-Type": {"application/json"}}}
	if e.kind == "http" {
		head, body, _ := strings.Cut(e.request, "\n\n")
		line, headers, _ := strings.Cut(head, "\n")
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(line + " HTTP/1.1\nHost: x\n" + headers + "\n\n")))
		if err != nil {
			t.Fatal(err)
		}
		request = &message.Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Header: r.Header, Body: []byte(strings.TrimSuffix(body, "\n"))}
	}
	out, err := source.Map(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	type message struct {
		DeviceID   string            `json:"deviceId"`
		Time       string            `json:"time"`
		Body       json.RawMessage   `json:"body"`
		Properties map[string]string `json:"properties"`
	}
	var want []message
	for decoder := json.NewDecoder(strings.NewReader(e.messages)); ; {
		var m message
		if err := decoder.Decode(&m); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		m.Body = compact(t, m.Body)
		want = append(want, m)
	}
	var got []message
	for _, m := range out.Messages {
		got = append(got, message{m.DeviceID, m.Time.Format(time.RFC3339Nano), compact(t, m.Body), m.Properties})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func compact(t *testing.T, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, body); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Every row of the table of functions is what it says.
func TestMappingDocFunctions(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/mapping.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| expression | over | gives |\n|---|---|---|\n")
	rows := 0
	for line := range strings.SplitSeq(table, "\n") {
		if !strings.HasPrefix(line, "| ") {
			break
		}
		rows++
		cells := strings.Split(strings.ReplaceAll(strings.Trim(line, "|"), `\|`, "\x00"), "|")
		for i := range cells {
			cells[i] = strings.ReplaceAll(strings.Trim(strings.ReplaceAll(strings.TrimSpace(cells[i]), "`, `", ", "), "`"), "\x00", "|")
		}
		tr := transform.New()
		d := transform.Definition{Name: "row", DeviceID: mapping.Expr{Text: `"x"`}, Measurements: mapping.Expr{Text: "{v: [.v | " + cells[0] + "]}"}}
		if err := tr.Add("", []transform.Definition{d}, fstest.MapFS{}); err != nil {
			t.Errorf("%s: %v", cells[0], err)
			continue
		}
		source, _ := tr.Source("row")
		out, err := source.Map(t.Context(), &message.Request{Body: []byte(`{"v":` + cells[1] + `}`)})
		if err != nil {
			t.Errorf("%s: %v", cells[0], err)
			continue
		}
		want := string(compact(t, []byte(`{"v":[`+cells[2]+`]}`)))
		if got := string(out.Messages[0].Body); got != want {
			t.Errorf("%s over %s: want %s, got %s", cells[0], cells[1], want, got)
		}
	}
	if rows < 30 {
		t.Errorf("%d rows", rows)
	}
}
