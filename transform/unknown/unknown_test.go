package unknown_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform/message"
	"mayfly/transform/unknown"
)

func TestMembers(t *testing.T) {
	t.Parallel()
	known := []string{"deviceId", "fleet"}
	tests := []struct {
		name, object string
		want         []unknown.Member
	}{
		{"all known", `{"deviceId":"a","FLEET":"b"}`, nil},
		{"near", `{"deviceld":"a"}`, []unknown.Member{{Path: "device.deviceld", Near: "device.deviceId"}}},
		{"far", `{"colour":1}`, []unknown.Member{{Path: "device.colour"}}},
		{"escaped", `{"fl\u0065et":1,"\u0063olour":1}`, []unknown.Member{{Path: "device.colour"}}},
		{"not an object", `[1]`, nil},
		{"broken", `{"colour":`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, unknown.Members([]byte(tt.object), "device.", known)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	fields := []message.FieldError{
		{Path: "[2].device.deviceId", Rule: "required", Hint: "is missing"},
		{Path: "[2].device.fleet", Rule: "string", Hint: "must be a string"},
	}
	unknown.Explain(fields, "[2].", []unknown.Member{
		{Path: "device.deviceld", Near: "device.deviceId"}, {Path: "device.fleets", Near: "device.fleet"}, {Path: "x"},
	})
	if got, want := fields[0].Hint, `is missing: you wrote "device.deviceld"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if fields[1].Hint != "must be a string" {
		t.Errorf("got %s", fields[1].Hint)
	}
}
