package function_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/emulator"
	"mayfly/function"
)

// pushing is a cold copy of the function that pushes to clouds.
func pushing(t *testing.T, azure *emulator.Emulator, to *clouds, file string, log slog.Handler) *function.Service {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mayfly.yaml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := function.LoadConfig([]string{
		"ID_SCOPE=" + azure.IDScope(), "GROUP_KEY=" + azure.GroupKey(), "AUTH=none", "CONFIG=" + path,
	})
	if err != nil {
		t.Fatal(err)
	}
	to.azure = azure.RoundTripper()
	return function.New(c, function.Dependencies{DPS: to, Hub: to.azure, Log: slog.New(log)})
}

const ttsPush = `sources:
  - from: tts
    downlink: {push: {to: "https://tts.example", key: the-key}}
`

// uplinkOf is a webhook of The Things Stack, which says where its downlinks go.
func uplinkOf(t *testing.T, device string) *http.Request {
	r := request(t, http.MethodPost, "/api/tts", fmt.Sprintf(`{"end_device_ids":{"device_id":%q,
		"application_ids":{"application_id":"farm"}},"received_at":%q,"uplink_message":{"f_port":1,
		"decoded_payload":{"n":1}}}`, device, time.Now().Format(time.RFC3339Nano)))
	r.Header.Set("X-Downlink-Push",
		"https://evil.example/api/v3/as/applications/farm/webhooks/hook/devices/"+device+"/down/push")
	r.Header.Set("X-Downlink-Apikey", "key-of-the-request")
	return r
}

// early tells whether the answer was complete when a cloud was called.
type early struct {
	*httptest.ResponseRecorder
	flushed bool
}

func (e *early) Flush() { e.flushed = true }

// What waits for a device is pushed after its uplink was answered, and ends as the cloud's answer says; the host and
// the key are those of the configuration, whatever the webhook says.
func TestPushAfterTheUplink(t *testing.T) {
	t.Parallel()
	const (
		where = "https://tts.example/api/v3/as/applications/farm/webhooks/hook/devices/dev-1/down/push Bearer the-key "
		x     = `{"downlinks":[{"confirmed":false,"f_port":1,"frm_payload":"eA==","priority":"NORMAL"}]}`
	)
	for name, tt := range map[string]struct {
		messages []emulator.Message
		answers  []string // directives of clouds
		pushed   []string // bodies
		ended    map[string]string
		waits    int // messages that are given back
	}{
		"nothing waits": {},
		"two of them": {
			messages: []emulator.Message{
				{Body: []byte{0xbe, 0xef}, Properties: map[string]string{"fPort": "15", "confirmed": "true"}},
				{Command: "led", Body: []byte("red")},
			},
			pushed: []string{
				`{"downlinks":[{"confirmed":true,"f_port":15,"frm_payload":"vu8=","priority":"NORMAL"}]}`,
				`{"downlinks":[{"confirmed":false,"decoded_payload":{"led":"red"},"f_port":1,"priority":"NORMAL"}]}`,
			},
			ended: map[string]string{"c-1": "Success", "c-2": "Success"},
		},
		"one that does not fit before": {
			messages: []emulator.Message{{Body: []byte(strings.Repeat("x", 64<<10))}, {Body: []byte("x")}},
			pushed:   []string{x},
			ended:    map[string]string{"c-1": "Rejected", "c-2": "Success"},
		},
		"the cloud refuses": {
			messages: []emulator.Message{{Body: []byte("x")}}, answers: []string{"/devices/dev-1/ 404"},
			pushed: []string{x},
			ended:  map[string]string{"c-1": "Rejected"},
		},
		"the cloud is down": {
			messages: []emulator.Message{{Body: []byte("x")}, {Body: []byte("y")}},
			answers:  []string{"/devices/dev-1/ 503"},
			pushed:   []string{x},
			waits:    1,
		},
		"the cloud hangs": {
			messages: []emulator.Message{{Body: []byte("x")}}, answers: []string{"/devices/dev-1/ hangs"},
			pushed: []string{x},
			waits:  1,
		},
		"the cloud redirects": {
			messages: []emulator.Message{{Body: []byte("x")}}, answers: []string{"/devices/dev-1/ 302"},
			pushed: []string{x},
			waits:  1,
		},
		"the cloud tells of an error in a 200": {
			messages: []emulator.Message{{Body: []byte("x")}}, answers: []string{`/devices/dev-1/ 200 {"error":"no"}`},
			pushed: []string{x},
			waits:  1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				azure := newAzure(t, emulator.Config{AssignAtOnce: true, Seed: 1})
				waiting(t, azure, tt.messages...)
				to := &clouds{}
				for _, directive := range tt.answers {
					to.add(directive)
				}
				s := pushing(t, azure, to, ttsPush, slog.DiscardHandler)
				w := &early{ResponseRecorder: httptest.NewRecorder()}
				s.ServeHTTP(w, uplinkOf(t, "dev-1"))
				if got := fmt.Sprint(w.Code, " ", strings.TrimSpace(w.Body.String())); got != `200 {"delivered":1}` {
					t.Error(got)
				}
				if !w.flushed {
					t.Error("the push did not wait for the answer")
				}
				var want []string
				for _, body := range tt.pushed {
					want = append(want, "POST "+where+body)
				}
				if diff := cmp.Diff(want, to.pushed); diff != "" {
					t.Errorf("pushed (-want +got):\n%s", diff)
				}
				if got := outcomes(azure); !maps.Equal(got, tt.ended) {
					t.Errorf("ended %v, want %v", got, tt.ended)
				}
				if n := len(azure.CallsWhere(emulator.Filter{Op: emulator.OpAbandon})); n != tt.waits {
					t.Errorf("%d messages are given back, want %d", n, tt.waits)
				}
			})
		})
	}
}

