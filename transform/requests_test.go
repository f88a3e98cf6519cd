package transform_test

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform"
	"mayfly/transform/message"
)

// Requests in other forms than a JSON body, from their detection to messages.
func TestRequests(t *testing.T) {
	t.Parallel()
	type want struct{ device, time, body string }
	tests := []struct {
		name, source string
		header       map[string]string
		query, body  string
		want         []want
	}{
		{"CloudEvent in binary mode", "cloudevents",
			map[string]string{"Ce-Specversion": "1.0", "Ce-Id": "e-1", "Ce-Source": "/things/pump-3", "Ce-Type": "reading",
				"Ce-Time": "2026-02-03T04:05:06Z", "Content-Type": "application/json"}, "", `{"flow":1.20}`,
			[]want{{"pump-3", "2026-02-03T04:05:06Z", `{"flow":1.20}`}}},
		{"batch of CloudEvents", "cloudevents", map[string]string{"Content-Type": "application/cloudevents-batch+json"}, "",
			`[{"specversion":"1.0","id":"1","source":"/things/a","type":"t","data":{"v":1}},
			{"specversion":"1.0","id":"2","source":"/things/b","type":"t","data":{"v":2}}]`,
			[]want{{"a", "", `{"v":1}`}, {"b", "", `{"v":2}`}}},
		{"SenML in CBOR", "senml", map[string]string{"Content-Type": "application/senml+cbor"}, "",
			"\x81\xa3\x21\x6burn:dev:x:1\x00\x65:temp\x02\xf9\x4d\x60", []want{{"urn:dev:x:1", "", `{"temp":21.5}`}}},
		{"InfluxDB lines", "influx", map[string]string{"Content-Type": "text/plain"}, "precision=s",
			"climate,device_id=hall-2 temperature=21.50,open=t 1770091506\nclimate,device_id=hall-3 temperature=20 1770091506\n",
			[]want{{"hall-2", "2026-02-03T04:05:06Z", `{"open":true,"temperature":21.50}`}, {"hall-3", "2026-02-03T04:05:06Z", `{"temperature":20}`}}},
		{"form of a weather station", "ecowitt", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, "",
			"PASSKEY=0123456789ABCDEF0123456789ABCDEF&stationtype=GW1000_V1.6&dateutc=2026-02-03+04:05:06&tempf=70.30&humidity=32&model=GW1000",
			[]want{{"0123456789ABCDEF0123456789ABCDEF", "2026-02-03T04:05:06Z", `{"humidity":32,"tempf":70.30}`}}},
		{"query of a weather station", "wunderground", nil, "ID=KXXTEST1&PASSWORD=x&dateutc=2026-02-03+04:05:06&tempf=41.20&humidity=88&action=updateraw", "",
			[]want{{"KXXTEST1", "2026-02-03T04:05:06Z", `{"humidity":88,"tempf":41.20}`}}},
	}
	tr := transform.New()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			query, err := url.ParseQuery(tt.query)
			if err != nil {
				t.Fatal(err)
			}
			r := &message.Request{Method: "POST", Path: "/api/" + tt.source, Query: query, Header: map[string][]string{}, Body: []byte(tt.body)}
			for name, value := range tt.header {
				r.Header[name] = []string{value}
			}
			source, err := tr.Detect(t.Context(), r)
			if err != nil || source == nil || source.Name != tt.source {
				t.Fatalf("detected %v, %v", source, err)
			}
			out, err := source.Map(t.Context(), r)
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
		})
	}
}
