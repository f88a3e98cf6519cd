package function_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mayfly/emulator"
)

// A batch of as many messages as there may be, with the longest ids and nearly all of them
// wrong, has an answer that every host can pass, with a result for each message.
func TestLongBatchAnswers(t *testing.T) {
	t.Parallel()
	azure, err := emulator.New(emulator.Config{AssignAtOnce: true})
	if err != nil {
		t.Fatal(err)
	}
	const messages = 5000
	id := strings.Repeat("d", 128)
	for name, tt := range map[string]struct {
		wrong  string // measurements of most messages
		status int
		in     []string // is in the first result of a message that is wrong
	}{
		"refused": {`"no object"`, http.StatusMultiStatus,
			[]string{`"status":422,"code":"invalid-message","detail":`}},
		"all is stored": {`{}`, http.StatusOK, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := bridgeOn(t, azure, azure.RoundTripper(), "", "AUTH=none", "MAX_MESSAGES=10000", "BODY_LIMIT=4194304")
			var body strings.Builder
			for i := range messages {
				measurements := tt.wrong
				if i == messages-1 {
					measurements = "{}"
				}
				fmt.Fprintf(&body, `{"device":{"deviceId":%q},"measurements":%s}`+"\n", id, measurements)
			}
			r := request(t, http.MethodPost, "/api/telemetry", body.String())
			w := httptest.NewRecorder()
			h.service.ServeHTTP(w, r)
			if w.Code != tt.status || w.Body.Len() > 500<<10 {
				t.Fatalf("%d, %d bytes", w.Code, w.Body.Len())
			}
			if tt.in == nil {
				return
			}
			var answer struct {
				Delivered, Refused int
				Results            []json.RawMessage
			}
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
				t.Fatal(err)
			}
			if answer.Delivered != 1 || answer.Refused != messages-1 || len(answer.Results) != messages {
				t.Errorf("%d, %d, %d results", answer.Delivered, answer.Refused, len(answer.Results))
			}
			for _, part := range tt.in {
				if !strings.Contains(string(answer.Results[0]), part) {
					t.Errorf("%s", answer.Results[0])
				}
			}
			for i, result := range answer.Results {
				var one struct{ Status int }
				if err := json.Unmarshal(result, &one); err != nil || one.Status == 0 {
					t.Errorf("result %d: %s", i, result)
				}
			}
		})
	}
}
