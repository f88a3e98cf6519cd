package devicelist

import (
	"fmt"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, list, want string }{
		{"an id per line", "pump-1\npump-2\n", "pump-1| pump-2|"},
		{"Windows line ends, empty lines, comments", "\ufeff# pumps\r\npump-1\r\n\r\n  pump-2\r\n", "pump-1| pump-2|"},
		{"no line end at the end", "pump-1", "pump-1|"},
		{"ids and names", "pump-1,First pump\npump-2,\"Pump, second\"\n", "pump-1|First pump pump-2|Pump, second"},
		{"a header", "id,name\npump-1,First\n", "pump-1|First"},
		{"a header in another order", "Site,Device Name,Device-ID\nA,First,pump-1\n", "pump-1|First"},
		{"a header without names", "site;deviceId\nA;pump-1\n", "pump-1|"},
		{"IoT Central's export", "IOTC_DEVICEID,IOTC_DEVICENAME\npump-1,First\n", "pump-1|First"},
		{"the registration id before the device id", "deviceId,registrationId\nd,r\n", "r|"},
		{"tabs", "id\tname\npump-1\tFirst\n", "pump-1|First"},
		{"JSON ids", `["pump-1","pump-2"]`, "pump-1| pump-2|"},
		{"the emulator's devices",
			`[{"id":"pump-1","standing":"enabled","events":3},{"id":"x","registrationId":"pump-2"}]`,
			"pump-1| pump-2|"},
		{"an object per line", "{\"deviceId\":\"pump-1\",\"displayName\":\"First\"}\n{\"deviceId\":\"pump-2\"}\n",
			"pump-1|First pump-2|"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			err := Read(strings.NewReader(tc.list), func(d Device) error {
				got = append(got, d.ID+"|"+d.Name)
				return nil
			})
			if err != nil || strings.Join(got, " ") != tc.want {
				t.Errorf("%q %v, want %q", got, err, tc.want)
			}
		})
	}
}

func TestReadFaults(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, list, want string }{
		{"empty", " \n", "the list is empty"},
		{"a header alone", "id,name\n", "the list has no devices"},
		{"an id with a space", "pump-1\npump 2\n", `line 2: "pump 2" is not a device id`},
		{"a long id", strings.Repeat("x", 129), "line 1: "},
		{"an id twice", "pump-1\npump-2\npump-1\n", `line 3: "pump-1" is in the list twice, see 1`},
		{"twice but for its case", "pump-1\nPump-1\n", `line 2: "Pump-1" is in the list twice`},
		{"an open quote", "id,name\npump-1,\"First\n", "line 2: a quote is not closed"},
		{"JSON cut off", `["pump-1","pump`, "device 2: the list ends in the middle"},
		{"JSON of something else", `[{"id":"pump-1"},7]`, "device 2: is not an id"},
		{"no id", `[{"name":"First"}]`, `device 1: "" is not a device id`},
		{"a binary file", "\x00\x01\x02\x03", "line 1: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			err := Read(strings.NewReader(tc.list), func(Device) error { return nil })
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want %q", err, tc.want)
			}
		})
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	rows := make([]Row, 11)
	for i := range rows {
		rows[i] = Row{Device{ID: fmt.Sprintf("pump-%d", i)}, "cHJpbWFyeQ==", "c2Vjb25kYXJ5"}
	}
	rows[0].Name = `Pump, "first"`
	for _, tc := range []struct {
		name, first string
		lines       int
		open        func(*strings.Builder) (Writer, error)
	}{
		{"keys", "id,primaryKey,secondaryKey\npump-0,cHJpbWFyeQ==,c2Vjb25kYXJ5\n", 12,
			func(b *strings.Builder) (Writer, error) { return Keys(b) }},
		{"IoT Central", "IOTC_DEVICEID,IOTC_DEVICENAME\npump-0,\"Pump, \"\"first\"\"\"\npump-1,pump-1\n", 12,
			func(b *strings.Builder) (Writer, error) { return IoTCentral(b, false) }},
		{"IoT Central with keys", "IOTC_DEVICEID,IOTC_DEVICENAME,IOTC_SASKEY_PRIMARY,IOTC_SASKEY_SECONDARY\n" +
			"pump-0,\"Pump, \"\"first\"\"\",cHJpbWFyeQ==,c2Vjb25kYXJ5\n", 12,
			func(b *strings.Builder) (Writer, error) { return IoTCentral(b, true) }},
		{"IoT Hub", `{"id":"pump-0","status":"enabled","importMode":"createOrUpdate","authentication":` +
			`{"type":"sas","symmetricKey":{"primaryKey":"cHJpbWFyeQ==","secondaryKey":"c2Vjb25kYXJ5"}}}` + "\n", 11,
			func(b *strings.Builder) (Writer, error) { return IoTHub(b), nil }},
		{"DPS", `{"enrollments":[{"registrationId":"pump-0","deviceId":"pump-0","attestation":{"type":"symmetricKey",` +
			`"symmetricKey":{"primaryKey":"cHJpbWFyeQ==","secondaryKey":"c2Vjb25kYXJ5"}},` +
			`"provisioningStatus":"enabled"},`, 2,
			func(b *strings.Builder) (Writer, error) { return DPS(b), nil }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			w, err := tc.open(&b)
			for _, r := range rows {
				if err == nil {
					err = w.Write(r)
				}
			}
			if err == nil {
				err = w.Flush()
			}
			got := b.String()
			if err != nil || !strings.HasPrefix(got, tc.first) || strings.Count(got, "\n") != tc.lines {
				t.Errorf("%v\n%s", err, got)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add("pump-1\npump-2\n")
	f.Add("id,name\npump-1,\"First\"\n")
	f.Add(`[{"id":"pump-1"},"pump-2"]`)
	f.Fuzz(func(t *testing.T, list string) {
		seen := map[string]bool{}
		_ = Read(strings.NewReader(list), func(d Device) error {
			if id := strings.ToLower(d.ID); seen[id] || id == "" {
				t.Errorf("%q twice or empty", d.ID)
			}
			seen[strings.ToLower(d.ID)] = true
			return nil
		})
	})
}
