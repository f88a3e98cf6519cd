package transform_test

import (
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform"
)

// samplesFolder holds public payloads beside the module; CI has it, a clone of
// the repository has not.
const samplesFolder = "../../shared/samples"

// asHTTP reads a sample that is a request: its first line and headers, a blank
// line, the body.
func asHTTP(t *testing.T, text []byte) *transform.Request {
	t.Helper()
	head, body, _ := strings.Cut(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n\n")
	lines := strings.Split(head, "\n")
	parts := strings.SplitN(lines[0], " ", 3)
	u, err := url.Parse(strings.NewReplacer("{", "", "}", "").Replace(parts[1]))
	if err != nil {
		t.Fatal(err)
	}
	r := &transform.Request{Method: parts[0], Path: u.Path, Query: u.Query(), Header: map[string][]string{}, Body: []byte(strings.TrimSuffix(body, "\n"))}
	for _, line := range lines[1:] {
		if name, value, ok := strings.Cut(line, ": "); ok {
			r.Header[textproto.CanonicalMIMEHeaderKey(name)] = []string{value}
		}
	}
	return r
}

// Every public payload gives the right device, time and content. What is right is
// written down from the documented fields.
func TestPublicSamples(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(samplesFolder); err != nil {
		t.Skip("the folder of public payloads is not here")
	}
	// How the body of a file comes: as JSON where nothing is said.
	const (
		asJSON  = "application/json"
		asForm  = "application/x-www-form-urlencoded"
		asXML   = "application/xml"
		asText  = "text/plain"
		asLine  = "a request line"
		asWhole = "a whole request"
	)
	type want struct{ device, time, body string }
	tests := []struct {
		file, as, source string
		header           map[string]string
		ingest           bool // is it to be found by /api/ingest, too?
		want             []want
	}{
		{file: "actility-thingpark/uplink_frame.json", source: "actility", ingest: true, want: []want{{"000000000f1d8693", "2015-07-09T14:06:38.49Z", `{"fPort":2,"payload":"0027bd00"}`}}},
		{file: "actility-thingpark/uplink_frame.xml", as: asXML, source: "actility", ingest: true, want: []want{{"000000000f1d8693", "2015-07-09T14:06:38.49Z", `{"fPort":2,"payload":"0027bd00"}`}}},
		{file: "actility-thingpark/location_report.json", source: "actility", ingest: true, want: []want{{"000000000f1d8693", "2015-01-27T09:00:43.336Z", `{"location":{"altitude":50,"latitude":10.11212,"longitude":7.44464}}`}}},
		{file: "actility-thingpark/notification_report.json", source: "actility", ingest: true},
		{file: "actility-thingpark/downlink_frame_sent_report.json", source: "actility", ingest: true},
		{file: "aws-iot-lorawan/iotthingshadow__src-iotrule-transformation__samplevent.json", source: "aws-lorawan", ingest: true, want: []want{{"a84041b3618248f7", "2020-10-15T16:12:55Z", `{"fPort":2,"payload":"cbc4091501700109027fff"}`}}},
		{file: "aws-iot-lorawan/transform_binary_payload__src-iotrule-transformation-nodejs__samplevent.json", source: "aws-lorawan", ingest: true, want: []want{{"a84041d55182720b", "2020-12-07T14:41:48Z", `{"fPort":2,"payload":"cba407c601b80108667fff"}`}}},
		{file: "aws-iot-rules/destination-confirmation.txt", as: asWhole, source: "aws-lorawan", ingest: true},
		{file: "chirpstack-v4/event-up.json", source: "chirpstack", ingest: true, want: []want{{"0101010101010101", "2022-07-18T09:34:15.775023242Z", `{"fPort":1,"payload":"aa"}`}}},
		{file: "chirpstack-v4/event-status.json", source: "chirpstack", ingest: true, want: []want{{"0101010101010101", "2022-07-18T09:35:06.927172638Z", `{"batteryLevel":88.3,"margin":10}`}}},
		{file: "chirpstack-v4/event-location.json", source: "chirpstack", ingest: true, want: []want{{"0101010101010101", "2022-07-18T09:55:11.059481003Z", `{"location":{"altitude":2,"latitude":37.344214,"longitude":-8.839375}}`}}},
		{file: "chirpstack-v4/event-join.json", source: "chirpstack", ingest: true},
		{file: "chirpstack-v4/event-ack.json", source: "chirpstack", ingest: true},
		{file: "chirpstack-v4/event-txack.json", source: "chirpstack", ingest: true},
		{file: "chirpstack-v4/event-log.json", source: "chirpstack", ingest: true},
		{file: "chirpstack-v4/event-integration.json", source: "chirpstack", ingest: true},
		{file: "cloudevents/structured-telemetry.json", as: "application/cloudevents+json", source: "cloudevents", ingest: true, want: []want{{"dev-1", "2018-04-05T17:31:00Z", `{"temp":21.5}`}}},
		{file: "cloudevents/structured-data-base64.json", as: "application/cloudevents+json", source: "cloudevents", ingest: true, want: []want{{"dev-1", "2018-04-05T17:31:00Z", `{"payload":"03670110056700ff"}`}}},
		{file: "cloudevents/batch.json", as: "application/cloudevents-batch+json", source: "cloudevents", ingest: true, want: []want{{"dev-1", "", `{"temp":21.5}`}, {"dev-2", "", `{"value":"on"}`}}},
		{file: "cloudevents/binary-mode.txt", as: asWhole, source: "cloudevents", ingest: true, want: []want{{"dev-1", "2018-04-05T03:56:24Z", `{"temp":21.5}`}}},
		{file: "ecowitt/easyweather_data.form.txt", as: asForm, source: "ecowitt", ingest: true, want: []want{{"34271334ED1FADA6D8B988B14267E55D", "2020-05-04T14:34:26Z",
			`{"baromabsin":28.583,"baromrelin":28.583,"dailyrainin":0.000,"eventrainin":0.000,"humidity":32,"humidityin":33,"monthlyrainin":0.079,"rainratein":0.000,"solarradiation":205.52,"tempf":70.3,"tempinf":79.0,"uv":2,"weeklyrainin":0.079,"winddir":200,"windgustmph":1.1,"windspeedmph":0.4,"yearlyrainin":0.079}`}}},
		{file: "form/particle.txt", as: asForm, source: "particle", ingest: true, want: []want{{"3f002b000000000000000000", "2017-02-01T21:08:05.763Z", `{"demo":"mydata"}`}}},
		{file: "particle/default-form-request.txt", as: asWhole, source: "particle", ingest: true, want: []want{{"3f002b000000000000000000", "2017-02-01T21:08:05.763Z", `{"demo":"mydata"}`}}},
		{file: "particle/default-json-nested-string.json", source: "particle", ingest: true, want: []want{{"3f002b000000000000000000", "2017-02-01T21:08:05.763Z", `{"room":"kitchen","temp":20}`}}},
		{file: "golioth/inject-metadata.json", source: "golioth", ingest: true, want: []want{{"12345678987654321", "2022-03-18T17:25:08.34651955Z", `{"temp":32}`}}},
		{file: "golioth/webhook-request.txt", as: asWhole, source: "golioth", ingest: true, want: []want{{"12345678987654321", "", `{"temp":32}`}}},
		{file: "helium-console/doc-json-schema-0.txt", source: "helium", ingest: true, want: []want{{"1c29fbd1d2084e21", "", `{"fPort":1,"payload":"48656c6c6f2c20776f726c6421"}`}}}, // its reported_at is a placeholder
		{file: "influx-line/basic.txt", as: asText, source: "influx", ingest: true, want: []want{
			{"weather", "2016-06-13T17:43:50.1004002Z", `{"temperature":82}`}, {"weather", "", `{"humidity":71,"temperature":82}`},
			{"my-measurement", "2019-05-02T16:12:41.098Z", `{"b":true,"f":-1.5e3,"field":"string \"q\" value","i":-5,"u":7}`},
		}},
		{file: "kerlink-wanesy/uplink-actility-sample.json", source: "kerlink", ingest: true, want: []want{{"20635f0108001158", "2019-10-11T08:35:46.959Z", `{"fPort":17,"payload":"0a50f6830000"}`}}},
		{file: "loriot/doc-rx-basic.json", source: "loriot", ingest: true, want: []want{{"0102030405060708", "2016-08-10T17:37:55.433Z", `{"fPort":1,"payload":"0102aabb"}`}}},
		{file: "loriot/uplink-rx-actility-sample.json", source: "loriot", ingest: true, want: []want{{"0011223344556677", "1970-01-01T00:00:00.001Z", `{"fPort":17,"payload":"0a50f6830000"}`}}},
		{file: "multitech/uplink-actility-sample.json", source: "multitech", ingest: true, want: []want{{"008000000000e19a", "2020-03-31T16:21:17.528002Z", `{"fPort":1,"payload":"f834b808668309d1bee3c78934cdd56a2fb30e9b11ef53e7f423c0f6e08e37ce"}`}}},
		{file: "notehub/event-temp.json", source: "notehub", ingest: true, want: []want{{"dev:864475044220000", "2023-06-21T19:48:50.459287Z", `{"count":1,"humidity":44.362686,"pressure":98819.734,"temperature":25.769419,"voltage":3.8789062}`}}},
		{file: "notehub/event-wifi-nested.json", source: "notehub", ingest: true, want: []want{{"dev:4827e2cc7260", "2026-04-20T20:52:02.259774Z", `{"turbidity":{"adc_raw":1300,"reading":167,"value":2.345}}`}}},
		{file: "otlp/logs.json", source: "otlp", ingest: true},
		{file: "otlp/metrics.json", source: "otlp", ingest: true, want: []want{
			{"my.service", "2018-12-13T14:51:00.3Z", `{"my.counter":5}`},
			{"my.service", "2018-12-13T14:51:00.3Z", `{"my.exponential.histogram":{"count":3,"max":5,"min":0,"sum":10}}`},
			{"my.service", "2018-12-13T14:51:00.3Z", `{"my.gauge":10}`},
			{"my.service", "2018-12-13T14:51:00.3Z", `{"my.histogram":{"count":2,"max":2,"min":0,"sum":2}}`},
		}},
		{file: "owntracks/traccar-test-0.json", source: "owntracks", ingest: true, want: []want{{"5t", "2019-03-06T12:21:18Z", `{"acc":15,"alt":440,"batt":46,"lat":46.0681247,"lon":11.1512805,"vac":2,"vel":0}`}}},
		{file: "owntracks/traccar-test-1.json", source: "owntracks", ingest: true, want: []want{{"JJ", "2017-06-13T10:21:56Z", `{"lat":48.85833,"lon":2.29513}`}}},
		{file: "senet/uplink.json", source: "senet", ingest: true, want: []want{{"20635f00c800001f", "2020-04-10T05:40:09.107Z", `{"fPort":17,"payload":"030a99743919cc40d03c61fdd0589630a4751ac63c3786832f14c6b0daf9a98d9ec5"}`}}},
		{file: "senml/actuator.json", as: "application/senml+json", source: "senml", ingest: true, want: []want{{"urn:dev:ow:10e2073a01080063", "", `{"fan":0,"heat":1,"temp":23.1}`}}},
		{file: "senml/collection.json", as: "application/senml+json", source: "senml", ingest: true, want: []want{{"2001:db8::2", "2011-10-31T16:27:09Z", `{"humidity":30,"temperature":25.2}`}, {"2001:db8::1", "2011-10-31T16:27:09Z", `{"humidity":67,"temperature":12.3}`}}},
		{file: "senml/datatypes.json", as: "application/senml+json", source: "senml", ingest: true, want: []want{{"urn:dev:ow:10e2073a01080063", "", `{"label":"Machine Room","nfc-reader":"aGkgCg","open":false,"temp":23.1}`}}},
		{file: "senml/datatypes.senml.cbor.bin", as: "application/senml+cbor", source: "senml", ingest: true, want: []want{{"urn:dev:ow:10e2073a01080063", "", `{"label":"Machine Room","nfc-reader":"aGkgCg","open":false,"temp":23.1}`}}},
		{file: "senml/single.json", as: "application/senml+json", source: "senml", ingest: true, want: []want{{"urn:dev:ow:10e2073a01080063", "", `{"Cel":23.1}`}}},
		{file: "sigfox/test-0.txt", source: "sigfox", ingest: true, want: []want{{"BFE47E", "2020-05-26T12:44:00Z", `{"payload":"10297eb01e621122070000be"}`}}},
		{file: "sigfox/test-1.txt", source: "sigfox", ingest: true, want: []want{{"testdev001", "2020-02-24T16:07:05Z", `{"magChange":true,"magStatus":true,"moving":true,"newPosition":false,"temperature":7.5}`}}},
		{file: "sigfox/test-3.txt", source: "sigfox", ingest: true, want: []want{{"3377BC", "2020-02-27T11:10:50Z", `{"latitude":51.9189749,"longitude":-8.3979322,"magChange":false,"magStatus":false,"moving":false,"newPosition":true,"temperature":-2}`}}},
		{file: "sigfox/batch-line.txt", as: asText, source: "sigfox", want: []want{{"33827B", "2019-11-21T14:31:42Z", `{"payload":"1f03198e63807f08836402ff"}`}}},
		{file: "sigfox/bidir-request.json", source: "sigfox", ingest: true, want: []want{{"33827B", "2019-11-21T14:31:42Z", `{"payload":"1f03198e63807f08836402ff"}`}}},
		{file: "sigfox/callback-get-uplink.txt", as: asLine, source: "sigfox", ingest: true, want: []want{{"33827B", "2019-11-21T14:31:42Z", `{"payload":"1f03198e63807f08836402ff"}`}}},
		{file: "sigfox/data-advanced.json", source: "sigfox", ingest: true, want: []want{{"B92A4", "2020-12-01T07:34:30Z", `{"location":{"latitude":42.92188741630114,"longitude":1.5906386969099215,"radius":30200},"payload":"10297eb01e621122070000be"}`}}},
		{file: "sigfox/service-acknowledge.json", source: "sigfox", ingest: true},
		{file: "soracom/beam-udp-http.json", source: "soracom", ingest: true, header: map[string]string{"X-Soracom-Imsi": "295100000000001", "X-Soracom-Timestamp": "1443571200000"},
			want: []want{{"295100000000001", "2015-09-30T00:00:00Z", `{"temp":21.5}`}}},
		{file: "swarm/hive-webhook.json", source: "swarm", ingest: true, want: []want{{"8654", "2022-11-23T01:28:39Z", `{"payload":"800000637d769501fd0000025a10115b020d"}`}}},
		{file: "traccar-osmand/location-0.json", source: "osmand", ingest: true, want: []want{{"48241179", "2025-06-15T13:45:12.862Z", `{"accuracy":5,"activity":"still","altitude":5,"battery":1,"charging":false,"event":"motionchange","lat":37.4219983,"lon":-122.084,"moving":false,"odometer":0,"speed":0}`}}},
		{file: "tts-v3/doc-uplink_message.json", source: "tts", ingest: true, want: []want{{"dev1", "2020-02-12T15:15:45.787Z", `{"luminosity":0.64,"temperature":1.0}`}}},
		{file: "tts-v3/doc-join_accept.json", source: "tts", ingest: true},
		{file: "tts-v3/doc-downlink_ack.json", source: "tts", ingest: true},
		{file: "tts-v3/doc-downlink_failed.json", source: "tts", ingest: true},
		{file: "wunderground/get-now.txt", as: asLine, source: "wunderground", ingest: true, want: []want{{"X", "", `{"baromin":29.92,"humidity":88,"tempf":41.2}`}}},
		{file: "wunderground/get-updateraw.txt", as: asLine, source: "wunderground", ingest: true, want: []want{{"KCASANFR5", "2000-01-01T10:32:35Z", `{"baromin":29.1,"dewptf":68.2,"humidity":90,"rainin":0,"tempf":70,"winddir":230,"windgustmph":12,"windspeedmph":12}`}}},
	}
	tr := transform.New()
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join(samplesFolder, filepath.FromSlash(tt.file)))
			if err != nil {
				t.Fatal(err)
			}
			request := &transform.Request{Method: "POST", Path: "/api/" + tt.source, Body: text, Header: map[string][]string{"Content-Type": {tt.as}}}
			switch tt.as {
			case "":
				request.Header["Content-Type"] = []string{asJSON}
			case asLine, asWhole:
				request = asHTTP(t, text)
			}
			for name, value := range tt.header {
				request.Header[name] = []string{value}
			}
			source, err := tr.Source(tt.source)
			if err != nil {
				t.Fatal(err)
			}
			out, err := source.Map(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			var got []want
			for _, m := range out.Messages {
				at := ""
				if !m.Time.IsZero() {
					at = m.Time.Format("2006-01-02T15:04:05.999999999Z")
				}
				got = append(got, want{m.DeviceID, at, string(m.Body)})
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(want{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			found, err := tr.Detect(t.Context(), request)
			if tt.ingest && (err != nil || found == nil || found.Name != tt.source) {
				t.Errorf("ingest finds %v, %v", found, err)
			}
		})
	}
}
