package message_test

import (
	"errors"
	"testing"
	"time"

	"mayfly/transform/message"
)

func TestParseTime(t *testing.T) {
	t.Parallel()
	const none = ""
	for text, want := range map[string]string{
		"2026-01-31T08:30:00Z":                     "2026-01-31T08:30:00Z",
		"2026-01-31t08:30:00z":                     "2026-01-31T08:30:00Z",
		"2026-01-31T08:30:00.5+01:00":              "2026-01-31T07:30:00.5Z",
		"2026-01-31T08:30:00+0100":                 "2026-01-31T07:30:00Z",
		"2026-01-31T08:30:00+0000":                 "2026-01-31T08:30:00Z",
		"2026-01-31T08:30:00+02":                   "2026-01-31T06:30:00Z",
		"2026-01-31T08:30:00-0830":                 "2026-01-31T17:00:00Z",
		"2026-01-31T08:30Z":                        "2026-01-31T08:30:00Z",
		"2026-01-31T08:30+01:00":                   "2026-01-31T07:30:00Z",
		"2026-01-31 08:30":                         "2026-01-31T08:30:00Z",
		"2026-01-31T08:30:00,123456789123Z":        "2026-01-31T08:30:00.123456789Z",
		"2026-01-31 08:30:00.1234567 +01:00":       "2026-01-31T07:30:00.1234567Z",
		"2026-01-31 08:30:00 UTC":                  "2026-01-31T08:30:00Z",
		"2026-01-31 08:30:00 gmt":                  "2026-01-31T08:30:00Z",
		"2026-01-31+08:30:00":                      "2026-01-31T08:30:00Z",
		"2026-01-31T08:30:00 01:00":                "2026-01-31T07:30:00Z",
		"2026-01-31 08: 30: 00":                    "2026-01-31T08:30:00Z",
		"2026/01/31 08:30:00":                      "2026-01-31T08:30:00Z",
		"2026.01.31 08:30:00":                      "2026-01-31T08:30:00Z",
		"2026-1-31 8:5:9":                          "2026-01-31T08:05:09Z",
		"2026-0131T08:30:00Z":                      "2026-01-31T08:30:00Z",
		"20260131T083000Z":                         "2026-01-31T08:30:00Z",
		"20260131083000":                           "2026-01-31T08:30:00Z",
		"20261331083000":                           "2612-01-22T03:31:23Z",
		"20260131T0830+0100":                       "2026-01-31T07:30:00Z",
		"2026-01-31":                               "2026-01-31T00:00:00Z",
		" 2026-01-31T08:30:00Z\n":                  "2026-01-31T08:30:00Z",
		"2026-01-31T08:30:00+01:00[Europe/Berlin]": "2026-01-31T07:30:00Z",
		"2016-12-31T23:59:60Z":                     "2017-01-01T00:00:00Z",
		"2016-12-31T23:59:60.7Z":                   "2017-01-01T00:00:00Z",
		"2026-01-31T24:00:00Z":                     "2026-02-01T00:00:00Z",
		"0001-01-01T00:00:00Z":                     "0001-01-01T00:00:00Z",

		"Sat, 31 Jan 2026 08:30:00 GMT":                "2026-01-31T08:30:00Z",
		"sat, 31 jan 2026 08:30:00 gmt":                "2026-01-31T08:30:00Z",
		"Sat, 31 Jan 2026 08:30:00 +0100":              "2026-01-31T07:30:00Z",
		"31 Jan 2026 08:30 +0100":                      "2026-01-31T07:30:00Z",
		"Fri, 2 Jan 2026 08:30:00 GMT":                 "2026-01-02T08:30:00Z",
		"Saturday, 31-Jan-26 08:30:00 GMT":             "2026-01-31T08:30:00Z",
		"Sat, 31-Jan-2026 08:30:00 GMT":                "2026-01-31T08:30:00Z",
		"Sat Jan 31 08:30:00 2026":                     "2026-01-31T08:30:00Z",
		"Fri Jan  2 08:30:00 2026":                     "2026-01-02T08:30:00Z",
		"Sat Jan 31 08:30:00 UTC 2026":                 "2026-01-31T08:30:00Z",
		"Sat Jan 31 2026 08:30:00 GMT+0100 (CET)":      "2026-01-31T07:30:00Z",
		"Sat Jan 31 2026 08:30:00 GMT+0100 (Mittlere)": "2026-01-31T07:30:00Z",

		"1769848200":          "2026-01-31T08:30:00Z",
		"1769848200.5":        "2026-01-31T08:30:00.5Z",
		"1.7698482e9":         "2026-01-31T08:30:00Z",
		"1769848200123":       "2026-01-31T08:30:00.123Z",
		"1769848200123456":    "2026-01-31T08:30:00.123456Z",
		"1769848200123456789": "2026-01-31T08:30:00.123456789Z",
		"0":                   "1970-01-01T00:00:00Z",
		"-1":                  "1969-12-31T23:59:59Z",
		"-0.5":                "1969-12-31T23:59:59.5Z",

		"yesterday": none, "": none, "now": none, "true": none, "1e400": none, "NaN": none, "2026": "1970-01-01T00:33:46Z",
		"2026-02-30T00:00:00Z": none, "2026-13-01": none, "2026-00-10": none, "2026-01-00": none, "2026-01-31T25:00:00Z": none,
		"2026-01-31T24:00:01Z": none, "2026-01-31T08:60:00Z": none, "2026-01-31T08:30:61Z": none, "2026-01-31T08": none,
		"2026-01-31T08:30:00.": none, "2026-01-31T08:30:00 CET": none,
		"\xe3Z": none, "2026-01-31T08:30:00\u212a": none, "Z": none, "+01": "1970-01-01T00:00:01Z", "()": none, "T+01:00": none,
		"26-01-31": none, "31/01/2026 08:30:00": none, "08:30:00": none, "2026-01-31X08:30:00": none,
		"2026-01-31T08:30:00Z and more": none, "9999-12-31T23:59:59-01:00": none, "0000-01-01T00:00:00+01:00": none,
	} {
		got, err := message.ParseTime(text, message.Zone{})
		switch {
		case want == none && !errors.Is(err, message.ErrTime):
			t.Errorf("%q: got %s, %v", text, got, err)
		case want != none && (err != nil || got.Format(time.RFC3339Nano) != want || got.Location() != time.UTC):
			t.Errorf("%q: got %s, %v, want %s", text, got.Format(time.RFC3339Nano), err, want)
		}
	}
}

