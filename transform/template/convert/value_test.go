package convert_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mayfly/transform/message"
	"mayfly/transform/template/convert"
	"mayfly/transform/template/dtdl"
)

// TestInstances: what fits a schema is what Azure's own parser takes for an
// instance of it.
func TestInstances(t *testing.T) {
	t.Parallel()
	for kind, tt := range map[dtdl.Kind]struct{ fit, not string }{
		dtdl.Boolean: {`true false`, `1 0 "true" null [] {}`},
		dtdl.Byte:    {`0 -0 127 -128`, `128 -129 1.0 1e0 "1" true null`},
		dtdl.Short:   {`32767 -32768`, `32768 -32769 0.5`},
		dtdl.Integer: {
			fit: `3 -2 0 -0 2147483647 -2147483648`,
			not: `0.44 0.0 -0.0 2147483648 -2147483649 "3" true null [3] {"value":3} 1e2`,
		},
		dtdl.Long:            {`9223372036854775807 -9223372036854775808`, `9223372036854775808 -9223372036854775809 3.0`},
		dtdl.UnsignedByte:    {`0 255 -0`, `256 -1`},
		dtdl.UnsignedShort:   {`65535`, `65536 -1`},
		dtdl.UnsignedInteger: {`4294967295`, `4294967296 -1`},
		dtdl.UnsignedLong:    {`18446744073709551615`, `18446744073709551616 -1`},
		dtdl.Float: {
			fit: `3 -0.33 3.402823E+38 -3.402823E+38 0.1234567890123456789`,
			not: `3.402824E+38 -3.402824E+38 "3.14" true null`,
		},
		dtdl.Double: {
			fit: `3 -2 0.44 -0.0 1.79769313486231E+308 1e-400`,
			not: `1.79769313486233E+308 1e400 "3.14" null [3.14]`,
		},
		dtdl.Decimal: {
			fit: `"0" "+0" "-0" "123" "0." "1.00" "-1.5" "1234567890123456789012345678901234567890.5"`,
			not: `"00" "01" "0x1" "" ".5" 1 null "1e5"`,
		},
		dtdl.String: {`"" "x" "\u00e9"`, `1 true null [] {}`},
		dtdl.UUID: {
			fit: `"F1C43C38-AEAE-4B7B-9FDC-E36F8B015B99" "00a185be-a3a4-465a-9dac-cfa24bc7b923"`,
			not: `"089019F4-9B7B-4078-9F48" "49391e78a02c4e8cacf021afa041bc82"
				"{c2475401-c02f-4ff6-a865-37585110001f}" "" 1`,
		},
		dtdl.Bytes: {`"" "SGVsbG8=" "2+1=" "2/1="`, `"SGVsbG8" "2-1=" "2*1=" "SGVs=" "SGVs==" 1 null`},
		dtdl.Date: {
			fit: `"0001-01-01" "9999-12-31" "2024-02-29"`,
			not: `"2023-02-29" "80-01-01" "1980-13-01" "1980-01-01T00:00:00Z" "1980-1-1" 1`,
		},
		dtdl.DateTime: {
			fit: `"0001-01-01T00:00:00Z" "9999-12-31T23:59:59Z" "1980-01-01T06:00:00.00015Z"
				"1980-01-01T06:00:00-00:00" "1965-12-31T06:00:00.1234+11:00"`,
			not: `"1980-01-01T00:00:60Z" "1980-01-01T24:00:00Z" "1980-01-01T06:00Z" "1980-01-01" "1980-01-01T06:00:00"
				"1965-12-31T06:00:00+11" "1980-01-01t06:00:00z" 1 true`,
		},
		dtdl.Time: {
			fit: `"00:00:00Z" "23:59:59Z" "06:00:00.00015Z" "06:00:00+11:45"`,
			not: `"00:00:60Z" "24:00:00Z" "06:00Z" "06:00:00" "06:00:00.Z" "06:00:00+1145" 1`,
		},
		dtdl.Duration: {
			fit: `"P3Y6M4DT8H9M5S" "P2W4DT9M5S" "P3Y" "PT0.001S" "P3Y6M4DT8.00134H" "P3.4W" "P0D" "PT389999M15S"
				"P3W5D"`,
			not: `"P" "PT" "P3Y2W" "P1Y3W" "P6M3Y" "PT5S9M" "P3.0Y6M" "P8H" "PT.001S" "P3Y6M4DT" "15" "-PT5S" "pt5s"
				15`,
		},
		dtdl.Point: {
			fit: `{"type":"Point","coordinates":[47.643742,-122.128014]}
				{"coordinates":[1,2,3],"type":"Point","bbox":[1]}`,
			not: `{"type":"Polygon","coordinates":[1,2]} {"type":"Point","coordinates":[1]} {"type":"Point"} [1,2]
				"1,2" 1`,
		},
		dtdl.LineString: {
			fit: `{"type":"LineString","coordinates":[[1,2],[3,4]]}`,
			not: `{"type":"LineString","coordinates":[1,2]} {"coordinates":[[1,2]]} []`,
		},
		dtdl.Polygon: {
			fit: `{"type":"Polygon","coordinates":[[[1,2],[3,4],[5,6],[1,2]]]}`,
			not: `{"type":"Polygon","coordinates":[[1,2]]} "x"`,
		},
		dtdl.MultiPolygon: {
			fit: `{"type":"MultiPolygon","coordinates":[[[[1,2],[3,4],[5,6],[1,2]]]]}`,
			not: `{"type":"MultiPolygon","coordinates":[[["1",2]]]}`,
		},
		dtdl.Geopoint: {
			fit: `{"lat":1,"lon":2} {"lon":2,"lat":1,"alt":3}`,
			not: `{"lat":1} {"lat":1,"lon":2,"alt":null} {"lat":"1","lon":2} {"latitude":1,"longitude":2}
				{"lat":1,"lon":2,"acc":3} [1,2] "1,2"`,
		},
		dtdl.Vector: {`{"x":1,"y":2,"z":3}`, `{"x":1,"y":2} {"X":1,"y":2,"z":3} {"x":1,"y":2,"z":3,"w":4} [1,2,3]`},
		dtdl.Any:    {`1 "x" null {}`, ``},
		dtdl.MultiPoint: {
			fit: `{"type":"MultiPoint","coordinates":[[1,2]]}`,
			not: `{"type":"MultiPoint","coordinates":[[1]]}`,
		},
		dtdl.MultiLineString: {
			fit: `{"type":"MultiLineString","coordinates":[[[1,2],[3,4]]]}`,
			not: `{"type":"MultiLineString","coordinates":{}}`,
		},
	} {
		s := &dtdl.Schema{Kind: kind}
		for raw := range strings.FieldsSeq(tt.fit) {
			var w convert.Walk
			if out := w.Value(s, []byte(raw)); out != nil || found(&w) > 0 {
				t.Errorf("%s does not take %s: %+v", kind, raw, w)
			}
		}
		for raw := range strings.FieldsSeq(tt.not) {
			var w convert.Walk
			if w.Value(s, []byte(raw)); found(&w) == 0 {
				t.Errorf("%s takes %s as it is", kind, raw)
			}
		}
	}
}

