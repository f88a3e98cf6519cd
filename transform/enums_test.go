package transform_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"mayfly/transform"
)

// A word that is not one of those that a member may be is a fault that lists them.
func TestEnums(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ member, want string }{
		{"format: cvs", `sources[0].format: source s: "cvs" is not known: did you mean csv? want json, ndjson, form, `},
		{"format: JSON", `sources[0].format: source s: "JSON" is not known: did you mean json?`},
		{"format: csv", ""},
		{"csv: {header: maybe}", `sources[0].csv.header: source s: "maybe" is not known: want yes or no`},
		{"csv: {header: no, delimiter: tab}", ""},
		{"csv: {delimiter: comma}", `sources[0].csv.delimiter: source s: "comma" is not known`},
		{"onReject: shrug", `sources[0].onReject: source s: "shrug" is not known: want accept, or leave it out`},
		{"units: metric", `sources[0].units: source s: "metric" is not known: want imperial or si`},
		{"methods: [POST, DOWNLOAD]", `sources[0].methods[1]: source s: "DOWNLOAD" is not known: want GET, POST, PUT`},
		{"answer: {status: 302}", "sources[0].answer.status: source s: must be from 200 to 299"},
		{"from: chripstack", `sources[0].from: source s: source "chripstack" is not known; mayfly check lists them; ` +
			"did you mean chirpstack?"},
		{"samples: [{request: {method: SEND}}]", "sources[0].samples[0].request.method: source s:"},
	} {
		text := "sources:\n  - name: s\n    deviceId: .id\n    measurements: .m\n    " + tt.member + "\n"
		err := transform.New().Add("my.yaml", definitions(t, text), fstest.MapFS{})
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v, want %q", tt.member, err, tt.want)
		}
	}
}
