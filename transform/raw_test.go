package transform_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"mayfly/transform"
)

// The bytes that a device sent arrive whatever else a body has: as payload, or
// through the codec. What else there is does not stand in their way.
func TestBytesAlwaysArrive(t *testing.T) {
	t.Parallel()
	extras := map[string]any{
		"number": json.Number("710"), "text of a number": "710", "boolean": true, "object": map[string]any{"a": json.Number("1")},
		"list": []any{json.Number("1")},
	}
	names, tested := transform.New().SourceNames(), 0
	for _, name := range names {
		plain, err := transform.New().Source(name)
		if err != nil {
			t.Fatal(err)
		}
		if plain.Definition.Payload.IsZero() || name == "soracom" { // where a second member makes it the device's own object
			continue
		}
		coded := transform.New()
		list := definitions(t, "sources:\n  - {from: "+name+", codec: 'sigfox:first::uint:8'}\n")
		if err := coded.Add("my.yaml", list, fstest.MapFS{}); err != nil {
			t.Fatal(err)
		}
		withCodec, err := coded.Source(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, sample := range plain.Samples {
			var whole map[string]any
			if len(sample.Messages) != 1 || !strings.Contains(sample.Messages[0].Body, `"payload":"`) ||
				json.Unmarshal([]byte(sample.Request.Body), &whole) != nil {
				continue
			}
			var want struct{ Payload string }
			if err := json.Unmarshal([]byte(sample.Messages[0].Body), &want); err != nil || len(want.Payload) < 2 || strings.Contains(want.Payload, " ") {
				continue
			}
			tested++
			for kind, extra := range extras {
				t.Run(name+"/"+sample.Name+"/"+kind, func(t *testing.T) {
					t.Parallel()
					body := maps.Clone(whole)
					body["xExtra"] = extra
					request := sample.Request.Request(name)
					request.Body, _ = json.Marshal(body)
					out, err := plain.Map(t.Context(), request)
					if err != nil || len(out.Messages) != 1 ||
						!strings.Contains(string(out.Messages[0].Body), `"payload":"`+want.Payload+`"`) {
						t.Errorf("got %v, %v; want payload %s", out.Messages, err, want.Payload)
					}
					out, err = withCodec.Map(t.Context(), request)
					if err != nil || len(out.Messages) != 1 || !strings.Contains(string(out.Messages[0].Body), `"first":`) ||
						strings.Contains(string(out.Messages[0].Body), `"payload":`) {
						t.Errorf("with a codec: got %v, %v", out.Messages, err)
					}
				})
			}
		}
	}
	if tested < 20 {
		t.Errorf("%d samples have bytes", tested)
	}
}

// Members that other events of the same sender have do not hide the bytes either.
func TestBytesBesideOtherValues(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, source, codec, body, want string }{
		{"location in an uplink", "chirpstack", "", `{"deviceInfo":{"devEui":"70b3d57ed0051234"},"data":"AQI=","location":{"latitude":1}}`,
			`{"fPort":0,"payload":"0102"}`},
		{"battery level in an uplink", "chirpstack", "", `{"deviceInfo":{"devEui":"70b3d57ed0051234"},"data":"AQI=","batteryLevel":80}`,
			`{"fPort":0,"payload":"0102"}`},
		{"battery level in an uplink", "chirpstack-v3", "", `{"devEUI":"70b3d57ed0051234","data":"AQI=","margin":1,"batteryLevel":80}`,
			`{"fPort":0,"payload":"0102"}`},
		{"a note with bytes", "notehub", "", `{"device":"dev:1","event":"e","file":"a.qo","body":{"n":2},"payload":"AQI="}`,
			`{"n":2,"payload":"0102"}`},
		{"a note with bytes and a codec", "notehub", "sigfox:a::uint:8", `{"device":"dev:1","event":"e","file":"a.qo","body":{"n":2},"payload":"AQI="}`,
			`{"a":1,"n":2}`},
		{"a codec that fails", "notehub", "cayenne", `{"device":"dev:1","event":"e","file":"a.qo","body":{"n":2},"payload":"AQI="}`,
			`{"n":2,"payload":"0102"}`},
		{"decoded by Sigfox, and a codec", "sigfox", "sigfox:a::uint:8", `{"device":"1D00F5","data":"0102","customData":{"t":1}}`, `{"t":1}`},
		{"other values and a codec", "sigfox", "sigfox:a::uint:8", `{"device":"1D00F5","data":"0102","country":"710","ok":true}`,
			`{"a":1,"country":710,"ok":true}`},
		{"a location and a number", "sigfox", "", `{"device":"1D00F5","data":"0102","n":1,"computedLocation":{"lat":1.5,"lng":2.5,"status":1}}`,
			`{"location":{"latitude":1.5,"longitude":2.5},"n":1,"payload":"0102"}`},
		{"no bytes", "sigfox", "", `{"device":"1D00F5","time":1740000000,"data":"","n":1}`, `{"n":1}`},
		{"nothing but an empty frame", "sigfox", "", `{"device":"1D00F5","time":1740000000,"data":""}`, `{"payload":""}`},
		{"a reading and bytes and a codec", "proximus", "sigfox:a::uint:8", `{"DevEUI":"70B3D5E75E00A1B2","container":"c","value":"4.5","payload":"0A"}`,
			`{"a":10,"c":4.5}`},
	}
	for _, tt := range tests {
		t.Run(tt.source+"/"+tt.name, func(t *testing.T) {
			t.Parallel()
			tr := transform.New()
			if tt.codec != "" {
				if err := tr.Add("my.yaml", definitions(t, "sources:\n  - {from: "+tt.source+", codec: '"+tt.codec+"'}\n"), fstest.MapFS{}); err != nil {
					t.Fatal(err)
				}
			}
			source, err := tr.Source(tt.source)
			if err != nil {
				t.Fatal(err)
			}
			out, err := source.Map(t.Context(), transform.SampleRequest{Body: tt.body}.Request(tt.source))
			if err != nil || len(out.Messages) != 1 || string(out.Messages[0].Body) != tt.want {
				t.Errorf("got %v, %v; want %s", out.Messages, err, tt.want)
			}
		})
	}
}