func TestParseTimeZone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ zone, text, want string }{
		{"Europe/Berlin", "2026-01-31T08:30:00", "2026-01-31T07:30:00Z"},
		{"Europe/Berlin", "2026-07-31 08:30", "2026-07-31T06:30:00Z"},
		{"Europe/Berlin", "2026-07-31", "2026-07-30T22:00:00Z"},
		{"Europe/Berlin", "Sat Jan 31 08:30:00 2026", "2026-01-31T07:30:00Z"},
		{"Europe/Berlin", "2026-07-31T08:30:00Z", "2026-07-31T08:30:00Z"},
		{"Europe/Berlin", "2026-07-31T08:30:00-05:00", "2026-07-31T13:30:00Z"},
		{"Europe/Berlin", "1769848200", "2026-01-31T08:30:00Z"},
		{"-05:00", "2026-01-31T08:30:00", "2026-01-31T13:30:00Z"},
		{"UTC", "2026-01-31T08:30:00", "2026-01-31T08:30:00Z"},
		{"refuse", "2026-01-31T08:30:00", ""},
		{"refuse", "2026-01-31", ""},
		{"refuse", "Sat Jan 31 08:30:00 2026", ""},
		{"refuse", "2026-01-31T08:30:00+00:00", "2026-01-31T08:30:00Z"},
		{"refuse", "1769848200", "2026-01-31T08:30:00Z"},
	} {
		zone, err := message.ParseZone(tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		got, err := message.ParseTime(tt.text, zone)
		if tt.want == "" && !errors.Is(err, message.ErrNoZone) || tt.want != "" && (err != nil || got.Format(time.RFC3339Nano) != tt.want) {
			t.Errorf("%s, %q: got %s, %v, want %s", tt.zone, tt.text, got, err, tt.want)
		}
	}
	for _, name := range []string{"Local", "CEST", "Europe/Berlin2", "../../etc/passwd", "+1", "utc", "+25:00"} {
		if _, err := message.ParseZone(name); err == nil {
			t.Errorf("%q is a zone", name)
		}
	}
}

func TestSetTime(t *testing.T) {
	t.Parallel()
	arrival := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"0": message.ClockUnset, "52341": message.ClockUnset, "52341000": message.ClockUnset, "-1": message.ClockUnset,
		"0001-01-01T00:00:00Z": message.ClockUnset, "1970-01-01": message.ClockUnset, "1980-01-06T00:00:07Z": message.ClockUnset,
		"2000-01-01T00:00:12Z": message.ClockUnset, "2000-12-31T23:59:59Z": message.ClockUnset,
		"2001-01-01T00:00:00Z": "", "2015-06-01T00:00:00Z": "", "2026-03-14T12:00:00Z": "", "2026-03-15T12:00:00Z": "",
		"2026-03-15T12:00:00.001Z": message.ClockAhead, "2036-03-14": message.ClockAhead, "9999-12-31T23:59:59Z": message.ClockAhead,
	} {
		sent, err := message.ParseTime(text, message.Zone{})
		if err != nil {
			t.Fatal(err)
		}
		var m message.Message
		m.SetTime(sent, arrival)
		at := arrival
		if want == "" {
			at = sent
		}
		if m.Properties[message.ClockProperty] != want || !m.Time.Equal(at) || m.Arrived != (want != "") || m.Arrived && !m.Sent.IsZero() && !m.Sent.Equal(sent) {
			t.Errorf("%s: got %q at %s", text, m.Properties[message.ClockProperty], m.Time)
		}
	}
	m := message.Message{Properties: map[string]string{"clock": "quartz"}}
	if m.SetTime(time.Unix(0, 0), time.Time{}); m.Properties["clock"] != "quartz" || !m.Time.IsZero() || !m.Arrived {
		t.Errorf("got %+v", m)
	}
}

func FuzzParseTime(f *testing.F) {
	f.Add("2026-01-31T08:30:00Z", "Europe/Berlin")
	f.Add("Sat Jan 31 2026 08:30:00 GMT+0100 (CET)", "refuse")
	f.Add("1769848200.5", "+01:00")
	f.Fuzz(func(t *testing.T, text, name string) {
		zone, err := message.ParseZone(name)
		if err != nil {
			return
		}
		at, err := message.ParseTime(text, zone)
		if err != nil {
			return
		}
		again, err := message.ParseTime(message.FormatTime(at), message.Zone{})
		if err != nil || !again.Equal(at) {
			t.Errorf("%q is %s, which is %s, %v", text, at, again, err)
		}
	})
}
