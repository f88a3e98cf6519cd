package function_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"mayfly/emulator"
)

// Of one device's batches those after a failed one are sent only where the failure
// says nothing of them: a later message must not overtake an earlier one that the
// sender will send again.
func TestOrderAfterAFailedBatch(t *testing.T) {
	t.Parallel()
	const text = `{"device":{"deviceId":"dev-1"},"measurements":{"n":%d,"text":"%s"},"messageId":"m%[1]d"}`
	var messages []string
	for i := range 5 { // 110 KiB each, more in base64: a batch takes one
		messages = append(messages, fmt.Sprintf(text, i, strings.Repeat("x", 110<<10)))
	}
	body := "[" + strings.Join(messages, ",") + "]"
	for name, tt := range map[string]struct {
		fault  string
		want   string
		stored []string
	}{
		"no failure": {`{"status":500,"count":0,"device":"other"}`, ok,
			[]string{"m0", "m1", "m2", "m3", "m4"}},
		"quota": {`{"count":1,"status":403,"errorCode":403002}`, "Service Unavailable hub-quota", nil},
		"the hub refuses": {`{"count":1,"status":400}`, "Multi-Status",
			[]string{"m1", "m2", "m3", "m4"}},
		"the hub is not well": {`{"status":500}`, "Bad Gateway hub-unreachable", nil},
		"too large for it": {`{"count":1,"status":413}`, "Multi-Status",
			[]string{"m1", "m2", "m3", "m4"}},
		"second one over quota": {`{"skip":1,"count":1,"status":403,"errorCode":403002}`, "Service Unavailable " +
			"hub-quota", []string{"m0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				azure := newAzure(t, emulator.Config{AssignAtOnce: true})
				fault := `[{"endpoint":"events",` + strings.TrimPrefix(tt.fault, "{") + `]`
				if _, err := azure.LoadFaults(strings.NewReader(fault)); err != nil {
					t.Fatal(err)
				}
				s := instance(t, azure)
				sendLater(t, s, []later{{0, "/api/telemetry", body, "", tt.want}})
				var stored []string
				for _, e := range azure.Events() {
					stored = append(stored, e.MessageID)
				}
				if diff := cmp.Diff(tt.stored, stored); diff != "" {
					t.Errorf("stored (-want +got):\n%s", diff)
				}
			})
		})
	}
}
