package codec_test

import (
	"encoding/json"
	"strings"
	"testing"

	"mayfly/transform/codec"
)

// A device that keeps a log sends several readings in one uplink. However its
// decoder writes them, each keeps its time.
func TestReadings(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, result, want string }{
		{"Datacake, two times", `[{field: "TEMP", value: 20.5, timestamp: 1773482400}, {field: "TEMP", value: 21.5, timestamp: 1773486000}]`,
			`2026-03-14T10:00:00Z {"TEMP":20.5} 2026-03-14T11:00:00Z {"TEMP":21.5}`},
		{"Datacake, by field", `[{field: "T", value: 1, timestamp: 1773482400}, {field: "T", value: 2, timestamp: 1773486000},
			{field: "H", value: 3, timestamp: 1773482400}, {field: "H", value: 4, timestamp: 1773486000}]`,
			`2026-03-14T10:00:00Z {"H":3,"T":1} 2026-03-14T11:00:00Z {"H":4,"T":2}`},
		{"newest first stays first", `[{field: "T", value: 2, timestamp: 1773486000}, {field: "T", value: 1, timestamp: 1773482400}]`,
			`2026-03-14T11:00:00Z {"T":2} 2026-03-14T10:00:00Z {"T":1}`},
		{"one time", `[{field: "T", value: 1, timestamp: 1773482400}, {field: "H", value: 3, timestamp: 1773482400}]`,
			`2026-03-14T10:00:00Z {"H":3,"T":1}`},
		{"no time", `[{field: "T", value: 1}, {field: "H", value: 3}]`, `- {"H":3,"T":1}`},
		{"no time, a value twice", `[{field: "T", value: 1}, {field: "T", value: 3}]`, `- {"T":1} - {"T":3}`},
		{"some without a time", `[{field: "BATT", value: 3.6}, {field: "T", value: 1, timestamp: 1773482400}]`,
			`- {"BATT":3.6} 2026-03-14T10:00:00Z {"T":1}`},
		{"milliseconds", `[{field: "T", value: 1, timestamp: 1773482400250}]`, `2026-03-14T10:00:00.25Z {"T":1}`},
		{"RFC 3339", `[{field: "T", value: 1, timestamp: "2026-03-14T11:00:00+01:00"}]`, `2026-03-14T10:00:00Z {"T":1}`},
		{"a text of digits", `[{field: "T", value: 1, timestamp: "1773482400"}]`, `2026-03-14T10:00:00Z {"T":1}`},
		{"a Date", `[{field: "T", value: 1, timestamp: new Date(1773482400000)}]`, `2026-03-14T10:00:00Z {"T":1}`},
		{"a time that is none", `[{field: "T", value: 1, timestamp: 0}, {field: "H", value: 1, timestamp: null}, {field: "U", value: 1, timestamp: "x"}]`,
			`- {"H":1,"T":1,"U":1}`},
		{"a value that is none", `[{field: "T", value: null, timestamp: 1773482400}, {field: "H", value: 1, timestamp: 1773486000}]`,
			`2026-03-14T11:00:00Z {"H":1}`},
		{"TagoIO", `[{variable: "t", value: 1, unit: "C", time: "2026-03-14T10:00:00Z"}, {variable: "at", location: {lat: 1}, time: "2026-03-14T11:00:00Z"}]`,
			`2026-03-14T10:00:00Z {"t":1} 2026-03-14T11:00:00Z {"at":{"lat":1}}`},
		{"ThingsBoard", `[{ts: 1773482400000, values: {t: 1, h: 2}}, {ts: 1773486000000, values: {t: 3}}]`,
			`2026-03-14T10:00:00Z {"h":2,"t":1} 2026-03-14T11:00:00Z {"t":3}`},
		{"objects with times", `[{timestamp: 1773482400, t: 1, h: 2}, {timestamp: 1773486000, t: 3}]`,
			`2026-03-14T10:00:00Z {"h":2,"t":1} 2026-03-14T11:00:00Z {"t":3}`},
		{"one of the objects without", `[{t: 1}, {time: "2026-03-14T10:00:00Z", t: 3}]`, `- {"t":1} 2026-03-14T10:00:00Z {"t":3}`},
		{"objects without", `[{t: 1}, {t: 3}]`, ""},
		{"times of the device's own", `[{time: 5, t: 1}, {time: 10, t: 3}]`, ""},
		{"numbers", `[1, 2]`, ""},
		{"a field that is no text", `[{field: 1, value: 2}]`, ""},
		{"nothing", `[]`, ""},
		{"an object", `{t: 1}`, `- {"t":1}`},
	}
	for _, tt := range tests {
		for form, script := range map[string]string{
			"Decoder": "function Decoder() { return " + tt.result + " }", "decodeUplink": "function decodeUplink() { return {data: " + tt.result + "} }",
		} {
			t.Run(tt.name+"/"+form, func(t *testing.T) {
				t.Parallel()
				decoder, err := codec.New("x.js", []byte(script))
				if err != nil {
					t.Fatal(err)
				}
				out, err := decoder.Decode(t.Context(), codec.Uplink{})
				var got strings.Builder
				for _, r := range out.Readings() {
					at := "-"
					if !r.Time.IsZero() {
						at = r.Time.Format("2006-01-02T15:04:05.999999999Z07:00")
					}
					text, _ := json.Marshal(r.Data)
					got.WriteString(" " + at + " " + string(text))
				}
				if strings.TrimSpace(got.String()) != tt.want {
					t.Errorf("got %s, want %s (%v)", got.String(), tt.want, err)
				}
				if (err != nil) != (tt.want == "" && tt.name != "nothing") {
					t.Errorf("error %v", err)
				}
			})
		}
	}
}

func TestReadingsAreBounded(t *testing.T) {
	t.Parallel()
	decoder, err := codec.New("x.js", []byte(`function Decoder() { var l = [];
		for (var i = 0; i < 1001; i++) l.push({field: "t", value: i, timestamp: 1773482400 + i}); return l }`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decoder.Decode(t.Context(), codec.Uplink{}); err == nil || !strings.Contains(err.Error(), "1001 readings") {
		t.Errorf("got %v", err)
	}
}
