package transform_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"mayfly/transform"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// junk are bodies of no sender.
var junk = []string{
	`{"hello":"world"}`, `{}`, `[]`, `"x"`, `1`, `null`, `true`, `[1]`, `[{}]`, `[null]`, `[{"hello":"world"}]`,
	`{"device":"x"}`, `{"id":"x","temperature":21.5}`, `{"deviceId":"x","temperature":21.5}`, `{"data":"AQID"}`,
	`{"time":"2026-01-01T00:00:00Z","temperature":1}`, `{"type":"uplink","data":{"t":1}}`,
	`{"deviceInfo":{"name":"x"},"temperature":1}`, `{"dev_id":"x"}`, `{"devEUI":"70b3d57ed0051234"}`,
	`{"end_device_ids":{"device_id":"x"},"received_at":"2026-03-14T10:00:00Z"}`, `{"uplink":{"end_device_ids":{}}}`,
	`{"_type":"x"}`, `{"lat":1.5,"tst":1740000000,"tid":"ab"}`, `{"status":"ok"}`, `{"event":"join"}`, `{"eventType":"x","data":{}}`,
	`{"meta":{},"params":{},"type":"uplink"}`, `{"device":"dev:1"}`, `{"type":"ERROR"}`, `{"cmd":"rx"}`, `{"value":1}`,
}

// alsoValid are bodies of one source that another one reads rightly, too.
var alsoValid = map[string]string{
	"chirpstack-v3 <- milesight/gateway, nobody decoded it":              "a Milesight gateway writes ChirpStack's format",
	"chirpstack-v3 <- milesight/time with a separator left out, and hex": "likewise",
	"chirpstack-v3 <- milesight/decoded by the gateway":                  "likewise",
	"chirpstack-v3 <- milesight/join":                                    "likewise, and a join is no telemetry there",
	"milesight <- chirpstack-v3/a flow put what it decoded into data":    "no member tells which of the two it is",
	`particle <- {"device":{"deviceId":"x"},"measurements":{"t":1}}`:     "the template of Microsoft's bridge for Particle",
	"chirpstack-v3 <- milesight/a decoder made a list":                   "refused for its payload",
	"senml <- kpn/temperature and battery":                               "KPN writes SenML",
	"senml <- kpn/a place, of a device without an EUI":                   "likewise",
	"senml <- kpn/a pack without a device":                               "refused for its id",
	"wunderground <- wow/a report":                                       "refused for its id: WOW's members are these but for the id",
	"wunderground <- wow/a form, in SI":                                  "likewise",
	"wunderground <- wow/no readings":                                    "likewise",
	"osmand <- gpslogger/all values":                                     "refused for its id: /api/osmand takes those that have one",
	"osmand <- gpslogger/a form, with a name":                            "likewise",
	"osmand <- gpslogger/nothing tells the device":                       "likewise",
	"osmand <- gpslogger/the app's own template":                         "the name is in the query",
	"cloudevents <- event-grid/the CloudEvents schema":                   "these are CloudEvents",
	`kpn <- [1]`: "refused as SenML", `kpn <- [null]`: "refused as SenML",
	`senml <- [1]`: "refused as SenML", `senml <- [null]`: "refused as SenML", `senml <- [{"hello":"world"}]`: "refused as SenML",
}

// What is not of a source's sender is refused with a hint, never ignored: not junk,
// and not what another source's sender wrote. The hint names that source.
func TestForeignBodiesAreRefused(t *testing.T) {
	t.Parallel()
	tr := transform.New()
	all := map[string]*transform.Source{}
	for _, name := range tr.SourceNames() {
		source, err := tr.Source(name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = source
	}
	for name, source := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if source.Expects == "" {
				t.Error("expects is missing")
			}
			for _, body := range append(junk, `{"device":{"deviceId":"x"},"measurements":{"t":1}}`) {
				sample := transform.SampleRequest{Body: body}
				checkForeign(t, source, name+" <- "+body, sample.Request(name), "")
			}
			for from, other := range all {
				for _, sample := range other.Samples {
					if from == name {
						continue
					}
					request := sample.Request.Request(name)
					hint := ""
					if found, err := tr.Detect(t.Context(), request); err == nil && found != nil && found.Name == from {
						hint = "/api/" + from
					}
					checkForeign(t, source, name+" <- "+from+"/"+sample.Name, request, hint)
				}
			}
		})
	}
}

