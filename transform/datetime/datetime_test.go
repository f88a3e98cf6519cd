package datetime_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"mayfly/transform/datetime"
	"mayfly/transform/message"
)

func TestRead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ pattern, text, want string }{
		{"2-digit-year", "26-03-14 09:26:53", "2026-03-14T09:26:53Z"}, // RockBLOCK
		{"2-digit-year", "26/3/4 9:05", "2026-03-04T09:05:00Z"},
		{"2-digit-year", "69-03-14 09:26:53", "1969-03-14T09:26:53Z"},
		{"2-digit-year", "68-03-14", "2068-03-14T00:00:00Z"},
		{"2-digit-year", "260314092653", "2026-03-14T09:26:53Z"},
		{"2-digit-year", "260314", "2026-03-14T00:00:00Z"},
		{"2-digit-year", "2026-03-14 09:26:53", "2026-03-14T09:26:53Z"},
		{"2-digit-year", "2026-03-14T09:26:53+01:00", "2026-03-14T08:26:53Z"},
		{"2-digit-year", "26-13-14 09:26:53", ""},
		{"2-digit-year", "6-03-14", ""},
		{"2-digit-year", "20260314", ""}, // 8 digits: not of the pattern, and no epoch
		{"2-digit-year", "1773480413", "2026-03-14T09:26:53Z"},
		{"month-first", "6/18/2016 7:39:01 PM", "2016-06-18T19:39:01Z"}, // Monnit
		{"month-first", "06/18/2016 12:00:00 AM", "2016-06-18T00:00:00Z"},
		{"month-first", "06/18/2016 12:00 pm", "2016-06-18T12:00:00Z"},
		{"month-first", "06-18-2016", "2016-06-18T00:00:00Z"},
		{"month-first", "06182016", "2016-06-18T00:00:00Z"},
		{"month-first", "18/06/2016 07:39:01", ""},
		{"month-first", "6/18/16 7:39", ""},
		{"month-first 2-digit-year", "6/18/16 7:39", "2016-06-18T07:39:00Z"},
		{"month-first, 12-hour", "6/18/2016 7:39:01.250 p.m.", "2016-06-18T19:39:01.25Z"},
		{"month-first 12-hour", "6/18/2016 19:39:01", ""},
		{"month-first 12-hour", "6/18/2016 13:39:01 PM", ""},
		{"month-first 12-hour", "6/18/2016 0:39:01 AM", ""},
		{"month-first 12-hour", "6/18/2016 7 PM", "2016-06-18T19:00:00Z"},
		{"day-first", "14/03/2026 09:27:00 GMT", "2026-03-14T09:27:00Z"}, // Globalstar
		{"day-first", "14.03.2026 09:27", "2026-03-14T09:27:00Z"},
		{"day-first", "14-03-2026T09:27:00,5+01:00", "2026-03-14T08:27:00.5Z"},
		{"day-first", "14/03/2026 09:27:00 +0100", "2026-03-14T08:27:00Z"},
		{"day-first", "14.3.2026, 9:27:01 PM", "2026-03-14T21:27:01Z"},
		{"day-first", "14032026 092700", "2026-03-14T09:27:00Z"},
		{"day-first", "03/14/2026", ""},
		{"day-first", "30/02/2026", ""},
		{"day-first 2-digit-year", "140326 092653", "2026-03-14T09:26:53Z"}, // NMEA
		{"day-first 2-digit-year", "140326092653", "2026-03-14T09:26:53Z"},
		{"day-first 2-digit-year", "14.03.26", "2026-03-14T00:00:00Z"},
		{"DAY-FIRST", "14/03/2026", "2026-03-14T00:00:00Z"},
		{"12-hour", "2026-03-14 09:26:53 PM", "2026-03-14T21:26:53Z"},
		{"12-hour", "2026-03-14 9:26 am +01:00", "2026-03-14T08:26:00Z"},
		{"12-hour", "Mar 14, 2026 9:26:53 PM", "2026-03-14T21:26:53Z"},
		{"12-hour", "14 March 2026 9:26:53PM", "2026-03-14T21:26:53Z"},
		{"12-hour", "Sat, 14 Mar 2026 09:26 PM UTC", "2026-03-14T21:26:00Z"},
		{"12-hour", "2026-03-14 09:26:53", ""}, // which half?
		{"12-hour", "2026-03-14", ""},
		{"12-hour", "1773480413", "2026-03-14T09:26:53Z"},
		{"2-digit-year day-first", "14-Mar-26 09:26:53", "2026-03-14T09:26:53Z"},
		{"2-digit-year", "26-Mar-14", "2026-03-14T00:00:00Z"},
		{"day-first", "now", ""},
		{"day-first", "", ""},
		{"day-first", strings.Repeat("1/", 100), ""},
		{"day-first", "14/03/2026 25:00:00", ""},
		{"day-first", "14/03/2026 09:27:00 CET", ""},
		{"day-first", "14/03/2026\u00a009:27", ""},
	} {
		p, err := datetime.ParsePattern(tt.pattern)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
			continue
		}
		got, err := p.Read(tt.text, message.Zone{})
		text := got.Format(time.RFC3339Nano)
		if err != nil {
			text = ""
		}
		if text != tt.want {
			t.Errorf("%s: %q is %q, want %q (%v)", tt.pattern, tt.text, text, tt.want, err)
		}
	}
	berlin, err := message.ParseZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	p, _ := datetime.ParsePattern("day-first")
	if got, err := p.Read("14/07/2026 09:27", berlin); err != nil || got.Hour() != 7 {
		t.Errorf("in Berlin it is %v, %v", got, err)
	}
	for pattern, want := range map[string]string{
		"": "no words", "day-frist": `"day-frist" is not a unit or a pattern`, "day-first month-first": "either",
		"sec": "is not a unit",
	} {
		if _, err := datetime.ParsePattern(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", pattern, err, want)
		}
	}
}

