package emulator_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/emulator"
)

func TestHubTokens(t *testing.T) {
	t.Parallel()
	const hub = emulator.DefaultHub
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	soon := now.Add(time.Hour).Unix()
	e := newEmulator(t, emulator.Config{Now: func() time.Time { return now }})
	e.Provision("Dev-1", "")
	key := e.DeviceKey("Dev-1")
	for name, tc := range map[string]struct {
		auth    string
		status  int
		lenient string
	}{
		"as documented":        {token(t, key, hub+"%2Fdevices%2FDev-1", soon, ""), 204, ""},
		"raw sr":               {token(t, key, hub+"/devices/Dev-1", soon, ""), 204, ""},
		"lower-case sr":        {token(t, key, hub+"%2fdevices%2fdev-1", soon, ""), 204, ""},
		"longer sr":            {token(t, key, hub+"%2Fdevices%2FDev-1%2Fmessages%2Fevents", soon, ""), 204, ""},
		"slash at the end":     {token(t, key, hub+"%2Fdevices%2FDev-1%2F", soon, ""), 204, ""},
		"empty skn":            {token(t, key, hub+"%2Fdevices%2FDev-1", soon, "&skn="), 204, ""},
		"sr of the hub":        {token(t, key, hub, soon, ""), 204, "sr does not name a device"},
		"none":                 {"-", 401, ""},
		"not a token":          {"Bearer x", 401, ""},
		"prefix within a name": {token(t, key, hub+"%2Fdevices%2FDev", soon, ""), 401, ""},
		"another device":       {token(t, key, hub+"%2Fdevices%2FDev-2", soon, ""), 401, ""},
		"another hub":          {token(t, key, "hub-2.azure-devices.net%2Fdevices%2FDev-1", soon, ""), 401, ""},
		"sr beyond the path":   {token(t, key, hub+"%2Fdevices%2FDev-1%2Ffiles", soon, ""), 401, ""},
		"expired":              {token(t, key, hub+"%2Fdevices%2FDev-1", now.Unix(), ""), 401, ""},
		"policy":               {token(t, key, hub+"%2Fdevices%2FDev-1", soon, "&skn=device"), 401, ""},
		"token for DPS": {token(t, key, "0ne00000001%2Fregistrations%2FDev-1", soon, "&skn=registration"), 401,
			""},
		"another device's key": {token(t, e.DeviceKey("Dev-2"), hub+"%2Fdevices%2FDev-1", soon, ""), 401, ""},
		"group key":            {token(t, emulator.DefaultGroupKey, hub+"%2Fdevices%2FDev-1", soon, ""), 401, ""},
		"expiry is not a time": {strings.Replace(token(t, key, hub+"%2Fdevices%2FDev-1", soon, ""), "&se=", "&se=x", 1),
			401, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEmulator(t, emulator.Config{Now: func() time.Time { return now }})
			e.Provision("Dev-1", "")
			d := newDevice(t, e, "Dev-1")
			h := map[string]string{"iothub-contenttype": "application/json"}
			url := "https://" + hub + "/devices/Dev-1/messages/events?api-version=2021-04-12"
			if tc.auth != "-" {
				h["Authorization"] = tc.auth
			}
			a := d.must(d.do(http.MethodPost, url, h, "{}"))
			c := e.Calls()[0]
			if a.status != tc.status || strings.Join(c.Lenient, ";") != tc.lenient {
				t.Errorf("%d %s (%s; %v)", a.status, a.body, c.Note, c.Lenient)
			}
			if a.status == 401 && (a.header.Get("iothub-errorcode") != "IotHubUnauthorized" || c.ErrorCode != 401003 ||
				c.Note == "") {
				t.Errorf("%v %+v", a.header, c)
			}
		})
	}
}