func checkForeign(t *testing.T, source *transform.Source, what string, r *message.Request, hint string) {
	t.Helper()
	if alsoValid[what] != "" {
		return
	}
	out, err := source.Map(t.Context(), r)
	for try := 0; mapping.IsExhausted(err) && try < 5; try++ { // on a busy machine
		out, err = source.Map(t.Context(), r)
	}
	var bad *message.Error
	switch {
	case err == nil:
		t.Errorf("%s: %d messages, ignored %v", what, len(out.Messages), out.Reasons)
	case !errors.As(err, &bad) || bad.Kind != message.Invalid || len(bad.Fields) != 1 || bad.Fields[0].Rule != "envelope":
		t.Errorf("%s: %v", what, err)
	case !strings.Contains(bad.Fields[0].Hint, hint) || !strings.HasPrefix(bad.Fields[0].Hint, "this "):
		t.Errorf("%s: the hint does not say %q: %s", what, hint, bad.Fields[0].Hint)
	}
}

// A body that lost one of its members is still a message or refused; it is ignored
// only where what is left is an event of that sender.
func TestNothingIsIgnoredForALostMember(t *testing.T) {
	t.Parallel()
	events := map[string]bool{ // that are still recognised as what they are
		"aws-lorawan without PayloadData": true, "chirpstack without batteryLevel": true, "chirpstack without location": true,
		"chirpstack-v3 without batteryLevel": true, "cloudevents without data": true, "cloudevents without data_base64": true,
		"notehub without body": true, "notehub without payload": true,
	}
	tr := transform.New()
	for _, name := range tr.SourceNames() {
		source, err := tr.Source(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, sample := range source.Samples {
			var whole map[string]any
			if len(sample.Messages) == 0 || json.Unmarshal([]byte(sample.Request.Body), &whole) != nil {
				continue
			}
			for member, value := range whole {
				delete(whole, member)
				request := sample.Request.Request(name)
				request.Body, _ = json.Marshal(whole)
				whole[member] = value
				out, err := source.Map(t.Context(), request)
				if err == nil && out.Ignored > 0 && !events[name+" without "+member] {
					t.Errorf("%s, sample %q without %s: ignored as %v", name, sample.Name, member, out.Reasons)
				}
			}
		}
	}
}

// New kinds of event in a sender's own envelope are ignored, with their names.
func TestUnknownEventsAreIgnored(t *testing.T) {
	t.Parallel()
	tests := []struct{ source, body, reason string }{
		{"tts", `{"end_device_ids":{"device_id":"a"},"received_at":"2026-03-14T10:00:00Z","relay_report":{"x":1}}`, "relay_report"},
		{"tts", `{"join_accept":{"session_key_id":"x"},"received_at":"2026-03-14T10:00:00Z"}`, "join_accept"},
		{"chirpstack", `{"deduplicationId":"x","deviceInfo":{"devEui":"70b3d57ed0051234"},"stream":{"x":1}}`, "unknown event"},
		{"everynet", `{"type":"firmware","meta":{"device":"58a0cb0000ab12cd"},"params":{}}`, "firmware"},
		{"loriot", `{"cmd":"txd","EUI":"BE7A000000001C2D"}`, "txd"},
		{"actility", `{"DevEUI_multicast_summary":{"DevEUI":"20635F0181000A1B"}}`, "multicast_summary"},
		{"owntracks", `{"_type":"newtype","tid":"ab"}`, "newtype"},
		{"notehub", `{"device":"dev:1","event":"e","req":"web.event","received":1740000000.5}`, "web.event"},
		{"milesight", `{"eventId":"1","eventType":"WEBHOOK_TEST","data":{}}`, "WEBHOOK_TEST"},
		{"objenious", `{"type":"alert","device_properties":{"deveui":"70b3d5a1b2c30001"}}`, "alert"},
		{"helium", `{"type":"location","dev_eui":"6081F92C65E7F002","hotspots":[]}`, "location"},
		{"aws-lorawan", `{"eventId":"x","eventType":"joined","WirelessDeviceId":"0b27a5cc-8a03-4841-8aae-000000000001"}`, "joined"},
		{"otlp", `{"resourceProfiles":[]}`, "profiles"},
		{"otlp", `{"resourceMetrics":[]}`, "metrics without points"},
		{"sigfox", `{"type":"ERROR","time":1740000000,"severity":"ERROR","info":"x"}`, "ERROR"},
	}
	tr := transform.New()
	for _, tt := range tests {
		t.Run(tt.source+" "+tt.reason, func(t *testing.T) {
			t.Parallel()
			source, err := tr.Source(tt.source)
			if err != nil {
				t.Fatal(err)
			}
			out, err := source.Map(t.Context(), transform.SampleRequest{Body: tt.body}.Request(tt.source))
			if err != nil || out.Ignored != 1 || out.Reasons[0] != tt.reason {
				t.Errorf("got %v, %v; want %s", out, err, tt.reason)
			}
		})
	}
}

// Real senders leave much out.
func TestSmallBodiesAreTaken(t *testing.T) {
	t.Parallel()
	tests := []struct{ source, body, device string }{
		{"tts", `{"uplink_message":{"decoded_payload":{"t":1}},"end_device_ids":{"device_id":"a"}}`, "a"},
		{"chirpstack", `{"deviceInfo":{"devEui":"70b3d57ed0051234"},"object":{"t":1}}`, "70b3d57ed0051234"},
		{"chirpstack-v3", `{"devEUI":"70b3d57ed0051234","data":"AQ=="}`, "70b3d57ed0051234"},
		{"milesight", `{"devEUI":"70b3d57ed0051234","data":"AQ=="}`, "70b3d57ed0051234"},
		{"helium", `{"dev_eui":"6081F92C65E7F002","payload":"AQ=="}`, "6081f92c65e7f002"},
		{"loriot", `{"EUI":"BE7A000000001C2D","ts":1711711711711,"data":"0A"}`, "be7a000000001c2d"},
		{"kerlink", `{"endDevice":{"devEui":"70B3D58F000A1B2C"},"payload":"0a"}`, "70b3d58f000a1b2c"},
		{"multitech", `{"deveui":"00-80-00-00-0a-1b-2c-3d","data":"AQ=="}`, "008000000a1b2c3d"},
		{"notehub", `{"device":"dev:1","body":{"t":1}}`, "dev:1"},
		{"sigfox", `{"device":"1D00F5","data":"0a0b"}`, "1D00F5"},
		{"sigfox", `{"id":"4D1234","data":"0a0b"}`, "4D1234"},
		{"sigfox", `{"device":"1D00F5","temperature":"21.5"}`, "1D00F5"},
		{"sigfox", `{"device":123456,"time":1740000000,"data":"0a0b"}`, "123456"},
		{"particle", `{"coreid":"e00fce681a2b3c4d5e6f7081","t":1}`, "e00fce681a2b3c4d5e6f7081"},
		{"particle", `{"deviceId":"e00fce681a2b3c4d5e6f7081","t":1}`, "e00fce681a2b3c4d5e6f7081"},
		{"owntracks", `{"_type":"location","lat":1,"lon":2,"tid":"ab"}`, "ab"},
		{"ecowitt", `{"PASSKEY":"A1","tempf":"50"}`, "A1"},
		{"wunderground", `{"ID":"STATION1","tempf":"50"}`, "STATION1"},
		{"osmand", `{"id":"van","lat":1.5,"lon":2.5}`, "van"},
		{"shelly", `{"id":"kitchen","temp":"21.5"}`, "kitchen"},
		{"ttn-v2", `{"dev_id":"a","payload_raw":"AQ=="}`, "a"},
		{"aws-lorawan", `{"WirelessDeviceId":"0b27a5cc","PayloadData":"AQ=="}`, "0b27a5cc"},
		{"golioth", `{"device_id":"g","data":{"t":1}}`, "g"},
		{"cloudevents", `{"specversion":"1.0","source":"/devices/a","data":{"t":1}}`, "a"},
	}
	tr := transform.New()
	for _, tt := range tests {
		t.Run(tt.source+" "+tt.device, func(t *testing.T) {
			t.Parallel()
			source, err := tr.Source(tt.source)
			if err != nil {
				t.Fatal(err)
			}
			out, err := source.Map(t.Context(), transform.SampleRequest{Body: tt.body}.Request(tt.source))
			if err != nil || len(out.Messages) != 1 || out.Messages[0].DeviceID != tt.device {
				t.Errorf("got %v, %v; want a message of %s", out, err, tt.device)
			}
		})
	}
}

// A source that ignores parts has to tell what its sender's are.
func TestEnvelopeIsNeeded(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, members, says string }{
		{"none", "ignore: .kind", "is missing, and ignore would take"},
		{"nothing is ignored", `ignore: "false"`, ""},
		{"always true", "ignore: .kind, envelope: 'true'", `holds for {"hello":"world"}`},
		{"any object", "ignore: .kind, envelope: type == \"object\"", `holds for {"hello":"world"}`},
		{"a member", "ignore: .kind, envelope: has(\"kind\")", ""},
		{"inherited", "from: tts, ignore: 'true'", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			list := definitions(t, "sources:\n  - {name: mine, deviceId: .id, measurements: ., "+tt.members+"}\n")
			err := transform.New().Add("my.yaml", list, fstest.MapFS{})
			if tt.says == "" && err != nil || tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)) {
				t.Errorf("got %v, want %q", err, tt.says)
			}
		})
	}
}

