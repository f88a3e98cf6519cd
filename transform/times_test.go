package transform_test

import (
	"strings"
	"testing"
	"time"

	"mayfly/transform"
	"mayfly/transform/message"
)

const timesBase = `
name: base
deviceId: .id
timestamp: .sent // .received | utc("day-first")
measurements: "{t}"
`

// TestUnreadTimes: a time that is there and cannot be read is noted, without what it says; a source may refuse it.
func TestUnreadTimes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, source, body string
		note, fault        string
		at                 string
	}{
		{"a pattern", timesBase, `{"id":"a","t":1,"sent":"14/03/2026 09:26:53"}`, "", "", "2026-03-14T09:26:53Z"},
		{"none", timesBase, `{"id":"a","t":1}`, "", "", ""},
		{"an empty one", timesBase, `{"id":"a","t":1,"sent":" "}`, "", "", ""},
		{"another form", timesBase, `{"id":"a","t":1,"sent":"3/14/2026 SECRET"}`,
			"timestamp: there is a time that utc does not read, of the form 9/99/9999 aaaaaa", "", ""},
		{"the second one", timesBase, `{"id":"a","t":1,"received":"yesterday"}`, "of the form aaaaaaaaa", "", ""},
		{"required, none", timesBase + "timestampRequired: true", `{"id":"a","t":1}`, "",
			"is missing: the source requires a time", ""},
		{"required, another form", timesBase + "timestampRequired: true", `{"id":"a","t":1,"sent":"soon"}`, "",
			"of the form aaaa; want another one, or a pattern", ""},
		{"required, there", timesBase + "timestampRequired: true", `{"id":"a","t":1,"sent":"14/03/2026"}`, "", "",
			"2026-03-14T00:00:00Z"},
		{"required of a built-in source", "from: rockless\ntimestamp: required", ``, "", "is not known", ""},
		{"a pattern that is none", strings.Replace(timesBase, "day-first", "day-frist", 1),
			`{"id":"a","t":1,"sent":"14/03/2026"}`, "", `"day-frist" is not a unit or a pattern of times`, ""},
		{"an object", strings.Replace(timesBase, `utc("day-first")`, "utc", 1),
			`{"id":"a","t":1,"sent":{"year":2026,"month":3,"day":14,"hour":9}}`, "", "", "2026-03-14T09:00:00Z"},
		{"an object of something else", strings.Replace(timesBase, `utc("day-first")`, "utc", 1),
			`{"id":"a","t":1,"sent":{"value":5}}`, "of the form an object", "", ""},
		{"bound by a variable", "name: base\ndeviceId: .id\nlet: {at: .sent}\ntimestamp: $at | utc\nmeasurements: '{t}'",
			`{"id":"a","t":1,"sent":"14/03/26"}`, "of the form 99/99/99", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, err := transform.ParseDefinition([]byte(tt.source))
			if err != nil {
				t.Fatal(err)
			}
			tr := transform.New()
			if err := tr.Add("mayfly.yaml", []transform.Definition{*d}, nil); err != nil {
				if tt.fault == "" || !strings.Contains(err.Error(), tt.fault) {
					t.Error(err)
				}
				return
			}
			source, err := tr.Source("base")
			if err != nil {
				t.Fatal(err)
			}
			request := &message.Request{Method: "POST", Body: []byte(tt.body),
				Received: time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)}
			out, err := source.Map(t.Context(), request)
			if tt.fault != "" {
				if err == nil || !strings.Contains(describe(err), tt.fault) {
					t.Errorf("%s, want %s", describe(err), tt.fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var notes []string
			for _, n := range out.Notes {
				if n.Kind != transform.NoteTime || n.DeviceID != "a" || strings.Contains(n.Text, "SECRET") {
					t.Errorf("%+v", n)
				}
				notes = append(notes, n.String())
			}
			if (len(notes) > 0) != (tt.note != "") || !strings.Contains(strings.Join(notes, ""), tt.note) {
				t.Errorf("%q, want %s", notes, tt.note)
			}
			at := ""
			if m := out.Messages[0]; !m.Time.IsZero() {
				at = m.Time.Format(time.RFC3339)
			}
			if at != tt.at {
				t.Errorf("the time is %q, want %q", at, tt.at)
			}
			if trace := source.Trace(t.Context(), request); (len(trace.Notes) > 0) != (tt.note != "") {
				t.Errorf("the trace notes %q", trace.Notes)
			}
		})
	}
}

// TestRequiredTimestamp: a source that changes another one takes its expression.
func TestRequiredTimestamp(t *testing.T) {
	t.Parallel()
	d, err := transform.ParseDefinition([]byte("name: strict\nfrom: tts\ntimestamp: required"))
	if err != nil {
		t.Fatal(err)
	}
	tr := transform.New()
	if err := tr.Add("mayfly.yaml", []transform.Definition{*d}, nil); err != nil {
		t.Fatal(err)
	}
	source, err := tr.Source("strict")
	if err != nil {
		t.Fatal(err)
	}
	const uplink = `{"end_device_ids":{"device_id":"a"}AT,"uplink_message":{"f_port":1,"decoded_payload":{"t":1}}}`
	for at, ok := range map[string]bool{`,"received_at":"2026-03-14T09:26:53Z"`: true, "": false, `,"received_at":"x"`: false} {
		_, err := source.Map(t.Context(), &message.Request{Body: []byte(strings.Replace(uplink, "AT", at, 1))})
		if (err == nil) != ok {
			t.Errorf("%s: %v", at, err)
		}
	}
	d, err = transform.ParseDefinition([]byte("name: own\ndeviceId: .id\nmeasurements: .\ntimestamp: required"))
	if err != nil {
		t.Fatal(err)
	}
	if err := transform.New().Add("mayfly.yaml", []transform.Definition{*d}, nil); err == nil ||
		!strings.Contains(err.Error(), "is required, but there is no expression that gives it") {
		t.Errorf("%v", err)
	}
}

func describe(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	if wrong, ok := err.(*message.Error); ok { //nolint:errorlint // Map gives them bare
		for _, f := range wrong.Fields {
			text += " " + f.Hint
		}
	}
	return text
}
