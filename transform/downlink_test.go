package transform_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform"
	"mayfly/transform/downlink"
	"mayfly/transform/message"
)

func pushing(t *testing.T, text string) *transform.Source {
	t.Helper()
	d, err := transform.ParseDefinition([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	tr := transform.New()
	if err := tr.Add("mayfly.yaml", []transform.Definition{*d}, nil); err != nil {
		t.Fatal(err)
	}
	s, err := tr.Source(d.From)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What each cloud is sent for a message.
func TestPushes(t *testing.T) {
	t.Parallel()
	const (
		tts = `{"end_device_ids":{"device_id":"dev-1","application_ids":{"application_id":"farm"}},
			"uplink_message":{"f_port":1}}`
		toTTS    = "{from: tts, downlink: {push: {to: 'https://eu1.example'}}}"
		toHook   = "{from: tts, downlink: {push: {to: 'https://eu1.example', settings: {application: a, webhook: w}}}}"
		toCS     = "{from: chirpstack, downlink: {push: {to: 'https://cs.example'}}}"
		toHelium = "{from: helium, downlink: {push: {to: 'https://console.example'}}}"
		helium   = `{"dev_eui":"6081F92C65E7F002","payload":"AQID","port":2,"hotspots":[],
			"downlink_url":"https://HOST/api/v1/down/x/y/z"}`
	)
	given := func(rest string) http.Header {
		return http.Header{"X-Downlink-Push": {"https://" + rest + "/down/push"}}
	}
	raw := downlink.Content{Frame: downlink.Frame{Bytes: []byte{0xbe, 0xef}, Port: 15}}
	data := downlink.Content{Data: []byte(`{"led":1.50}`), Frame: downlink.Frame{Port: 2}}
	for _, tt := range []struct {
		name, source, body string
		header             http.Header
		device             string
		properties         map[string]string
		content            downlink.Content
		url, want          string // no url: an error that says want
	}{
		{"TTS", toTTS, tts,
			given("eu1.example/api/v3/as/applications/farm/webhooks/hook/devices/dev-1"), "dev-1", nil, raw,
			"https://eu1.example/api/v3/as/applications/farm/webhooks/hook/devices/dev-1/down/push",
			`{"downlinks":[{"confirmed":false,"f_port":15,"frm_payload":"vu8=","priority":"NORMAL"}]}`},
		{"TTS, decoded, to replace the queue", toTTS, tts,
			given("eu1.example/api/v3/as/applications/farm/webhooks/hook/devices/dev-1"), "dev-1",
			map[string]string{"confirmed": "true", "priority": "high", "replace": "true"}, data,
			"https://eu1.example/api/v3/as/applications/farm/webhooks/hook/devices/dev-1/down/replace",
			`{"downlinks":[{"confirmed":true,"decoded_payload":{"led":1.50},"f_port":2,"priority":"HIGH"}]}`},
		{"TTS, the webhook names another host", toTTS, tts,
			given("evil.example/api/v3/as/applications/farm/webhooks/hook/devices/dev-1"), "dev-1", nil, raw,
			"https://eu1.example/api/v3/as/applications/farm/webhooks/hook/devices/dev-1/down/push",
			`{"downlinks":[{"confirmed":false,"f_port":15,"frm_payload":"vu8=","priority":"NORMAL"}]}`},
		{"TTS, the webhook names another device", toTTS, tts,
			given("eu1.example/api/v3/as/applications/farm/webhooks/hook/devices/dev-2"), "dev-1", nil, raw,
			"https://eu1.example/api/v3/as/applications/farm/webhooks/hook/devices/dev-1/down/push",
			`{"downlinks":[{"confirmed":false,"f_port":15,"frm_payload":"vu8=","priority":"NORMAL"}]}`},
		{"TTS, the webhook names another application",
			"{from: tts, downlink: {push: {to: 'https://eu1.example', settings: {application: barn}}}}", tts,
			given("eu1.example/api/v3/as/applications/farm/webhooks/hook/devices/dev-1"), "dev-1", nil, raw,
			"", "the webhook is not known"},
		{"TTS, the application is configured",
			strings.Replace(toHook, "application: a", "application: barn", 1), tts,
			given("eu1.example/api/v3/as/applications/farm/webhooks/hook/devices/dev-1"), "dev-1", nil, raw,
			"https://eu1.example/api/v3/as/applications/barn/webhooks/w/devices/dev-1/down/push",
			`{"downlinks":[{"confirmed":false,"f_port":15,"frm_payload":"vu8=","priority":"NORMAL"}]}`},
		{"TTS without a request", toHook,
			"", nil, "dev/2", nil, raw,
			"https://eu1.example/api/v3/as/applications/a/webhooks/w/devices/dev%2F2/down/push",
			`{"downlinks":[{"confirmed":false,"f_port":15,"frm_payload":"vu8=","priority":"NORMAL"}]}`},
		{"TTS without anything", toTTS, tts, nil, "dev-1", nil, raw,
			"", "the webhook is not known"},
		{"TTS, a device that leads away", toHook,
			"", nil, "..", nil, raw, "", "neither a path nor a URL"},
		{"ChirpStack", toCS, "", nil, "A84041FFFF1E2D3C", nil, raw,
			"https://cs.example/api/devices/a84041ffff1e2d3c/queue",
			`{"queueItem":{"confirmed":false,"data":"vu8=","fPort":15}}`},
		{"ChirpStack, its own codec", "{from: chirpstack, downlink: {push: {to: 'https://cs.example/rest'}}}", "", nil,
			"a84041ffff1e2d3c", map[string]string{"confirmed": "true"}, data,
			"https://cs.example/rest/api/devices/a84041ffff1e2d3c/queue",
			`{"queueItem":{"confirmed":true,"fPort":2,"object":{"led":1.50}}}`},
		{"ChirpStack, not an EUI", toCS, "", nil, "row-12", nil, raw,
			"", "EUI"},
		{"Helium", toHelium,
			strings.Replace(helium, "HOST", "console.example", 1),
			nil, "6081f92c65e7f002", nil, raw, "https://console.example/api/v1/down/x/y/z",
			`{"confirmed":false,"payload_raw":"vu8=","port":15}`},
		{"Helium, another host", toHelium,
			strings.Replace(helium, "HOST", "evil.example", 1),
			nil, "6081f92c65e7f002", nil, raw, "", "does not begin with the address"},
		{"Helium without a request", toHelium, "", nil,
			"6081f92c65e7f002", nil, raw, "", "only an uplink"},
		{"LORIOT",
			"{from: loriot, downlink: {push: {to: 'https://eu1.loriot.example', settings: {application: BE7A0001}}}}", "", nil,
			"be7a000000001c2d", nil, raw, "https://eu1.loriot.example/1/rest",
			`{"EUI":"BE7A000000001C2D","appid":"BE7A0001","cmd":"tx","confirmed":false,"data":"beef","port":15}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := pushing(t, tt.source)
			var request map[string]any
			if tt.body != "" {
				r := &message.Request{Method: "POST", Header: tt.header, Body: []byte(tt.body)}
				up, err := s.Uplink(t.Context(), r, 0)
				if err != nil {
					t.Fatal(err)
				}
				request = up.Request
			}
			m := &downlink.Message{DeviceID: tt.device, Properties: tt.properties}
			order, err := s.Pusher().Order(t.Context(), m, &tt.content, request)
			if tt.url == "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%v %v, want %q", order, err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := []string{order.Method, order.URL, string(order.Body)}
			if diff := cmp.Diff([]string{"POST", tt.url, tt.want}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A source without an address pushes nothing.
func TestNoPush(t *testing.T) {
	t.Parallel()
	s, err := transform.New().Source("tts")
	if err != nil || s.Pusher() != nil {
		t.Error(s.Pusher(), err)
	}
}