func TestHubRefuses(t *testing.T) {
	t.Parallel()
	const (
		version = "?api-version=1"
		send    = "/messages/events" + version
	)
	long := strings.Repeat("x", 256<<10)
	for name, tc := range map[string]struct {
		method, host, path string
		header             map[string]string
		body               string
		status             int
		name               string
	}{
		"no api-version":   {"POST", "", "/messages/events", nil, "{}", 400, "InvalidProtocolVersion"},
		"unknown device":   {"POST", "", "/../dev-9" + send, nil, "{}", 404, "DeviceNotFound"},
		"hub of another":   {"POST", "hub-2.azure-devices.net", send, nil, "{}", 404, "DeviceNotFound"},
		"GET":              {"GET", "", send, nil, "", 405, "MethodNotAllowed"},
		"twin":             {"GET", "", "/twin" + version, nil, "", 404, "NotFound"},
		"body of 256 KB":   {"POST", "", send, nil, long, 204, ""},
		"body over 256 KB": {"POST", "", send, nil, long + "x", 413, "MessageTooLarge"},
		"properties count": {"POST", "", send, map[string]string{"iothub-app-k": "v"}, long[1:], 413,
			"MessageTooLarge"},
		"message id of 129": {"POST", "", send, map[string]string{"iothub-messageid": strings.Repeat("m", 129)}, "{}",
			400, "ArgumentInvalid"},
		"lost lock": {"DELETE", "", "/messages/devicebound/1234" + version, nil, "", 412,
			"DeviceMessageLockLost"},
		"empty lock": {"POST", "", "/messages/devicebound//abandon" + version, nil, "", 412,
			"DeviceMessageLockLost"},
		"unknown upload": {"POST", "", "/files/notifications/1234" + version, nil, `{}`, 400,
			"InvalidCorrelationId"},
		"upload without a name": {"POST", "", "/files" + version, nil, `{}`, 400, "ArgumentInvalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEmulator(t, emulator.Config{Hubs: []string{emulator.DefaultHub, "hub-2.azure-devices.net"}})
			e.Provision("dev-1", emulator.DefaultHub)
			if err := e.SendToDevice("dev-1", emulator.Message{}); err != nil {
				t.Fatal(err)
			}
			d := newDevice(t, e, "dev-1")
			host := cmp.Or(tc.host, emulator.DefaultHub)
			h := map[string]string{"Authorization": e.HubToken("dev-1", host, time.Hour)}
			maps.Copy(h, tc.header)
			url := strings.Replace("https://"+host+"/devices/dev-1"+tc.path, "dev-1/../", "", 1)
			a := d.must(d.do(tc.method, url, h, tc.body))
			if a.status != tc.status || a.header.Get("iothub-errorcode") != tc.name {
				t.Errorf("%d %v %s", a.status, a.header, a.body)
			}
			if n := len(e.Events()); (n > 0) != (tc.status == 204) {
				t.Errorf("%d events", n)
			}
		})
	}
}

func TestBatchIsStoredWholeOrRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 256<<10)
	for name, tc := range map[string]struct {
		body   string
		status int
		name   string
	}{
		"an object":       {`{}`, 400, "ArgumentInvalid"},
		"null":            {`null`, 400, "ArgumentInvalid"},
		"ends early":      {`[{"body":"e30="}`, 400, "ArgumentInvalid"},
		"two arrays":      {`[{"body":"e30="}] []`, 400, "ArgumentInvalid"},
		"without body":    {`[{"properties":{}}]`, 400, "ArgumentInvalid"},
		"not base64":      {`[{"body":"{}"}]`, 400, "ArgumentInvalid"},
		"property number": {`[{"body":"e30=","properties":{"iothub-app-n":1}}]`, 400, "ArgumentInvalid"},
		"over 256 KB":     {`[{"body":"` + long + `"}]`, 413, "MessageTooLarge"},
		"one is invalid":  {`[{"body":"e30="},{"body":"*"}]`, 400, "ArgumentInvalid"},
		"text bodies":     {`[{"body":"x","base64Encoded":false},{"body":"e30="}]`, 204, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEmulator(t, emulator.Config{})
			e.Provision("dev-1", "")
			d := newDevice(t, e, "dev-1")
			a := d.must(d.hub(http.MethodPost, emulator.DefaultHub, "/messages/events", batchType, tc.body))
			if a.status != tc.status || a.header.Get("iothub-errorcode") != tc.name {
				t.Errorf("%d %v %s", a.status, a.header, a.body)
			}
			if n := len(e.Events()); (n > 0) != (tc.status == 204) {
				t.Errorf("%d events", n)
			}
		})
	}
}

var batchType = map[string]string{"Content-Type": "application/vnd.microsoft.iothub.json"}

