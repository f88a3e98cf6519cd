package downlink_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"mayfly/transform/downlink"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

func eventReader(t testing.TB, events string) *downlink.EventReader {
	t.Helper()
	var s downlink.Settings
	if err := yaml.Unmarshal([]byte("push: {to: 'https://a.example', url: '\"/x\"'}\n"+events), &s); err != nil {
		t.Fatal(err)
	}
	p, faults := s.CompilePush(mapping.NewLanguage(message.Zone{}))
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	return p.Events()
}

// shown writes what was read as lines.
func shown(a *downlink.Asked) []string {
	var lines []string
	for i := range a.Messages {
		m := &a.Messages[i]
		line := fmt.Sprintf("%d %s %s %s", a.Parts[i], m.DeviceID, m.MessageID, m.Body)
		for _, name := range slices.Sorted(maps.Keys(m.Properties)) {
			line += " " + name + "=" + m.Properties[name]
		}
		lines = append(lines, line)
	}
	for _, i := range slices.Sorted(maps.Keys(a.Wrong)) {
		lines = append(lines, fmt.Sprintf("%d wrong: %v", i, a.Wrong[i]))
	}
	if a.Ignored > 0 {
		lines = append(lines, fmt.Sprintf("ignored %d: %s", a.Ignored, strings.Join(a.Reasons, ", ")))
	}
	return lines
}