// The hint of a user's own source shows its envelope, and where the sender has to
// be told to write JSON.
func TestForeignHints(t *testing.T) {
	t.Parallel()
	tr := transform.New()
	list := definitions(t, `sources:
  - name: mine
    each: .rows[]
    envelope: has("row")
    deviceId: .row
    measurements: .
  - {name: farm, title: The farm, detect: has("barn"), envelope: has("barn"), deviceId: .barn, measurements: .}
`)
	if err := tr.Add("my.yaml", list, fstest.MapFS{}); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ source, kind, body, says string }{
		{"mine", "application/json", `{"rows":[{"x":1}]}`, `body this does not look like mine: want what has("row") holds for`},
		{"mine", "application/json", `{"rows":[{"row":"a"},{"x":1}]}`, `[1].body this does not look like mine`},
		{"mine", "application/json", `{"barn":"a"}`, "this looks like The farm: POST it to /api/farm"},
		{"tts", "application/json", `{"barn":"a"}`, "this looks like The farm: POST it to /api/farm"},
		{"farm", "application/json", `{"rows":1}`, `want what has("barn") holds for`},
		{"tts", "application/octet-stream", "\x0a\x10\x0a\x05dev-1", "Webhooks, your webhook, set Webhook format to JSON"},
		{"chirpstack", "application/octet-stream", "\x0a\x10\xff\x05dev-1", "set Payload encoding to JSON"},
		{"chirpstack-v3", "application/octet-stream", "\x0a\x10\x12\x05dev-1", "set Payload marshaler to JSON"},
		{"tts", "application/x-protobuf", "\x0a\x10\x0a\x05dev-1", "set Webhook format to JSON"},
		{"tts", "application/json", "\x0a\x10\x0a\x05dev-1", "set Webhook format to JSON"},
		{"tts", "application/json", `{"device":{"deviceId":"a"},"measurements":{"t":1}}`, "POST it to /api/telemetry"},
		{"influx", "application/json", `{"hello":1}`, "want InfluxDB line protocol"},
	}
	for _, tt := range tests {
		t.Run(tt.source+" "+tt.says, func(t *testing.T) {
			t.Parallel()
			source, err := tr.Source(tt.source)
			if err != nil {
				t.Fatal(err)
			}
			_, err = source.Map(t.Context(), &message.Request{Method: "POST", Path: "/api/" + tt.source, Body: []byte(tt.body),
				Header: map[string][]string{"Content-Type": {tt.kind}}})
			wantError(t, err, message.Invalid, []string{tt.says})
		})
	}
}