func TestEnvelopes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		envelope emulator.Envelope
		want     [4]bool // nested: 404, 401, 404, 401
	}{
		"by code":   {emulator.EnvelopeByCode, [4]bool{false, true, false, true}},
		"text":      {emulator.EnvelopeText, [4]bool{}},
		"nested":    {emulator.EnvelopeNested, [4]bool{true, true, true, true}},
		"alternate": {emulator.EnvelopeAlternate, [4]bool{false, true, false, true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEmulator(t, emulator.Config{Envelope: tc.envelope})
			e.Provision("dev-1", "")
			var got [4]bool
			for i := range got {
				d := newDevice(t, e, "dev-2")
				h := map[string]string{}
				if i%2 == 1 {
					d.id, h["Authorization"] = "dev-1", "none"
				}
				a := d.must(d.hub(http.MethodPost, emulator.DefaultHub, "/messages/events", h, "{}"))
				got[i] = strings.Contains(a.get(t, "Message"), `"errorCode":4`)
				if !got[i] && !strings.HasPrefix(a.get(t, "ExceptionMessage"), "Tracking ID:") {
					t.Errorf("%s", a.body)
				}
			}
			if got != tc.want {
				t.Errorf("%v, want %v", got, tc.want)
			}
		})
	}
}

func TestProperties(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, emulator.Config{})
	e.Provision("dev-1", "")
	d := newDevice(t, e, "dev-1")
	for name, tc := range map[string]struct {
		header map[string]string
		want   emulator.Event
	}{
		"all": {map[string]string{
			"IoTHub-MessageId": "mid-1", "IoTHub-CorrelationId": "cid", "IoTHub-UserId": "u",
			"iothub-contenttype":     "application/json",
			"iothub-contentencoding": "utf-8", "iothub-to": "/devices/dev-1/messages/events",
			"iothub-app-Kind": "a:b/c",
			"dt-subject":      "thermostat2", "iothub-app-iothub-creation-time-utc": "2026-01-02T03:04:05.678Z",
		}, emulator.Event{MessageID: "mid-1", CorrelationID: "cid", UserID: "u", ContentType: "application/json",
			ContentEncoding: "utf-8", Component: "thermostat2", CreationTime: "2026-01-02T03:04:05.678Z",
			Properties: map[string]string{"kind": "a:b/c", "iothub-creation-time-utc": "2026-01-02T03:04:05.678Z"},
			System:     map[string]string{"iothub-to": "/devices/dev-1/messages/events"}}},
		"component as Node sends $.sub": {map[string]string{"iothub-app-$.sub": "t1"},
			emulator.Event{Component: "t1", Properties: map[string]string{"$.sub": "t1"}}},
		"creation time as a system property": {map[string]string{"iothub-creationtimeutc": "2026-01-02T03:04:05Z"},
			emulator.Event{CreationTime: "2026-01-02T03:04:05Z"}},
		"other headers are ignored": {map[string]string{"X-Other": "x", "Content-Type": "text/plain"},
			emulator.Event{}},
	} {
		a := d.must(d.hub(http.MethodPost, emulator.DefaultHub, "/messages/events", tc.header, "{}"))
		if a.status != 204 {
			t.Fatalf("%s: %d %s", name, a.status, a.body)
		}
		evs := e.Events()
		got := evs[len(evs)-1]
		tc.want.Seq, tc.want.Device, tc.want.Hub, tc.want.Body, tc.want.AuthMethod = got.Seq, "dev-1",
			emulator.DefaultHub, []byte("{}"), "sas"
		tc.want.EnqueuedTime, tc.want.RequestID = got.EnqueuedTime, a.header.Get("x-ms-request-id")
		if !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, tc.want)
		}
	}
}

func TestBatchAsTheSDKsSendIt(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, emulator.Config{})
	e.Provision("dev-1", "")
	d := newDevice(t, e, "dev-1")
	a := d.must(d.hub(http.MethodPost, emulator.DefaultHub, "/messages/events", batchType,
		`[{"body": "eyJhIjoxfQ==", "properties":{"iothub-app-k":"v"}},`+
			`{"body":"eyJiIjoyfQ==","base64Encoded":true,"properties":`+
			`{"iothub-messageid":"m1","iothub-contenttype":"application/json","dt-subject":"c"}},`+
			`{"body":"plain","base64Encoded":false}]`))
	if a.status != 204 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	var got []string
	for _, ev := range e.Events() {
		got = append(got, fmt.Sprintf("%s %s %s %s %v %d", ev.Body, ev.MessageID, ev.ContentType, ev.Component,
			ev.Properties, ev.Batch))
	}
	want := []string{`{"a":1}    map[k:v] 3`, `{"b":2} m1 application/json c map[] 3`, `plain    map[] 3`}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
	if c := e.Calls()[0]; c.Op != emulator.OpBatch || c.Messages != 3 {
		t.Errorf("%+v", c)
	}
}

func TestHubThrottleQueuesFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Config{HubSendsPerSecond: 2, HubBacklog: 3 * time.Second})
		e.Provision("dev-1", "")
		d := newDevice(t, e, "dev-1")
		start := time.Now()
		statuses := make(chan string, 12)
		for range 12 {
			go func() {
				a := d.send("{}")
				statuses <- fmt.Sprintf("%d%s", a.status, a.header.Get("iothub-errorcode"))
			}()
		}
		count := map[string]int{}
		for range 12 {
			count[<-statuses]++
		}
		// Two at once, six in the three seconds of the backlog; the others are refused.
		want := map[string]int{"204": 8, "429ThrottlingBacklogTimeout": 4}
		if !reflect.DeepEqual(count, want) || time.Since(start) != 3*time.Second {
			t.Errorf("%v after %v", count, time.Since(start))
		}
	})
}

func TestDailyQuota(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 23, 0, 0, 0, time.UTC)
	e := newEmulator(t, emulator.Config{DailyQuota: 3, Now: func() time.Time { return now }})
	e.Provision("dev-1", "")
	d := newDevice(t, e, "dev-1")
	if a := d.send(strings.Repeat("x", 5000)); a.status != 204 { // two chunks of 4 KB
		t.Errorf("%d", a.status)
	}
	if a := d.send("{}"); a.status != 204 {
		t.Errorf("%d", a.status)
	}
	if a := d.send("{}"); a.status != 403 || a.header.Get("iothub-errorcode") != "IotHubQuotaExceeded" {
		t.Errorf("%d %v", a.status, a.header)
	}
	e.StepClock(time.Hour)
	if a := d.send("{}"); a.status != 204 {
		t.Errorf("next UTC day: %d", a.status)
	}
}

func TestUnknownNamesDoNotResolve(t *testing.T) {
	t.Parallel()
	e := emulator.Start(t, emulator.Config{})
	tr := e.Transport()
	t.Cleanup(tr.CloseIdleConnections)
	for name, rt := range map[string]http.RoundTripper{"memory": e.RoundTripper(), "TLS": tr} {
		for _, host := range []string{"hub-9.azure-devices.net", "example.com"} {
			d := newDevice(t, e, "dev-1")
			d.http.Transport = rt
			if _, err := d.hub("POST", host, "/messages/events", nil, "{}"); err == nil ||
				!strings.Contains(err.Error(), "no such host") {
				t.Errorf("%s %s: %v", name, host, err)
			}
		}
	}
}

func TestUndocumentedInputIsLenient(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, emulator.Config{})
	e.Provision("dev-1", "")
	d := newDevice(t, e, "dev-1")
	for name, tc := range map[string]struct {
		header map[string]string
		want   string
	}{
		"plain": {map[string]string{"iothub-contenttype": "application/json", "iothub-app-k": "v"}, ""},
		"a time": {map[string]string{"iothub-contenttype": "application/json",
			"iothub-app-iothub-creation-time-utc": "2026-01-02T03:04:05Z"}, ""},
		"colon in a value": {map[string]string{"iothub-contenttype": "application/json", "iothub-app-k": "a:b"},
			"property outside the documented set"},
		"no content type": {nil, "no iothub-contenttype"},
		"odd message id": {map[string]string{"iothub-contenttype": "application/json", "iothub-messageid": "a b"},
			"message id outside the documented set"},
	} {
		a := d.must(d.hub(http.MethodPost, emulator.DefaultHub, "/messages/events", tc.header, "{}"))
		calls := e.Calls()
		if got := strings.Join(calls[len(calls)-1].Lenient, ";"); a.status != 204 || got != tc.want {
			t.Errorf("%s: %d, %q", name, a.status, got)
		}
	}
}
