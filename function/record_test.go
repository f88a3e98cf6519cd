package function_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/function"
)

// lastRecord gives the last record of a request.
func (h *bridge) lastRecord() map[string]any {
	h.t.Helper()
	var last map[string]any
	for line := range strings.Lines(h.log.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			h.t.Fatal(err)
		}
		if record["msg"] == "request" {
			last = record
		}
	}
	return last
}

// The log says as much as the answer: for which device, what is wrong, and what would be
// right; but no value of a body.
func TestRefusalsInTheLog(t *testing.T) {
	t.Parallel()
	const sources = `sources:
  - {name: mine, each: ".[]?", deviceId: .id, measurements: .m, timestamp: .at}
  - {name: hidden, deviceId: .id, secretId: "true", measurements: .m}
  - {name: lenient, onReject: accept, deviceId: .id, measurements: .m}
`
	type object = map[string]any
	const status = "http.response.status_code"
	list := func(v ...any) []any { return v }
	wrongID := `must be 1 to 128 letters, digits or "-._:", the last one a letter, a digit or "-"`
	described, err := os.ReadFile("../docs/observability.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, target, body string
		want               object
	}{
		{"one field", "/api/telemetry", `{"device":{"deviceId":"d-1"},"measurements":"PAYLOAD"}`, object{
			status: 422.0, "code": "invalid-message", "detail": "the message is not valid", "device": "d-1",
			"errors": list(object{"device": "d-1", "path": "measurements", "rule": "object",
				"hint": "must be a JSON object of measurements"}),
		}},
		{"a field of a batch", "/api/telemetry",
			`[{"device":{"deviceId":"d-1"},"measurements":{}},{"device":{"deviceId":"d-2"},"measurements":[]}]`, object{
				status: 207.0, "code": "invalid-message", "detail": "the message is not valid", "device": "d-2",
				"errors": list(object{"device": "d-2", "path": "[1].measurements", "rule": "object",
					"hint": "must be a JSON object of measurements"}),
			}},
		{"the route's device", "/api/devices/d-1/telemetry", `"PAYLOAD"`, object{
			status: 422.0, "code": "invalid-message", "detail": "the message is not valid", "device": "d-1",
			"errors": list(object{"path": "body", "rule": "object",
				"hint": "must be a JSON object of measurements, not a string"}),
		}},
		{"an id of a mapping", "/api/mine", `[{"id":"PAY LOAD","m":{}}]`, object{
			status: 422.0, "code": "invalid-message", "detail": "the message is not valid",
			"errors": list(object{"path": "deviceId", "rule": "deviceid", "hint": wrongID + " (in .id)"}),
		}},
		{"a type in a mapping", "/api/mine", `[{"id":"d-1","m":["PAYLOAD"]}]`, object{
			status: 422.0, "code": "invalid-message", "detail": "the message is not valid", "device": "d-1",
			"errors": list(object{"device": "d-1", "path": "measurements", "rule": "mapping",
				"hint": "must give an object, not a value of type array (in .m)"}),
		}},
		{"a mapping that fails", "/api/mine", `["PAYLOAD"]`, object{
			status: 422.0, "code": "invalid-message", "detail": "the message is not valid",
			"errors": list(object{"path": "deviceId", "rule": "mapping",
				"hint": "there is a string where an object is wanted (in .id)"}),
		}},
		{"a secret id", "/api/hidden", `{"id":"PAYLOAD","m":[1]}`, object{
			status: 422.0, "code": "invalid-message", "detail": "the message is not valid",
			"errors": list(object{"path": "measurements", "rule": "mapping",
				"hint": "must give an object, not a value of type array (in .m)"}),
		}},
		{"a refusal that is answered 2xx", "/api/lenient", `{"id":"d-1","m":[1]}`, object{
			status: 200.0, "code": "invalid-message", "detail": "the message is not valid",
			"device": "d-1", "accepted": true,
			"errors": list(object{"device": "d-1", "path": "measurements", "rule": "mapping",
				"hint": "must give an object, not a value of type array (in .m)"}),
		}},
		{"an upstream", "/api/devices/blocked/telemetry", `{"n":1}`, object{
			status: 403.0, "code": "device-refused", "device": "blocked", "upstream": "dps",
		}},
		{"a batch", "/api/telemetry", `[{"device":{"deviceId":"d-1"},"measurements":{}},` +
			`{"device":{"deviceId":"blocked"},"measurements":{}}]`, object{
			"code": "device-refused", "device": "blocked", "delivered": 1.0,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newBridge(t, sources, "AUTH=none")
			h.azure.Block("blocked")
			h.send(http.MethodPost, tt.target, tt.body)
			got := h.lastRecord()
			for name := range got {
				if !bytes.Contains(described, []byte("`"+name+"`")) {
					t.Errorf("docs/observability.md does not tell of %s", name)
				}
				if _, wanted := tt.want[name]; !wanted && (name == "device" || name == "errors" || name == "accepted") {
					t.Errorf("the record has %s: %v", name, got[name])
				}
			}
			for name, want := range tt.want {
				if diff := cmp.Diff(want, got[name]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
			if strings.Contains(h.log.String(), "PAY") {
				t.Errorf("a value of the body is in the log: %s", h.log.String())
			}
		})
	}
}

// Text is for people: it has no structs of Go.
func TestRefusalsInATextLog(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	environ := []string{"ID_SCOPE=0ne1", "GROUP_KEY=" + goodKey, "AUTH=none", "LOG_FORMAT=text"}
	config, err := function.LoadConfig(environ)
	if err != nil {
		t.Fatal(err)
	}
	service := function.New(config, function.Dependencies{Log: function.NewLog(config, &log)})
	service.ServeHTTP(httptest.NewRecorder(), request(t, http.MethodPost, "/api/telemetry", `{"measurements":5}`))
	want := `errors="[device.deviceId is missing: the id goes into an object`
	if !strings.Contains(log.String(), want) || strings.Contains(log.String(), "Path:") {
		t.Errorf("%s, want %s", log.String(), want)
	}
}

// What a batch of refusals says in the log names the code of each device, and is short
// whatever comes in.
func TestRefusalsInTheLogAreBounded(t *testing.T) {
	t.Parallel()
	h := newBridge(t, "", "AUTH=none")
	var batch []string
	for id := range strings.SplitSeq("abcdefghij", "") {
		h.azure.Block(id)
		batch = append(batch, `{"device":{"deviceId":"`+id+`"},"measurements":{"n":1}}`)
	}
	h.send(http.MethodPost, "/api/telemetry", "["+strings.Join(batch, ",")+"]")
	record := h.lastRecord()
	failed, _ := record["failed"].([]any)
	if first, _ := failed[0].(map[string]any); len(failed) != 5 || first["device"] != "a" ||
		first["code"] != "device-refused" || first["detail"] == "" {
		t.Errorf("failed: %v", failed)
	}
	if ids, _ := record["deviceIds"].([]any); len(ids) != 5 {
		t.Errorf("deviceIds: %v", ids)
	}
	long := strings.Repeat("é\u202e", 9000)
	for name, tt := range map[string]struct{ target, body string }{
		"many errors":       {"/api/telemetry", "[" + strings.Repeat(`{"measurements":1},`, 99) + "1]"},
		"a long name":       {"/api/telemetry", `{"device":{"deviceId":"d"},"properties":{"` + long + `":1}}`},
		"a long path":       {"/api/" + strings.Repeat("x", 20_000), "{}"},
		"a path of escapes": {"/api/" + strings.Repeat("%1b", 5_000), "{}"},
	} {
		before := h.log.Len()
		h.send(http.MethodPost, tt.target, tt.body)
		if n := h.log.Len() - before; n == 0 || n > 4000 {
			t.Errorf("%s: a record of %d bytes", name, n)
		}
		if strings.Contains(h.log.String(), "\u202e") {
			t.Errorf("%s: the record turns its text around", name)
		}
	}
}

// What is ignored has its reason in the log.
func TestIgnoredInTheLog(t *testing.T) {
	t.Parallel()
	const source = `sources: [{name: mine, envelope: has("event"), deviceId: .id, ignore: .event, measurements: .m}]`
	h := newBridge(t, source, "AUTH=none")
	h.send(http.MethodPost, "/api/mine", `{"event":"join","id":"d-1"}`)
	if record := h.lastRecord(); record["ignored"] != 1.0 || record["reason"] != "join" {
		t.Errorf("record %v", record)
	}
}

// A record has one time, whatever there is to say of times.
func TestOneTimeInTheLog(t *testing.T) {
	t.Parallel()
	const source = `sources: [{name: mine, envelope: has("at"), deviceId: .id, measurements: .m, timestamp: .at | utc}]`
	h := newBridge(t, source, "AUTH=none")
	h.send(http.MethodPost, "/api/mine", `{"at":"yesterday","id":"d-1","m":{"n":1}}`)
	record := h.lastRecord()
	if _, isTime := record["time"].(string); !isTime || record["times"] != 1.0 {
		t.Errorf("got %v", record)
	}
}