// The hub is asked once in a while, and not at all for a target that is left alone.
func TestPushHowOften(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		azure := newAzure(t, emulator.Config{AssignAtOnce: true, Seed: 1})
		waiting(t, azure)
		to := &clouds{}
		file := strings.Replace(ttsPush, "downlink: {", "downlink: {every: 10m, ", 1)
		s := pushing(t, azure, to, file, slog.DiscardHandler)
		for range 30 {
			s.ServeHTTP(httptest.NewRecorder(), uplinkOf(t, "dev-1"))
			time.Sleep(time.Minute)
		}
		if n := len(azure.CallsWhere(emulator.Filter{Op: emulator.OpReceive})); n != 3 {
			t.Errorf("the hub was asked %d times in half an hour", n)
		}
	})
}

// The codec of the source encodes; what it refuses is rejected with its words in the log, and no payload.
func TestPushEncodes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		azure := newAzure(t, emulator.Config{AssignAtOnce: true, Seed: 1})
		waiting(t, azure, emulator.Message{Body: []byte(`{"led":"red"}`)},
			emulator.Message{Body: []byte(`{"led":"pink"}`)}, emulator.Message{Command: "reboot", Body: []byte("@")})
		dir := t.TempDir()
		codec := `function decodeUplink(i) { return {data: {n: i.bytes[0]}} }
function encodeDownlink(i) {
  if (i.data.reboot) return {bytes: [255], fPort: 9};
  if (i.data.led !== "red") return {errors: ["no such color"]};
  return {bytes: [1, 2], fPort: 3};
}`
		if err := os.WriteFile(filepath.Join(dir, "led.js"), []byte(codec), 0o600); err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		to := &clouds{azure: azure.RoundTripper()}
		file := filepath.Join(dir, "mayfly.yaml")
		if err := os.WriteFile(file, []byte(ttsPush+"    codec: led.js\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := function.LoadConfig([]string{
			"ID_SCOPE=" + azure.IDScope(), "GROUP_KEY=" + azure.GroupKey(), "AUTH=none", "CONFIG=" + file,
		})
		if err != nil {
			t.Fatal(err)
		}
		lines := slog.New(slog.NewJSONHandler(&log, nil))
		s := function.New(c, function.Dependencies{DPS: to, Hub: to.azure, Log: lines})
		s.ServeHTTP(httptest.NewRecorder(), uplinkOf(t, "dev-1"))
		var got []string
		for _, text := range to.pushed {
			var sent struct {
				Downlinks []struct {
					Port    int    `json:"f_port"`
					Payload []byte `json:"frm_payload"`
				} `json:"downlinks"`
			}
			_, body, _ := strings.Cut(text, "{")
			err := json.Unmarshal([]byte("{"+body), &sent)
			if err != nil || len(sent.Downlinks) != 1 {
				t.Fatal(text)
			}
			got = append(got, fmt.Sprintf("%d %x", sent.Downlinks[0].Port, sent.Downlinks[0].Payload))
		}
		if diff := cmp.Diff([]string{"3 0102", "9 ff"}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		want := map[string]string{"c-1": "Success", "c-2": "Rejected", "c-3": "Success"}
		if got := outcomes(azure); !maps.Equal(got, want) {
			t.Errorf("ended %v, want %v", got, want)
		}
		if !strings.Contains(log.String(), "no such color") || strings.Contains(log.String(), "pink") ||
			strings.Contains(log.String(), "the-key") {
			t.Errorf("the log:\n%s", &log)
		}
	})
}
