package mapping_test

import (
	"encoding/json"
	"strings"
	"testing"

	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// windows splits a list by the times of its elements, and summary sums one up.
func TestWindowsAndSummary(t *testing.T) {
	t.Parallel()
	const readings = `[{"time":"2026-01-31T08:30:00Z","t":21.50},{"time":"2026-01-31T08:31:00Z","t":3},` +
		`{"time":"2026-01-31T08:30:59Z","t":22},{"t":1}]`
	for _, tc := range []struct{ in, text, want string }{
		{readings, "windows(60; .time) | map(map(.t))", `[[21.50,22],[3],[1]]`},
		{readings, "windows(3600; .time)[0] | map(.t) | summary", `{"avg":15.5,"count":3,"last":22,"max":22,"min":3}`},
		{readings, "[windows(60; .time)[] | {at: .[0].time, t: (map(.t) | summary | .max)}] | length", "3"},
		{`[{"at":1800000000},{"at":1800000061}]`, "windows(60; .at | . + 0) | length", "2"},
		{`[]`, "windows(60; .time)", "[]"},
		{`{}`, "windows(60; .time)", "windows"},
		{`[1]`, "windows(0; .)", "needs a number of seconds"},
		{`[1]`, `windows("a"; .)`, "needs a number of seconds"},
		{`[1]`, "windows(60; empty)", "one time for each element"},
	} {
		var in any
		d := json.NewDecoder(strings.NewReader(tc.in))
		d.UseNumber()
		if err := d.Decode(&in); err != nil {
			t.Fatal(err)
		}
		e, fault := mapping.NewLanguage(message.Zone{}).Compile("x", mapping.Expr{Text: tc.text}, nil)
		if fault != nil {
			t.Fatal(fault)
		}
		run := mapping.NewRun(t.Context(), nil)
		got, err := run.One(e, in)
		run.Done()
		text, _ := message.Marshal(got)
		if err != nil {
			text = []byte(err.Error())
		}
		if string(text) != tc.want && (err == nil || !strings.Contains(string(text), tc.want)) {
			t.Errorf("%s gives %s, want %s", tc.text, text, tc.want)
		}
	}
}
