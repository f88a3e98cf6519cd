package transform_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

const meterScript = `function decodeUplink(input) {
	if (input.fPort === 9) return {errors: ["unknown FPort"]};
	if (input.bytes[0] === 0xff) throw new Error("broken frame");
	if (input.bytes[0] === 0) return {data: {}};
	return {data: {level: input.bytes[0], at: input.recvTime}, warnings: input.bytes[0] > 99 ? ["high"] : []};
}`

func codecSource(t *testing.T, change func(*transform.Definition)) (*transform.Source, error) {
	t.Helper()
	d := transform.Definition{
		Name: "meters", DeviceID: mapping.Expr{Text: ".id"}, Measurements: mapping.Expr{Text: ".decoded"},
		Payload: mapping.Expr{Text: `.data // "" | @base64d`}, Port: mapping.Expr{Text: ".port"}, Profile: mapping.Expr{Text: ".profile"},
		Timestamp: mapping.Expr{Text: ".time"}, Each: mapping.Expr{Text: `if type == "array" then .[] else . end`},
		Codec: "codecs/meter.js", Codecs: map[string]string{"7": "cayenne", "button": "sigfox:pressed::bool:7"},
	}
	if change != nil {
		change(&d)
	}
	tr := transform.New()
	err := tr.Add("mayfly.yaml", []transform.Definition{d}, fstest.MapFS{
		"codecs/meter.js":  {Data: []byte(meterScript)},
		"codecs/broken.js": {Data: []byte("function decodeUplink( {")},
	})
	if err != nil {
		return nil, err
	}
	return tr.Source("meters")
}

func TestSourceCodec(t *testing.T) {
	t.Parallel()
	source, err := codecSource(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	note := func(kind transform.NoteKind, text string) []transform.Note {
		return []transform.Note{{DeviceID: "a", Kind: kind, Text: text}}
	}
	tests := []struct {
		name, part, want string
		notes            []transform.Note
	}{
		{"script", `"port":1,"data":"BQ=="`, `{"at":"2026-01-01T00:00:00.000Z","level":5}`, nil},
		{"the message's own time", `"port":1,"data":"BQ==","time":"2025-12-02T00:00:00Z"`, `{"at":"2025-12-02T00:00:00.000Z","level":5}`, nil},
		{"decoded before", `"port":1,"data":"BQ==","decoded":{"t":1.50}`, `{"t":1.50}`, nil},
		{"by port", `"port":7,"data":"AWf/1w=="`, `{"temperature_1":-4.1}`, nil},
		{"by profile", `"port":7,"profile":"button","data":"gA=="`, `{"pressed":true}`, nil},
		{"port as a text", `"port":"7","data":"AWf/1w=="`, `{"temperature_1":-4.1}`, nil},
		{"warning", `"port":1,"data":"ZA=="`, `{"at":"2026-01-01T00:00:00.000Z","level":100}`, note(transform.NoteCodecWarning, "high")},
		{"error of the codec's own", `"port":9,"data":"BQ=="`, `{"fPort":9,"payload":"05"}`, note(transform.NoteCodecError, "unknown FPort")},
		{"exception", `"port":1,"data":"/w=="`, `{"fPort":1,"payload":"ff"}`, note(transform.NoteCodecFailed, "broken frame")},
		{"no data", `"port":1,"data":"AA=="`, `{"fPort":1,"payload":"00"}`, note(transform.NoteUndecoded, "no data")},
		{"no payload", `"port":1`, `{"fPort":1,"payload":""}`, note(transform.NoteUndecoded, "nothing")},
		{"broken Cayenne", `"port":7,"data":"AQ=="`, `{"fPort":7,"payload":"01"}`, note(transform.NoteCodecFailed, "offset 1")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, err := source.Map(t.Context(), &message.Request{
				Body: []byte(`{"id":"a",` + tt.part + `}`), Received: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := string(out.Messages[0].Body); got != tt.want {
				t.Errorf("body %s, want %s", got, tt.want)
			}
			says := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Text" }, cmp.Comparer(func(a, b string) bool { return strings.Contains(a, b) || strings.Contains(b, a) }))
			if diff := cmp.Diff(tt.notes, out.Notes, says); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
	out, err := source.Map(t.Context(), &message.Request{Body: []byte(`[{"id":"a","port":9,"data":"BQ=="},{"id":"b","port":1,"data":"/w=="}]`)})
	if err != nil || len(out.Notes) != 2 || out.Notes[1].DeviceID != "b" {
		t.Errorf("two parts: notes %v, error %v", out.Notes, err)
	}
}

func TestSourceCodecFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*transform.Definition)
		says   string
	}{
		"no such codec":     {func(d *transform.Definition) { d.Codec = "lpp" }, "lpp"},
		"no such file":      {func(d *transform.Definition) { d.Codec = "none.js" }, "cannot be read"},
		"broken script":     {func(d *transform.Definition) { d.Codecs["3"] = "codecs/broken.js" }, "codecs.3"},
		"file out of reach": {func(d *transform.Definition) { d.Codec = "../../etc/x.js" }, "cannot be read"},
		"no payload":        {func(d *transform.Definition) { d.Payload = mapping.Expr{} }, "payload"},
		"no profile":        {func(d *transform.Definition) { d.Profile = mapping.Expr{} }, "profile"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := codecSource(t, tt.change)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want one that says %q", err, tt.says)
			}
		})
	}
}

// A log that a codec read becomes several messages, in order, each with its time and
// an id of its own.
func TestSourceCodecHistory(t *testing.T) {
	t.Parallel()
	tr := transform.New()
	list := definitions(t, "sources:\n  - {from: tts, codec: log.js, also: '{room: \"a\"}'}\n")
	err := tr.Add("mayfly.yaml", list, fstest.MapFS{"log.js": {Data: []byte(`function Decoder(bytes, port) {
		return [{field: "BATT", value: 3.6}].concat(Array.from(bytes, function (b, i) {
			return {field: "TEMP", value: b / 10, timestamp: 1773482400 + 3600 * i} })) }`)}})
	if err != nil {
		t.Fatal(err)
	}
	source, err := tr.Source("tts")
	if err != nil {
		t.Fatal(err)
	}
	request := transform.SampleRequest{Body: `{"end_device_ids":{"device_id":"a"},"correlation_ids":["as:up:01"],"received_at":"2026-03-14T12:00:00Z",
		"uplink_message":{"f_port":2,"frm_payload":"zdc="}}`}.Request("tts")
	out, err := source.Map(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range out.Messages {
		got = append(got, strings.Join([]string{m.DeviceID, m.MessageID, message.FormatTime(m.Time), string(m.Body), m.Properties["fPort"]}, " "))
	}
	want := []string{
		`a as:up:01 2026-03-14T12:00:00Z {"BATT":3.6,"room":"a"} 2`,
		`a as:up:01-2 2026-03-14T10:00:00Z {"TEMP":20.5} 2`,
		`a as:up:01-3 2026-03-14T11:00:00Z {"TEMP":21.5} 2`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	trace := source.Trace(t.Context(), request)
	if len(trace.Parts) != 1 || len(trace.Parts[0].More) != 2 || trace.Parts[0].More[1].Time != "2026-03-14T11:00:00Z" {
		t.Errorf("the trace has not all messages: %+v", trace.Parts)
	}
}