// A body of another sender at /api/telemetry is told where it belongs.
func TestExplainNative(t *testing.T) {
	t.Parallel()
	tr := transform.New()
	tests := []struct{ name, kind, body, says string }{
		{"a webhook", "application/json", `{"end_device_ids":{"device_id":"a"},"uplink_message":{"f_port":1}}`,
			"body this looks like The Things Stack v3: POST it to /api/tts; device.deviceId is missing"},
		{"a form", "application/x-www-form-urlencoded", "event=x&data=1&coreid=e00fce681a2b3c4d5e6f7081", "POST it to /api/particle"},
		{"nobody's", "application/json", `{"hello":1}`, "the message is not valid: device.deviceId is missing"},
		{"a slip in a native message", "application/json", `{"device":{"deviceId":"a"}}`, "measurements is missing"},
		{"fine", "application/json", `{"device":{"deviceId":"a"},"measurements":{}}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &message.Request{Method: "POST", Path: "/api/telemetry", Body: []byte(tt.body),
				Header: map[string][]string{"Content-Type": {tt.kind}}}
			_, err := tr.Native(r)
			err = tr.ExplainNative(t.Context(), r, err)
			if tt.says == "" && err != nil || tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)) {
				t.Errorf("got %v, want %s", err, tt.says)
			}
		})
	}
}

// An envelope that cannot be evaluated says so: the body may be this sender's.
func TestEnvelopeIsBounded(t *testing.T) {
	t.Parallel()
	tr := transform.New()
	list := definitions(t, "sources:\n  - {name: mine, envelope: 'def f: f; f', deviceId: .id, measurements: .}\n")
	if err := tr.Add("my.yaml", list, fstest.MapFS{}); err != nil {
		t.Fatal(err)
	}
	source, err := tr.Source("mine")
	if err != nil {
		t.Fatal(err)
	}
	_, err = source.Map(t.Context(), &message.Request{Body: []byte(`{"id":"a"}`)})
	wantError(t, err, message.Invalid, []string{"envelope takes longer"})
}
