package enrich_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"mayfly/internal/settings"
	"mayfly/transform/enrich"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
	"mayfly/transform/table"
)

const assets = `serial,site,room,floor,iothub-x
SN-1,Delft,2.14,03,a
SN-2,Breda,,1.50,b
7,Seven,1,1,c
`

// compile makes a step of its YAML.
func compile(t *testing.T, text string) (*enrich.Compiled, message.Faults) {
	t.Helper()
	var step enrich.Step
	if err := settings.Read([]byte(text), &step, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return enrich.Compile(mapping.NewLanguage(message.Zone{}), step)
}

// TestApply: what a step makes of a message, with and without a row.
func TestApply(t *testing.T) {
	t.Parallel()
	rows, err := table.Read([]byte(assets), table.CSV, "serial")
	if err != nil {
		t.Fatal(err)
	}
	const sent = `{"serial":"SN-1","t":21.50,"Site":"sent"}`
	for _, tc := range []struct {
		name, step, body string
		properties       map[string]string
		want             string // the body and the properties, or the error
		outcome          enrich.Outcome
	}{
		{"properties", "on: .serial\nfields: [site, room, floor]", sent, nil,
			sent + ` {"floor":"03","room":"2.14","site":"Delft"}`, enrich.Hit},
		{"other names", "on: .serial\nfields: {place: site}", sent, nil, sent + ` {"place":"Delft"}`, enrich.Hit},
		{"a property that was sent stays, in any case",
			"on: .serial\nfields: [site]", sent, map[string]string{"SITE": "mine"},
			sent + ` {"SITE":"mine"}`, enrich.Hit},
		{"unless the step says otherwise", "on: .serial\nfields: [site]\noverwrite: true", sent,
			map[string]string{"SITE": "mine"}, sent + ` {"site":"Delft"}`, enrich.Hit},
		{"all fields that may be properties", "on: .serial", sent, nil,
			sent + ` {"floor":"03","room":"2.14","site":"Delft"}`, enrich.Hit},
		{"in the body", "on: .serial\nput: body\nfields: [site, room]", sent, nil,
			`{"Site":"sent","room":2.14,"serial":"SN-1","site":"Delft","t":21.50} null`, enrich.Hit},
		{"a measurement that was sent stays",
			"on: .serial\nput: body\nfields: {t: site}", sent, nil, sent + ` null`, enrich.Hit},
		{"a measurement is replaced where the step says so",
			"on: .serial\nput: body\nfields: {t: room}\noverwrite: true",
			sent, nil, `{"Site":"sent","serial":"SN-1","t":2.14} null`, enrich.Hit},
		{"in an object of the body",
			"on: .serial\nput: .asset.place\nfields: [site]", `{"serial":"SN-1","asset":{"a":1.0}}`,
			nil, `{"asset":{"a":1.0,"place":{"site":"Delft"}},"serial":"SN-1"} null`, enrich.Hit},
		{"not in what the device sent there",
			"on: .serial\nput: asset\nfields: [site]", `{"serial":"SN-1","asset":5}`, nil,
			`{"serial":"SN-1","asset":5} null`, enrich.Hit},
		{"a key that is a number", "on: .n\nfields: [site]", `{"n":7}`, nil, `{"n":7} {"site":"Seven"}`, enrich.Hit},
		{"a key of the message", "on: $message.deviceId | ascii_upcase\nfields: [site]", `{}`, nil,
			`{} {"site":"Delft"}`, enrich.Hit},
		{"a key that is a property",
			"on: $message.properties.asset\nfields: [site]", `{}`, map[string]string{"asset": "SN-2"},
			`{} {"asset":"SN-2","site":"Breda"}`, enrich.Hit},
		{"no row", "on: .serial\nfields: [site]", `{"serial":"SN-9"}`, nil, `{"serial":"SN-9"} null`, enrich.Miss},
		{"no key", "on: .serial\nfields: [site]", `{}`, nil, `{} null`, enrich.Miss},
		{"values for a message without a row",
			"on: .serial\nfields: [site, floor]\nmissing: {site: unknown, floor: 1.50}",
			`{"serial":"SN-9"}`, nil, `{"serial":"SN-9"} {"floor":"1.50","site":"unknown"}`, enrich.Miss},
		{"a value for an empty cell",
			"on: .serial\nput: body\nfields: [site, room]\nmissing: {room: 0}", `{"serial":"SN-2"}`,
			nil, `{"room":0,"serial":"SN-2","site":"Breda"} null`, enrich.Hit},
		{"refused", "on: .serial\nmissing: refuse", `{"serial":"SN-9"}`, nil,
			"the table assets has no row for the value of .serial", enrich.Refused},
		{"refused without a key", "on: .serial\nmissing: refuse", `{}`, nil,
			"the message has no .serial to look up in the table assets", enrich.Refused},
		{"an expression that fails", "on: .serial | tonumber", `{"serial":"SN-9"}`, nil, "on must", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			step, faults := compile(t, "table: assets\n"+tc.step)
			if len(faults) > 0 {
				t.Fatal(faults)
			}
			m := &message.Message{DeviceID: "sn-1", Body: []byte(tc.body), Properties: tc.properties}
			d := enrich.NewDocument(t.Context(), m)
			key, err := step.Key(d)
			var result enrich.Result
			if err == nil {
				var row enrich.Row
				if found, ok := rows.Find(key); ok {
					row = found
				}
				result, err = step.Put(d, key, row)
			}
			if closed := d.Close(); closed != nil {
				t.Fatal(closed)
			}
			properties, _ := message.Marshal(anyMap(m.Properties))
			got := string(m.Body) + " " + string(properties)
			if err != nil {
				got = err.Error()
			}
			if got != tc.want && !(tc.outcome == "" && err != nil) || result.Outcome != tc.outcome {
				t.Errorf("%s %s\nwant %s %s", result.Outcome, got, tc.outcome, tc.want)
			}
			if _, ok := errors.AsType[*enrich.MissingError](err); ok != (tc.outcome == enrich.Refused) {
				t.Errorf("%T", err)
			}
		})
	}
}