func TestEvents(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body string
		want       []string
	}{
		{"a plain object", `{"deviceId":"d1","payload":{"led":1.50},"fPort":2,"confirmed":true,"id":"e1"}`,
			[]string{`0 d1 e1 {"led":1.50} confirmed=true fPort=2`}},
		{"bytes", `[{"deviceId":"d1","hex":"0aff"},{"deviceId":"d2","base64":"Cv8=","port":3}]`,
			[]string{`0 d1  {"hex":"0aff"}`, `1 d2  {"base64":"Cv8="} fPort=3`}},
		{"a command", `{"deviceId":"d1","name":"led","payload":"red"}`, []string{`0 d1  "red" method-name=led`}},
		{"a command without a parameter", `{"deviceId":"d1","command":"reboot"}`,
			[]string{`0 d1   method-name=reboot`}},
		{"a command as an object", `{"device":{"id":"d1"},"command":{"name":"led","value":3}}`,
			[]string{`0 d1  3 method-name=led`}},
		{"IoT Central, a property of the cloud", `{"applicationId":"5782ed70","messageSource":"properties",
			"messageType":"cloudPropertyChange","deviceId":"d1","schema":"default@v1","templateId":"urn:x",
			"enqueuedTime":"2026-01-20T16:45:39.143Z","enrichments":{},
			"properties":[{"name":"interval","value":60},{"name":"led","value":"red"}]}`,
			[]string{`0 d1  {"interval":60,"led":"red"}`}},
		{"IoT Central, a desired property", `{"messageSource":"properties","messageType":"devicePropertyDesiredChange",
			"deviceId":"d1","properties":[{"name":"interval","value":60,"component":"c"}]}`,
			[]string{`0 d1  {"interval":60}`}},
		{"IoT Central, a reported property", `{"messageSource":"properties",
			"messageType":"devicePropertyReportedChange","deviceId":"d1","properties":[{"name":"interval","value":60}]}`,
			[]string{`ignored 1: devicePropertyReportedChange`}},
		{"IoT Central, telemetry", `{"messageSource":"telemetry","deviceId":"d1","telemetry":{"data":1}}`,
			[]string{`ignored 1: telemetry`}},
		{"IoT Central, a device was created", `{"messageSource":"deviceLifecycle","messageType":"registered",
			"deviceId":"d1"}`,
			[]string{`ignored 1: deviceLifecycle`}},
		{"Event Grid", `[{"id":"e1","topic":"/subscriptions/x","subject":"fleet/devices/d1","eventType":"Command",
			"eventTime":"2026-01-20T16:45:39Z","data":{"name":"led","payload":1},"dataVersion":"1"}]`,
			[]string{`0 d1 e1 1 method-name=led`}},
		{"Event Grid, the subject is the device", `[{"id":"e1","subject":"d1","eventType":"C","data":{"hex":"01"}}]`,
			[]string{`0 d1 e1 {"hex":"01"}`}},
		{"Event Grid, the data name the device", `[{"id":"e1","subject":"s","eventType":"C",
			"data":{"deviceId":"d2","hex":"01"}}]`,
			[]string{`0 d2 e1 {"hex":"01"}`}},
		{"Event Grid, of the hub", `[{"id":"e1","subject":"devices/d1",
			"eventType":"Microsoft.Devices.DeviceConnected","data":{}}]`,
			[]string{`ignored 1: Microsoft.Devices.DeviceConnected`}},
		{"CloudEvents", `{"specversion":"1.0","id":"e1","source":"/x","type":"command","subject":"devices/d1",
			"data":{"payload":{"a":1}}}`, []string{`0 d1 e1 {"a":1}`}},
		{"some of a batch", `[{"deviceId":"d1","hex":"01"},{"hex":"02"},{"deviceId":"d3"},{"messageSource":"telemetry"},
			"x",{"deviceId":"d 4","hex":"01"}]`, []string{
			`0 d1  {"hex":"01"}`,
			`1 wrong: the message is not valid: [1].deviceId must be 1 to 128`,
			`2 wrong: the message is not valid: [2].payload is missing`,
			`4 wrong: `, `5 wrong: the message is not valid: [5].deviceId must be`, `ignored 1: telemetry`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			asked, err := eventReader(t, "").Read(t.Context(), &message.Request{Method: "POST", Body: []byte(tt.body)})
			if err != nil {
				t.Fatal(err)
			}
			got := shown(asked)
			for i := range got {
				if i < len(tt.want) && strings.Contains(got[i], " wrong: ") && strings.HasPrefix(got[i], tt.want[i]) {
					got[i] = tt.want[i]
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for _, body := range []string{"{", "5", "null", `"x"`, "\xff\xfe", "[]"} {
		asked, err := eventReader(t, "").Read(t.Context(), &message.Request{Method: "POST", Body: []byte(body)})
		if err == nil && len(asked.Messages) > 0 {
			t.Errorf("%q: %v", body, shown(asked))
		}
	}
}

// A source may read events of its own.
func TestOwnEvents(t *testing.T) {
	t.Parallel()
	r := eventReader(t, `events:
  each: .rows[]
  ignore: if .kind == "log" then "log" else false end
  deviceId: .d
  payload: '{hex: .p}'
  properties: '{fPort: 9}'
`)
	asked, err := r.Read(t.Context(), &message.Request{Method: "POST", Body: []byte(
		`{"rows":[{"d":"d1","p":"01","id":"i"},{"kind":"log"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`0 d1 i {"hex":"01"} fPort=9`, "ignored 1: log"}
	if diff := cmp.Diff(want, shown(asked)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	m := downlink.FromEvent(&asked.Messages[0])
	if c, err := m.Content(t.Context(), downlink.Encoding{}); err != nil || string(c.Bytes) != "\x01" || c.Port != 9 {
		t.Errorf("%+v %v", c, err)
	}
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte(`[{"id":"e1","subject":"devices/d1","eventType":"C","data":{"hex":"01"}}]`))
	f.Add([]byte(`{"messageSource":"properties","deviceId":"d1","properties":[{"name":"a","value":1}]}`))
	f.Add([]byte(`{"deviceId":"d1","command":{"name":"led","value":3}}`))
	r := eventReader(f, "")
	f.Fuzz(func(t *testing.T, body []byte) {
		asked, err := r.Read(t.Context(), &message.Request{Method: "POST", Body: body})
		if err != nil {
			return
		}
		for i := range asked.Messages {
			m := &asked.Messages[i]
			if !message.ValidDeviceID(m.DeviceID) || len(m.Body) == 0 && m.Properties["method-name"] == "" {
				t.Errorf("%q: %+v", body, m)
			}
		}
	})
}