// TestChanges: what a value becomes that does not fit; nothing where it stays.
func TestChanges(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind      dtdl.Kind
		raw, want string
	}{
		{dtdl.Decimal, `12.50`, `"12.50"`},
		{dtdl.Decimal, `1.25e3`, `"1250"`},
		{dtdl.Decimal, `-1.25e-3`, `"-0.00125"`},
		{dtdl.Decimal, `1e500`, ``},
		{dtdl.Decimal, `"012"`, ``},
		{dtdl.Double, `".5"`, `0.5`},
		{dtdl.Double, `"5."`, `5`},
		{dtdl.Double, `"-007"`, `-7`},
		{dtdl.Double, `"+1E+5"`, `1E+5`},
		{dtdl.Double, `"1_000"`, ``},
		{dtdl.Double, `"1e"`, ``},
		{dtdl.Double, `"1e+-5"`, ``},
		{dtdl.Double, `""`, ``},
		{dtdl.Double, `"-"`, ``},
		{dtdl.Double, `"."`, ``},
		{dtdl.Double, `"inf"`, ``},
		{dtdl.Double, `"1e999"`, ``},
		{dtdl.Double, `true`, ``},
		{dtdl.Float, `"3.402824E+38"`, ``},
		{dtdl.Byte, `"-128.0"`, `-128`},
		{dtdl.Byte, `"128"`, ``},
		{dtdl.Byte, `1e7000000000`, ``},
		{dtdl.Byte, `"1e-7000000000"`, ``},
		{dtdl.UnsignedByte, `2.55e2`, `255`},
		{dtdl.UnsignedByte, `-0.0`, `0`},
		{dtdl.UnsignedLong, `1.8446744073709551615e19`, `18446744073709551615`},
		{dtdl.UnsignedLong, `1.8446744073709551616e19`, ``},
		{dtdl.Boolean, `1.0`, `true`},
		{dtdl.Boolean, `0e5`, `false`},
		{dtdl.Boolean, `-1`, ``},
		{dtdl.Boolean, `"1.0"`, `true`},
		{dtdl.Boolean, `"00"`, `false`},
		{dtdl.Boolean, `1e7000000000`, ``},
		{dtdl.Boolean, `"0x1"`, ``},
		{dtdl.Boolean, `" On "`, `true`},
		{dtdl.Boolean, `"open"`, ``},
		{dtdl.DateTime, `0`, `"1970-01-01T00:00:00Z"`},
		{dtdl.DateTime, `1.7e9`, `"2023-11-14T22:13:20Z"`},
		{dtdl.DateTime, `1700000000000000`, `"2023-11-14T22:13:20Z"`},
		{dtdl.DateTime, `1700000000123456789`, `"2023-11-14T22:13:20.123456789Z"`},
		{dtdl.DateTime, `1700000000123.456`, `"2023-11-14T22:13:20.123456Z"`},
		{dtdl.DateTime, `-1`, `"1969-12-31T23:59:59Z"`},
		{dtdl.DateTime, `-0.25`, `"1969-12-31T23:59:59.75Z"`},
		{dtdl.DateTime, `"-1700000000123"`, `"1916-02-18T01:46:39.877Z"`},
		{dtdl.DateTime, `-0.0`, `"1970-01-01T00:00:00Z"`},
		{dtdl.DateTime, `-99999999999`, ``},
		{dtdl.DateTime, `"2026-01-31T08:30Z"`, `"2026-01-31T08:30:00Z"`},
		{dtdl.DateTime, `"2026-01-31 08:30+01:00"`, `"2026-01-31T08:30:00+01:00"`},
		{dtdl.DateTime, `"20260131T083000Z"`, `"2026-01-31T08:30:00Z"`},
		{dtdl.DateTime, `"Sat, 31 Jan 2026 08:30:00 +0100"`, `"2026-01-31T07:30:00Z"`},
		{dtdl.DateTime, `"20260131T083000.1234567891Z"`, ``},
		{dtdl.DateTime, `"20161231T235960Z"`, ``},
		{dtdl.Date, `"2026/1/31"`, `"2026-01-31"`},
		{dtdl.Date, `" 2026.01.31 "`, `"2026-01-31"`},
		{dtdl.Date, `"31.01.2026"`, ``},
		{dtdl.Date, `"2026/02/30"`, ``},
		{dtdl.Date, `"2026-01-31T08:30:00Z"`, ``},
		{dtdl.Date, `1769848200`, ``},
		{dtdl.Time, `"8:30:00"`, `"08:30:00Z"`},
		{dtdl.Time, `"08:30"`, `"08:30:00Z"`},
		{dtdl.Time, `"t08:30:00,50+01"`, `"08:30:00.50+01:00"`},
		{dtdl.Time, `"24:00"`, ``},
		{dtdl.Time, `"8:30 PM"`, ``},
		{dtdl.Time, `30600`, ``},
		{dtdl.DateTime, `"2026-01-31t08:30:00z"`, `"2026-01-31T08:30:00Z"`},
		{dtdl.DateTime, `"2026-01-31T08:30:00"`, `"2026-01-31T08:30:00Z"`},
		{dtdl.DateTime, `"2026-01-31 08:30:00 UTC"`, `"2026-01-31T08:30:00Z"`},
		{dtdl.DateTime, `"2026-01-31T08:30:00,125+01"`, `"2026-01-31T08:30:00.125+01:00"`},
		{dtdl.DateTime, `"2020-0327T12:39:05Z"`, `"2020-03-27T12:39:05Z"`},
		{dtdl.DateTime, `"2026-01-31"`, `"2026-01-31T00:00:00Z"`},
		{dtdl.DateTime, `"2026-01-31 08:30:00 PM"`, ``},
		{dtdl.DateTime, `"2016-12-31T23:59:60Z"`, ``},
		{dtdl.DateTime, `"31/01/2026 08:30:00"`, ``},
		{dtdl.Duration, `0`, `"PT0S"`},
		{dtdl.Duration, `90.50`, `"PT90.50S"`},
		{dtdl.Duration, `1e-3`, `"PT0.001S"`},
		{dtdl.Duration, `"1:30"`, ``},
		{dtdl.Duration, `-0.0`, `"PT0.0S"`},
		{dtdl.Duration, `"pt1,5s "`, `"PT1.5S"`},
		{dtdl.Duration, `"-PT5S"`, ``},
		{dtdl.Duration, `-0.5`, ``},
		{dtdl.Duration, `1e500`, ``},
		{dtdl.String, `1`, ``},
		{dtdl.UUID, `"49391e78a02c4e8cacf021afa041bc82"`, ``},
		{dtdl.Geopoint, `{"LAT":1,"Lng":2}`, `{"lat":1,"lon":2}`},
		{dtdl.Geopoint, `{ "lat" : "1.50" , "lon" : 2 }`, `{ "lat" : 1.50 , "lon" : 2 }`},
		{dtdl.Geopoint, `{"lat":1,"latitude":2,"lon":3}`, ``},
		{dtdl.Geopoint, `[1,2,3]`, `{"lat":2,"lon":1,"alt":3}`},
		{dtdl.Geopoint, `[1,2,3,4]`, ``},
		{dtdl.Geopoint, `[1]`, ``},
		{dtdl.Geopoint, `[1,null]`, ``},
		{dtdl.Geopoint, `"1;2"`, ``},
		{dtdl.Geopoint, `"-90,-180.0"`, `{"lat":-90,"lon":-180.0}`},
		{dtdl.Geopoint, `"-90.1,0"`, ``},
		{dtdl.Geopoint, `{"type":"LineString","coordinates":[1,2]}`, ``},
		{dtdl.Point, `"1,2,3"`, `{"type":"Point","coordinates":[2,1,3]}`},
		{dtdl.Point, `{"latitude":1.0,"longitude":2,"altitude":"3"}`, `{"type":"Point","coordinates":[2,1.0,3]}`},
		{dtdl.Point, `{"latitude":1,"longitude":2,"accuracy":3}`, ``},
		{dtdl.Point, `{"type":"point","coordinates":["8.50",47.1]}`, `{"type":"Point","coordinates":[8.50,47.1]}`},
		{dtdl.Point, `{"coordinates":[8.5,47.1]}`, `{"type":"Point","coordinates":[8.5,47.1]}`},
		{dtdl.Point, `{"type":"Polygon","coordinates":[8.5,47.1]}`, ``},
		{dtdl.Geopoint, `{"type":"point","coordinates":[8.5,47.1,408]}`, `{"lat":47.1,"lon":8.5,"alt":408}`},
		{dtdl.LineString, `[[1,2],[3,4]]`, ``},
		{dtdl.Vector, `{"X":1,"Y":"2","Z":3}`, `{"x":1,"y":2,"z":3}`},
	} {
		var w convert.Walk
		out := string(w.Value(&dtdl.Schema{Kind: tt.kind}, []byte(tt.raw)))
		if out != tt.want {
			t.Errorf("%s: %s became %q, want %q", tt.kind, tt.raw, out, tt.want)
		}
		if out == "" && w.Wrong.Len()+w.Unknown.Len() == 0 {
			t.Errorf("%s: %s is not told", tt.kind, tt.raw)
		}
	}
}