func anyMap(m map[string]string) any {
	if m == nil {
		return nil
	}
	out := map[string]any{}
	for name, value := range m {
		out[name] = value
	}
	return out
}

// TestFaults: what is wrong with a step is told with the member that it is in.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, step, want string }{
		{"nothing to look up in", "on: .a", "table: or lookup must be set, and not both"},
		{"two of them", "table: a\nlookup: b\non: .a", "table: or lookup must be set, and not both"},
		{"no key", "table: a", "on: is missing"},
		{"not jq", "table: a\non: .a |", "line 2, column 9: on: unexpected EOF"},
		{"the request", "table: a\non: $request.path", "on: has $request"},
		{"another place", "table: a\non: .a\nput: a b", `put: "a b" is not properties, body, or a path`},
		{"a number of an element", "table: a\non: .a\nput: .a[0]", "put:"},
		{"a property of the system",
			"table: a\non: .a\nfields: [iothub-messageid]", `fields: "iothub-messageid" cannot be a property`},
		{"not a property", "table: a\non: .a\nfields: {'a b': c}", `fields: "a b" cannot be a property`},
		{"a field twice", "table: a\non: .a\nfields: [a, A]", `fields: "A" is there twice`},
		{"no fields", "table: a\non: .a\nfields: []", "fields: is empty"},
		{"a value of another field",
			"table: a\non: .a\nfields: [b]\nmissing: {c: 1}", `missing: "c" is not one of the fields`},
		{"another failure", "table: a\non: .a\nfailed: wait", `failed: "wait" is not known`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, faults := compile(t, tc.step)
			if len(faults) == 0 || !strings.HasPrefix(faults[0].Error(), tc.want) {
				t.Errorf("%v, want %s", faults, tc.want)
			}
		})
	}
	for _, text := range []string{"missing: maybe", "missing: {a: [1]}", "missing: [a]", "fields: a", "fields: [[a]]"} {
		if err := settings.Read([]byte(text), &enrich.Step{}, yaml.Strict()); err == nil {
			t.Errorf("%s is read", text)
		}
	}
}

// TestFail: a message that nobody could look anything up for says so, or is refused.
func TestFail(t *testing.T) {
	t.Parallel()
	cause := errors.New("timeout")
	m := &message.Message{DeviceID: "d", Body: []byte(`{}`)}
	d := enrich.NewDocument(t.Context(), m)
	for _, name := range []string{"weather", "tariff"} {
		step, _ := compile(t, "lookup: "+name+"\non: .")
		if r, err := step.Fail(d, nil, cause); err != nil || r.Outcome != enrich.Failed {
			t.Errorf("%v %v", r, err)
		}
	}
	if got := m.Properties[enrich.FailedProperty]; got != "weather failed, tariff failed" {
		t.Errorf("%s", got)
	}
	step, _ := compile(t, "lookup: weather\non: .\nfailed: refuse")
	if _, err := step.Fail(d, nil, cause); !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
}

func TestColumns(t *testing.T) {
	t.Parallel()
	for step, want := range map[string]string{
		"fields: [site]":            "",
		"put: body":                 "",
		"fields: [stie]":            `"stie" is not a column of the table; did you mean "site"?`,
		"put: properties":           `is missing: the column "the room" cannot be a property under its own name`,
		"fields: {room: the room }": "",
	} {
		compiled, faults := compile(t, "table: a\non: .a\n"+step)
		if _, got := compiled.CheckColumns([]string{"serial", "site", "the room"}); got != want || len(faults) > 0 {
			t.Errorf("%s: %q %v, want %q", step, got, faults, want)
		}
	}
}