func TestObject(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"year":2026,"month":3,"day":14,"hour":9,"minute":26,"second":53}`:               "2026-03-14T09:26:53Z",
		`{"year":2026,"month":3,"day":14}`:                                                "2026-03-14T00:00:00Z",
		`{"year":"2026","month":"03","day":"14","hour":"9"}`:                              "2026-03-14T09:00:00Z",
		`{"year":2026,"month":3,"day":14,"hours":9,"minutes":26,"seconds":5,"nanos":5e8}`: "",
		`{"year":2026,"month":3,"day":14,"hours":9,"seconds":5,"nanos":500000000}`:        "2026-03-14T09:00:05.5Z",
		`{"year":2026,"month":3,"day":14,"second":53.25}`:                                 "2026-03-14T00:00:53.25Z",
		`{"Year":2026,"Month":3,"Day":14,"Millisecond":7}`:                                "2026-03-14T00:00:00.007Z",
		`{"date":{"year":2026,"month":3,"day":14},"time":{"hours":9,"minutes":26}}`:       "2026-03-14T09:26:00Z",
		`{"year":2026,"month":3,"day":14,"hour":9,"timezone":"+01:00"}`:                   "2026-03-14T08:00:00Z",
		`{"year":2026,"month":3,"day":14,"hour":9,"timezone":{"id":"x"}}`:                 "",
		`{"year":2026,"month":3,"day":14,"hour":9,"minute":null,"timezone":"Mars"}`:       "",
		`{"seconds":1773480413,"nanos":500000000}`:                                        "2026-03-14T09:26:53.5Z",
		`{"_seconds":1773480413,"_nanoseconds":7}`:                                        "2026-03-14T09:26:53.000000007Z",
		`{"seconds":"1773480413"}`:                                                        "2026-03-14T09:26:53Z",
		`{"$date":"2026-03-14T09:26:53Z"}`:                                                "2026-03-14T09:26:53Z",
		`{"$date":1773480413000}`:                                                         "2026-03-14T09:26:53Z",
		`{"$date":{"$numberLong":"1773480413000"}}`:                                       "2026-03-14T09:26:53Z",
		`{"$date":{}}`:                      "",
		`{"year":2026,"month":13,"day":14}`: "",
		`{"year":2026,"month":3}`:           "",
		`{"year":2026,"month":3,"day":-1}`:  "",
		`{"year":2026,"month":3.5,"day":1}`: "",
		`{"year":2026,"month":[3],"day":1}`: "",
		`{}`:                                "",
		`{"value":5}`:                       "",
		`{"year":1e99,"month":1,"day":1}`:   "",
		`{"seconds":1e99}`:                  "",
		`{"year":2026,"month":3,"day":14,"second":"5 and more"}`:                           "",
		`{"year":2026,"month":3,"day":14,"second":53.25,"nanos":5}`:                        "",
		`{"year":2026,"month":3,"day":14,"hour":24,"minute":0,"second":0,"millisecond":0}`: "2026-03-15T00:00:00Z",
	} {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		var object map[string]any
		if err := d.Decode(&object); err != nil {
			t.Fatal(err)
		}
		got, err := datetime.Object(object, message.Zone{})
		out := got.Format(time.RFC3339Nano)
		if err != nil {
			out = ""
		}
		if out != want {
			t.Errorf("%s is %q, want %q (%v)", text, out, want, err)
		}
	}
}

func TestShape(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		value any
		want  string
	}{
		{"26-03-14 09:26:53", "99-99-99 99:99:99"}, {" 3 Mär\x00 PM", "9 aaa? aa"}, {json.Number("-1.5"), "-9.9"},
		{1e300, "9" + strings.Repeat("9", 39) + "..."}, {nil, ""}, {"", ""}, {"  ", ""}, {true, ""}, {map[string]any{}, ""},
		{map[string]any{"a": 1}, "an object"}, {[]any{1}, ""},
	} {
		if got := datetime.Shape(tt.value); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.value, got, tt.want)
		}
	}
}

// FuzzRead: whatever a pattern reads is a time of which it has the numbers.
func FuzzRead(f *testing.F) {
	for _, text := range []string{"26-03-14 09:26:53", "6/18/2016 7:39:01 PM", "14/03/2026 09:27:00 GMT", "140326092653"} {
		for _, pattern := range []string{"2-digit-year", "month-first", "day-first 12-hour", "12-hour"} {
			f.Add(pattern, text)
		}
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		p, err := datetime.ParsePattern(pattern)
		if err != nil {
			return
		}
		got, err := p.Read(text, message.Zone{})
		if err == nil && (got.Year() < 0 || got.Year() > 9999 || got.Location() != time.UTC) {
			t.Fatalf("%q of %q is %v", text, pattern, got)
		}
		if len(datetime.Shape(text)) > 50 {
			t.Fatalf("a long shape of %q", text)
		}
	})
}