// TestFindingsHoldNoValues: an error goes to logs, where no measurement belongs.
func TestFindingsHoldNoValues(t *testing.T) {
	t.Parallel()
	for kind := range dtdl.Array {
		for _, raw := range []string{`"s3cret"`, `31337.5e99`, `{"s3cret":31337}`, `["s3cret"]`} {
			var w convert.Walk
			w.Value(&dtdl.Schema{Kind: kind}, []byte(raw))
			for _, f := range slices.Concat(w.Wrong.Items, w.Unknown.Items, w.Changes.Items) {
				if strings.Contains(f.Hint, "s3cret") || strings.Contains(f.Hint, "31337") {
					t.Errorf("%s: the hint %q holds the value", kind, f.Hint)
				}
			}
		}
	}
}

func TestRequiredFields(t *testing.T) {
	t.Parallel()
	double := &dtdl.Schema{Kind: dtdl.Double}
	s := &dtdl.Schema{Kind: dtdl.Object, Required: true, Fields: []dtdl.Field{
		{Name: "x", Schema: double, Required: true}, {Name: "y", Schema: double, Required: true},
		{Name: "note", Schema: double},
	}}
	for raw, want := range map[string]string{
		`{"x":1,"y":2}`: "", `{"X":1,"y":2}`: "", `{"x":1}`: "y", `{"x":1,"x":2}`: "y", `{}`: "x y", `{"note":1}`: "x y",
	} {
		var w convert.Walk
		w.Value(s, []byte(raw))
		var got []string
		for _, f := range w.Wrong.Items {
			got = append(got, f.Path)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: missing %q, want %q", raw, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"temperature", "humidity", "battery", "co2"}
	for name, want := range map[string]string{
		"temprature": "temperature", "Temperatur": "temperature", "humidty": "humidity", "bat": "", "C02": "co2", "": "",
		"temp" + "reature": "temperature", "c2o": "co2", "htumidity": "humidity", "oc2": "co2",
		"pressure": "", strings.Repeat("x", 1000): "", "tempéraİure": "temperature",
	} {
		n := convert.Nearest{Name: name}
		for _, known := range names {
			n.Try(known)
		}
		if n.Found != want {
			t.Errorf("nearest to %.20q is %q, want %q", name, n.Found, want)
		}
	}
}

func TestFindingsAreBounded(t *testing.T) {
	t.Parallel()
	var w convert.Walk
	s := &dtdl.Schema{Kind: dtdl.Array, Element: &dtdl.Schema{Kind: dtdl.Double}}
	w.Value(s, []byte("["+strings.Repeat(`"x",`, 999)+`"x"]`))
	if len(w.Wrong.Items) != convert.MaxFindings || w.Wrong.Len() != 1000 {
		t.Errorf("%d findings are told of %d", len(w.Wrong.Items), w.Wrong.Len())
	}
}

func found(w *convert.Walk) int { return w.Wrong.Len() + w.Unknown.Len() + w.Changes.Len() }

// TestTimes: a dateTime is made of every form of a time that a timestamp may have.
func TestTimes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"1700000000", "1700000000.5", "1700000000123", "1700000000123456", "1700000000123456789",
		"2026-01-31T08:30:00Z", "2026-01-31t08:30:00z", "2026-01-31 08:30:00+01:00", "2026-01-31 08:30:00",
		"2026/01/31 08:30:00", "2026-1-31 8:5:9", "2026-01-31T08:30:00+0100", "2026-01-31T08:30:00+01",
		"2026-01-31T08:30:00,5", "2026-01-31 08:30:00 UTC", "2026-01-31 08:30:00 GMT",
		"2026-01-31+08:30:00", "2020-0327T12:39:05Z", "2026-01-31 08: 30: 00", "2026-01-31T08:30Z", "2026-01-31 08:30",
		"2026.01.31 08:30:00", "20260131T083000Z", "20260131T0830+0100", "2026-01-31",
		"2026-01-31T08:30:00+01:00[Europe/Berlin]", "2026-01-31T24:00:00Z", "Sat, 31 Jan 2026 08:30:00 GMT",
		"Saturday, 31-Jan-26 08:30:00 GMT", "Sat Jan 31 08:30:00 2026", "Sat Jan 31 2026 08:30:00 GMT+0100 (CET)",
		"-1", "-0.5", "1.7698482e9",
	} {
		want, err := message.ParseTime(text, message.Zone{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var w convert.Walk
		quoted := `"` + text + `"`
		out := w.Value(&dtdl.Schema{Kind: dtdl.DateTime}, []byte(quoted))
		if out == nil {
			out = []byte(quoted)
		}
		if got, err := time.Parse(`"`+time.RFC3339+`"`, string(out)); err != nil || !got.Equal(want) {
			t.Errorf("%s became %s, want %s", text, out, want)
		}
	}
}
