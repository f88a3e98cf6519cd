package transform_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform"
	"mayfly/transform/message"
)

// webhook reads a file that is an HTTP request.
func webhook(t *testing.T, path string) *message.Request {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, body, _ := bytes.Cut(text, []byte("\n\n"))
	r, err := http.ReadRequest(bufio.NewReader(io.MultiReader(bytes.NewReader(head), strings.NewReader("\n\n"))))
	if err != nil {
		t.Fatal(err)
	}
	return &message.Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Header: r.Header,
		Body: bytes.TrimSuffix(body, []byte("\n"))}
}

// TestWebhooks maps requests as the senders' documents describe them (testdata/webhooks): devices, times and contents
// are right, and /api/ingest finds the source.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	tr := transform.New()
	files, err := filepath.Glob("testdata/webhooks/*.http")
	if err != nil || len(files) != len(webhooks) {
		t.Errorf("%d files and %d rows (%v)", len(files), len(webhooks), err)
	}
	for _, tt := range webhooks {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			request := webhook(t, filepath.Join("testdata", "webhooks", tt.file+".http"))
			name := strings.TrimPrefix(request.Path, "/api/")
			source, err := tr.Source(name)
			if err != nil || source == nil {
				t.Fatal(name, err)
			}
			out, err := source.Map(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			var got []event
			for _, m := range out.Messages {
				at := ""
				if !m.Time.IsZero() {
					at = m.Time.Format("2006-01-02T15:04:05.999999999Z")
				}
				got = append(got, event{m.DeviceID, at, string(m.Body)})
			}
			if ignored := len(tt.want) == 0; ignored != (out.Ignored > 0) {
				t.Errorf("%d parts ignored", out.Ignored)
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(event{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			request.Path = "/api/ingest"
			found, err := tr.Detect(t.Context(), request)
			if !tt.undetected && (err != nil || found == nil || found.Name != name) {
				t.Errorf("ingest finds %v, %v", found, err)
			}
		})
	}
}

// event is the device, the time and the body of a message.
type event struct{ device, time, body string }

// webhooks are the messages of the files. Those without messages are not telemetry and are ignored.
var webhooks = []struct {
	file       string
	undetected bool // the request does not show which source it is for
	want       []event
}{
	{file: "actility-downlink-sent"},
	{file: "actility-location", want: []event{
		{"70b3d57ed005a001", "2026-03-14T09:26:53Z",
			`{"location":{"altitude":34,"latitude":52.5,"longitude":13.25}}`},
	}},
	{file: "actility-notification"},
	{file: "actility-uplink-xml", want: []event{
		{"70b3d57ed005a001", "2026-03-14T09:26:53.37Z", `{"fPort":4,"payload":"016700e1"}`},
	}},
	{file: "actility-uplink", want: []event{
		{"70b3d57ed005a001", "2026-03-14T09:26:53.37Z", `{"fPort":4,"payload":"016700e1"}`},
	}},
	{file: "aws-lorawan-confirmation"},
	{file: "aws-lorawan-metadata", want: []event{
		{"70b3d57ed005a002", "2026-03-14T09:26:53Z", `{"fPort":3,"payload":"016700e1"}`},
	}},
	{file: "aws-lorawan-uplink", want: []event{
		{"70b3d57ed005a002", "2026-03-14T09:26:53Z", `{"fPort":3,"payload":"016700e1"}`},
	}},
	{file: "chirpstack-ack"},
	{file: "chirpstack-integration"},
	{file: "chirpstack-join"},
	{file: "chirpstack-location", want: []event{
		{"70b3d57ed005a003", "2026-03-14T09:26:53.000000001Z",
			`{"location":{"altitude":34,"latitude":52.5,"longitude":13.25}}`},
	}},
	{file: "chirpstack-log"},
	{file: "chirpstack-status", want: []event{
		{"70b3d57ed005a003", "2026-03-14T09:26:53.000000001Z", `{"batteryLevel":61.5,"margin":7}`},
	}},
	{file: "chirpstack-txack"},
	{file: "chirpstack-up", want: []event{
		{"70b3d57ed005a003", "2026-03-14T09:26:53.000000001Z", `{"fPort":2,"payload":"016700e1"}`},
	}},
	{file: "cloudevents-base64", want: []event{
		{"probe-1", "2026-03-14T09:26:53Z", `{"payload":"016700e1"}`},
	}},
	{file: "cloudevents-batch", want: []event{
		{"probe-1", "", `{"level":3}`},
		{"probe-2", "", `{"value":"open"}`},
	}},
	{file: "cloudevents-binary", want: []event{
		{"probe-1", "2026-03-14T09:26:53Z", `{"level":3}`},
	}},
	{file: "cloudevents-structured", want: []event{
		{"probe-1", "2026-03-14T09:26:53Z", `{"level":3}`},
	}},
	{file: "ecowitt-report", want: []event{
		{"0123456789ABCDEF0123456789ABCDEF", "2026-03-14T09:26:53Z",
			`{"baromrelin":29.880,"humidity":77,"rainratein":0.000,"tempf":50.9,"uv":1,"winddir":270,` +
				`"windspeedmph":4.5}`},
	}},
	{file: "golioth-headers", want: []event{
		{"65f2c8a1b2c3d4e5f6a7b8c9", "", `{"level":3}`},
	}},
	{file: "golioth-metadata", want: []event{
		{"65f2c8a1b2c3d4e5f6a7b8c9", "2026-03-14T09:26:53.37Z", `{"level":3}`},
	}},
	{file: "helium-uplink", want: []event{
		{"70b3d57ed005a004", "2026-03-14T09:26:53.37Z", `{"fPort":2,"payload":"016700e1"}`},
	}},
	{file: "influx-lines", want: []event{
		{"silo", "2026-03-14T09:26:53.37Z", `{"level":82}`},
		{"silo", "", `{"humidity":71,"level":82}`},
		{"my-pump", "2026-03-14T09:26:53.098Z",
			`{"count":7,"flow":-1.5e3,"note":"said \"stop\"","on":true,"steps":-5}`},
	}},
	{file: "kerlink-uplink", want: []event{
		{"70b3d57ed005a005", "2026-03-14T09:26:53.37Z", `{"fPort":6,"payload":"016700e1"}`},
	}},
	{file: "loriot-rx", want: []event{
		{"70b3d57ed005a006", "2026-03-14T09:26:53.37Z", `{"fPort":6,"payload":"016700e1"}`},
	}},
	{file: "multitech-base64url", want: []event{
		{"70b3d57ed005a007", "2026-03-14T09:26:53.37Z", `{"fPort":6,"payload":"fbff00"}`},
	}},
	{file: "multitech-uplink", want: []event{
		{"70b3d57ed005a007", "2026-03-14T09:26:53.37Z", `{"fPort":6,"payload":"016700e1"}`},
	}},
	{file: "notehub-nested", want: []event{
		{"dev:860000000000001", "2026-03-14T09:26:53.370125Z", `{"tank":{"cm":140,"raw":1300}}`},
	}},
	{file: "notehub-note", want: []event{
		{"dev:860000000000001", "2026-03-14T09:26:53.370125Z", `{"level":3,"volt":3.75}`},
	}},
	{file: "osmand-json", want: []event{
		{"van-3", "2026-03-14T09:26:53.37Z",
			`{"accuracy":8,"activity":"walking","altitude":34,"battery":0.5,"charging":false,` +
				`"event":"motionchange","lat":52.5,"lon":13.25,"moving":true,"odometer":12,"speed":1.5}`},
	}},
	{file: "otlp-logs"},
	{file: "otlp-metrics", want: []event{
		{"pump-house", "2026-03-14T09:26:53.37Z",
			`{"flow":{"count":3,"max":5,"min":0,"sum":10},"latency":{"count":2,"max":2,"min":1,"sum":3},` +
				`"pressure":2.5,"strokes":120}`},
	}},
	{file: "owntracks-full", want: []event{
		{"rb", "2026-03-14T09:26:53Z", `{"acc":12,"alt":34,"batt":81,"lat":52.5,"lon":13.25,"vac":3,"vel":0}`},
	}},
	{file: "owntracks-short", want: []event{
		{"rb", "2026-03-14T09:26:53Z", `{"lat":52.5,"lon":13.25}`},
	}},
	{file: "particle-form", want: []event{
		{"0a10aced202194944a0000aa", "2026-03-14T09:26:53.37Z", `{"level":"full"}`},
	}},
	{file: "particle-json", want: []event{
		{"0a10aced202194944a0000aa", "2026-03-14T09:26:53.37Z", `{"cm":140,"tank":"north"}`},
	}},
	{file: "senet-uplink", want: []event{
		{"70b3d57ed005a008", "2026-03-14T09:26:53.37Z", `{"fPort":6,"payload":"016700e1"}`},
	}},
	{file: "senml-basename", want: []event{
		{"urn:dev:ow:0102030405060708", "", `{"temp":19.5,"valve":1}`},
	}},
	{file: "senml-single", want: []event{
		{"urn:dev:ow:0102030405060708", "", `{"Cel":19.5}`},
	}},
	{file: "senml-two-devices", want: []event{
		{"2001:db8::a", "2026-03-14T09:26:53Z", `{"humidity":48,"temperature":19.5}`},
		{"2001:db8::b", "2026-03-14T09:26:53Z", `{"temperature":7.25}`},
	}},
	{file: "senml-types", want: []event{
		{"urn:dev:ow:0102030405060708", "", `{"label":"barn","open":false,"tag":"AQID","temp":19.5}`},
	}},
	{file: "sigfox-acknowledge"},
	{file: "sigfox-batch", undetected: true, want: []event{
		{"1D00F5", "2026-03-14T09:26:53Z", `{"payload":"0a0b0c0d"}`},
	}},
	{file: "sigfox-bidir", want: []event{
		{"1D00F5", "2026-03-14T09:26:53Z", `{"payload":"0a0b0c0d"}`},
	}},
	{file: "sigfox-data", want: []event{
		{"1D00F5", "2026-03-14T09:26:53Z", `{"payload":"0a0b0c0d"}`},
	}},
	{file: "sigfox-decoded", want: []event{
		{"1D00F5", "2026-03-14T09:26:53Z", `{"lidOpen":true,"moving":true,"payload":"cb020051","temperature":7.5}`},
	}},
	{file: "sigfox-geolocation", want: []event{
		{"1D00F5", "2026-03-14T09:26:53Z",
			`{"location":{"latitude":52.5,"longitude":13.25,"radius":1200},"payload":"0a0b0c0d"}`},
	}},
	{file: "sigfox-get", want: []event{
		{"1D00F5", "2026-03-14T09:26:53Z", `{"payload":"0a0b0c0d"}`},
	}},
	{file: "soracom-beam", want: []event{
		{"295100000000007", "2026-03-14T09:26:53.37Z", `{"level":3}`},
	}},
	{file: "swarm-hive", want: []event{
		{"4711", "2026-03-14T09:26:53Z", `{"payload":"016700e1"}`},
	}},
	{file: "tts-downlink-ack"},
	{file: "tts-downlink-failed"},
	{file: "tts-join"},
	{file: "tts-uplink", want: []event{
		{"barn-door", "2026-03-14T09:26:53.37Z", `{"open":true,"temperature":4.5}`},
	}},
	{file: "wunderground-now", want: []event{
		{"STATION1", "", `{"baromin":29.88,"humidity":77,"tempf":50.9}`},
	}},
	{file: "wunderground-time", want: []event{
		{"STATION1", "2026-03-14T09:26:53Z",
			`{"baromin":29.88,"rainin":0,"tempf":50.9,"winddir":270,"windspeedmph":4.5}`},
	}},
}
