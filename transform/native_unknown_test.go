package transform_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform"
	"mayfly/transform/message"
)

// A member that a native message does not have is named, not lost silently.
func TestNativeUnknownMembers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		notes      []string
		wrong      string // part of the error
	}{
		{"none", `{"device":{"deviceId":"a"},"measurements":{"t":1},"timestamp":null,"properties":{}}`, nil, ""},
		{"case does not count", `{"Device":{"deviceID":"a"},"Measurements":{"t":1}}`, nil, ""},
		{"a slip", `{"device":{"deviceId":"a"},"measurements":{"t":1},"measurement":{"h":2}}`,
			[]string{`member "measurement" is not known and was left out: did you mean measurements?`}, ""},
		{"of the device", `{"device":{"deviceId":"a","fleets":"b"},"measurements":{"t":1}}`,
			[]string{`member "device.fleets" is not known and was left out: did you mean fleet?`}, ""},
		{"far from all", `{"device":{"deviceId":"a"},"measurements":{"t":1},"colour":"red"}`, []string{`member "colour" is not known and was left out`}, ""},
		{"in a batch once", `[{"device":{"deviceId":"a"},"measurements":{"t":1},"x":1},{"device":{"deviceId":"b"},"measurements":{"t":1},"x":1}]`,
			[]string{`member "x" is not known and was left out`}, ""},
		{"instead of one that is needed", `{"device":{"deviceId":"a"},"measurement":{"t":1}}`, nil, `measurements is missing: you wrote "measurement"`},
		{"in a batch, instead", `[{"device":{"deviceId":"a"},"measurements":{}},{"device":{"deviceld":"a"},"measurements":{}}]`, nil,
			`[1].device.deviceId is missing: you wrote "device.deviceld"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, err := transform.New().Native(&message.Request{Body: []byte(tt.body)})
			if tt.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wrong) {
					t.Errorf("got %v, want %s", err, tt.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var notes []string
			for _, note := range out.Notes {
				notes = append(notes, note.Text)
			}
			if diff := cmp.Diff(tt.notes, notes); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
}
