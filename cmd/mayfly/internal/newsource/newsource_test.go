package newsource_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"mayfly/cmd/mayfly/internal/newsource"
	"mayfly/transform"
	"mayfly/transform/message"
)

var builtin = sync.OnceValue(transform.New)

// draft guesses a source as the command does.
func draft(t *testing.T, body string, headers ...string) *newsource.Draft {
	t.Helper()
	r := &message.Request{Method: "POST", Path: "/api/acme", Body: []byte(body), Header: map[string][]string{},
		Query: map[string][]string{}, Received: time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)}
	tail := ""
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "/" {
			tail = value
			continue
		}
		if name == "?" {
			query, err := url.ParseQuery(value)
			if err != nil {
				t.Fatal(err)
			}
			r.Query = query
			continue
		}
		r.Header[name] = []string{value}
	}
	capture := newsource.Looking("acme", r)
	capture.Tail = tail
	d, err := newsource.New(t.Context(), builtin(), *capture)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// messages tells them as device, time and body.
func messages(d *newsource.Draft) string {
	var lines []string
	for _, m := range d.Messages {
		lines = append(lines, strings.TrimSpace(m.DeviceID+" "+m.Time)+" "+m.Body)
	}
	return strings.Join(lines, "\n")
}

var bodies = []struct {
	name, body string
	headers    []string
	want       string
}{
	{"flat", `{"serial":"T 7","at":1773482400,"l":0.82,"b":3.61}`, nil, `t-7 2026-03-14T10:00:00Z {"b":3.61,"l":0.82}`},
	{"a container", `{"device":{"id":"probe-4","name":"Cellar","fw":"1.2"},"timestamp":"2026-03-14T10:00:00Z",` +
		`"data":{"temperature":21.50,"humidity":48}}`, nil,
		`probe-4 2026-03-14T10:00:00Z {"humidity":48,"temperature":21.50}`},
	{"a list", `[{"dev_eui":"70B3D57ED0051234","time":"2026-03-14T10:00:00Z","co2":412},` +
		`{"dev_eui":"70B3D57ED0055678","time":"2026-03-14T10:01:00Z","co2":500}]`, nil,
		`70b3d57ed0051234 2026-03-14T10:00:00Z {"co2":412}` + "\n" +
			`70b3d57ed0055678 2026-03-14T10:01:00Z {"co2":500}`},
	{"a batch of one device", `{"imei":"860322068000003","readings":[{"ts":1773482400000,"flow":1.5,"level":20},` +
		`{"ts":1773482460000,"flow":1.6,"level":21}]}`, nil,
		`860322068000003 2026-03-14T10:00:00Z {"flow":1.5,"level":20}` + "\n" +
			`860322068000003 2026-03-14T10:01:00Z {"flow":1.6,"level":21}`},
	{"names and values", `{"stationId":"S-9","measuredAt":"2026-03-14T10:00:00+01:00","sensors":[` +
		`{"type":"temperature","value":"21.5","unit":"C"},{"type":"humidity","value":"48","unit":"%"}]}`, nil,
		`S-9 2026-03-14T09:00:00Z {"humidity":48,"temperature":21.5}`},
	{"names, values and times", `[{"device":"d1","metric":"temp","value":21.5,"ts":1773482400},` +
		`{"device":"d1","metric":"hum","value":48,"ts":1773482460}]`, nil,
		`d1 2026-03-14T10:00:00Z {"temp":21.5}` + "\n" + `d1 2026-03-14T10:01:00Z {"hum":48}`},
	{"channels", `{"mac":"AA:BB:CC:00:11:22","time":"2026-03-14T10:00:00Z","channels":[{"ch":1,"amps":1.5},` +
		`{"ch":2,"amps":2.5}]}`, nil,
		`AA:BB:CC:00:11:22 2026-03-14T10:00:00Z {"amps_1":1.5,"amps_2":2.5}`},
	{"NDJSON", `{"node":"n1","when":"2026-03-14T10:00:00Z","mm":5}` + "\n" +
		`{"node":"n2","when":"2026-03-14T10:00:01Z","mm":6}` + "\n", nil,
		`n1 2026-03-14T10:00:00Z {"mm":5}` + "\n" + `n2 2026-03-14T10:00:01Z {"mm":6}`},
	{"CSV", "station;date;level;battery\nweir-1;2026-03-14 10:00:00;1.25;3.6\nweir-1;2026-03-14 10:15:00;1.30;3.6\n",
		nil,
		`weir-1 2026-03-14T10:00:00Z {"battery":3.6,"level":1.25}` + "\n" +
			`weir-1 2026-03-14T10:15:00Z {"battery":3.6,"level":1.30}`},
	{"CSV without a header", "weir-1,2026-03-14T10:00:00Z,1.25,3.6\nweir-2,2026-03-14T10:00:00Z,1.30,3.5\n", nil,
		`weir-1 2026-03-14T10:00:00Z {"value1":1.25,"value2":3.6}` + "\n" +
			`weir-2 2026-03-14T10:00:00Z {"value1":1.30,"value2":3.5}`},
	{"a form", "sn=A1-77&temp=21.5&hum=48&time=1773482400&api_key=0123456789abcdef", nil,
		`A1-77 2026-03-14T10:00:00Z {"hum":48,"temp":21.5}`},
	{"XML", `<?xml version="1.0"?><report><station id="st-4"/><time>2026-03-14T10:00:00Z</time><temp>21.5</temp>` +
		`</report>`, nil,
		`st-4 2026-03-14T10:00:00Z {"temp":21.5}`},
	{"XML with names as attributes", `<d><serial>X9</serial><when>2026-03-14T10:00:00Z</when>` +
		`<v name="t">21.5</v><v name="h">48</v></d>`, nil, `X9 2026-03-14T10:00:00Z {"h":48,"t":21.5}`},
	{"hex", `{"deviceUid":"u-55","received":"2026-03-14T10:00:00Z","fPort":2,"payload":"0102aaff10"}`, nil,
		`u-55 2026-03-14T10:00:00Z {"fPort":2,"payload":"0102aaff10"}`},
	{"base64", `{"id":"2F11AB","ts":1773482400,"seq":7,"data":"AQKq/xA=","rssi":-110}`, nil,
		`2F11AB 2026-03-14T10:00:00Z {"payload":"0102aaff10"}`},
	{"JSON in a text", `{"deviceId":"d-1","publishedAt":"2026-03-14T10:00:00Z","data":"{\"temp\":21.5,` +
		`\"open\":true}"}`, nil,
		`d-1 2026-03-14T10:00:00Z {"open":true,"temp":21.5}`},
	{"JSON in base64", `{"deviceId":"d-1","publishedAt":"2026-03-14T10:00:00Z",` +
		`"payload":"eyJ0ZW1wIjoyMS41LCJodW0iOjQ4fQ=="}`, nil,
		`d-1 2026-03-14T10:00:00Z {"hum":48,"temp":21.5}`},
	{"devices with readings", `{"account":{"id":"acc-1"},"devices":[{"serial":"s1",` +
		`"readings":[{"time":"2026-03-14T10:00:00Z","v":1}]},` +
		`{"serial":"s2","readings":[{"time":"2026-03-14T10:00:00Z","v":2},{"time":"2026-03-14T10:05:00Z","v":3}]}]}`,
		nil,
		`s1 2026-03-14T10:00:00Z {"v":1}` + "\n" + `s2 2026-03-14T10:00:00Z {"v":2}` + "\n" +
			`s2 2026-03-14T10:05:00Z {"v":3}`},
	{"an object of devices", `{"A84041FFFF1E2D3C":{"temp":20.5,"at":"2026-03-14T10:00:00Z"},` +
		`"A84041FFFF1E2D3D":{"temp":21,"at":"2026-03-14T10:00:00Z"}}`, nil,
		`a84041ffff1e2d3c 2026-03-14T10:00:00Z {"temp":20.5}` + "\n" +
			`a84041ffff1e2d3d 2026-03-14T10:00:00Z {"temp":21}`},
	{"columns and rows", `{"logger":"L5","columns":["time","level","temp"],"rows":[["2026-03-14T10:00:00Z",1.5,` +
		`20],["2026-03-14T10:15:00Z",1.6,21]]}`, nil,
		`L5 2026-03-14T10:00:00Z {"level":1.5,"temp":20}` + "\n" + `L5 2026-03-14T10:15:00Z {"level":1.6,"temp":21}`},
	{"lists side by side", `{"site_id":"x","station":"S1","hourly":{"time":["2026-03-14T10:00",` +
		`"2026-03-14T11:00"],"rain":[0.5,1]}}`, nil,
		`S1 2026-03-14T10:00:00Z {"rain":0.5}` + "\n" + `S1 2026-03-14T11:00:00Z {"rain":1}`},
	{"day first", `{"unit":"Hall 3","datetime":"31/01/2026 08:30:00","temp":"21,5","hum":"48 %"}`, nil,
		`hall-3 2026-01-31T08:30:00Z {"hum":48,"temp":21.5}`},
	{"date and time", `{"meterNo":"m","meterSerial":"42-77","date":"14.03.2026","time":"10:00:00","kwh":120.5}`, nil,
		`42-77 2026-03-14T10:00:00Z {"kwh":120.5}`},
	{"value and unit", `{"sensor":{"uuid":"s-77"},"observed_at":"2026-03-14T10:00:00Z",` +
		`"temperature":{"value":21.5,"unit":"C"},` +
		`"humidity":{"value":48,"unit":"%"}}`, nil, `s-77 2026-03-14T10:00:00Z {"humidity":48,"temperature":21.5}`},
	{"no id", `{"temp":21.5,"time":1773482400}`, nil, `my-device 2026-03-14T10:00:00Z {"temp":21.5}`},
	{"an id in the query", `{"temp":21.5,"time":1773482400}`, []string{"?: imei=860322068000003&token=s3cretsecret"},
		`860322068000003 2026-03-14T10:00:00Z {"temp":21.5}`},
	{"an id in a header", `{"temp":21.5}`, []string{"X-Device-Id: dev-9", "Authorization: Bearer s3cretsecret"},
		`dev-9 {"temp":21.5}`},
	{"credentials", `{"dev":"d","apiKey":"s3cretsecret","auth":{"token":"s3cretsecret",` +
		`"jwt":"eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.s3cretsecret"},"t1":5}`, nil,
		`d {"t1":5}`},
	{"numbers and a word as values", `{"dev":"d","values":[{"name":"temp","value":"1.5"},` +
		`{"name":"door","value":"open"}]}`, nil, `d {"door":"open","temp":1.5}`},
	{"a credential among names and values", `{"dev":"d","values":[{"name":"token","value":"s3cretsecret"},` +
		`{"name":"temp","value":"1.5"}]}`, nil, `d {"temp":1.5}`},
	{"credentials in a container", `{"dev":"d","data":{"temp":1.5,"password":"s3cretsecret"}}`, nil, `d {"temp":1.5}`},
	{"credentials in a list", `{"dev":"d","temp":1,"users":[{"token":"s3cretsecret"}]}`, nil, `d {"temp":1}`},
	{"credentials behind space", " \n" + `{"dev":"d","password":"s3cretsecret","temp":1} `, nil, `d {"temp":1}`},
	{"a credential without a name", `{"dev":"d","temp":1,"proofs":["Bearer s3cretsecret"]}`, nil,
		`d {"proofs":["removed"],"temp":1}`},
	{"credentials in base64", `{"deviceId":"d-1","payload":"` + base64.StdEncoding.EncodeToString(
		[]byte(`{"temp":21.5,"password":"s3cretsecret"}`)) + `"}`, nil, `d-1 {"temp":21.5}`},
	{"credentials in a list of XML", `<r><id>st-4</id><temp>21.5</temp><users><u><token>s3cretsecret</token></u>` +
		`<u><token>s3cretsecret2</token></u></users></r>`, nil, `st-4 {"temp":21.5}`},
	{"names and values in text", "id=node7;temp=21.5;hum=48", []string{"Content-Type: text/plain"},
		`node7 {"hum":48,"temp":21.5}`},
	{"an event", `{"event":"door_open","sensor_id":"D-4","occurred_at":"2026-03-14T10:00:00Z",` +
		`"event_id":"0f8fad5b-d9cb-469f-a165-70867728950e"}`, nil,
		`D-4 2026-03-14T10:00:00Z {"event":"door_open"}`},
	{"an uptime", `{"id":"w-1","time":86400,"watts":55.5}`, nil, `w-1 {"time":86400,"watts":55.5}`},
	{"a position", `{"tracker":"T1","fix_time":"2026-03-14T10:00:00Z","position":{"lat":47.1,"lng":9.5},"speed":12}`,
		nil,
		`T1 2026-03-14T10:00:00Z {"lat":47.1,"lng":9.5,"speed":12}`},
	{"strange names", `{"device id":"a b","2nd temp (°C)":21.5,"a.b":{"c d":1}}`, nil,
		`a-b {"2nd temp (°C)":21.5,"c d":1}`},
	{"only an id", `{"deviceId":"d-1","sentAt":"2026-03-14T10:00:00Z"}`, nil, `d-1 2026-03-14T10:00:00Z {"seen":true}`},
	{"channels by name", `{"report":{"unit":{"number":"40012"},"on":"3/4/2026 1:05:00 PM","eventType":"Report",` +
		`"channels":{"a":{"tempF":-3.2},"b":{"tempF":-8.8}},"batteryPct":"77%"}}`, nil,
		`40012 2026-03-04T13:05:00Z {"a_tempF":-3.2,"b_tempF":-8.8,"batteryPct":77}`},
	{"an id without a name", `{"i":"dev/0012/up","d":[{"k":"temp","v":"21.5"},{"k":"hum","v":"48"}]}`, nil,
		`dev-0012-up {"hum":48,"temp":21.5}`},
	{"half a day", `{"unit_id":"U1","stamp":"3/14/2026 1:05:00 PM","x":1}`, nil, `U1 2026-03-14T13:05:00Z {"x":1}`},
	{"SOAP", `<soap><Envelope><Header/><Body><Push><Logger>L-9</Logger><Samples><Sample><Stamp>2026-03-14 ` +
		`10:00:00</Stamp><Flow>12.5</Flow></Sample>` +
		`<Sample><Stamp>2026-03-14 10:05:00</Stamp><Flow>12.9</Flow></Sample></Samples></Push></Body></Envelope>` +
		`</soap>`, nil,
		`L-9 2026-03-14T10:00:00Z {"Flow":12.5}` + "\n" + `L-9 2026-03-14T10:05:00Z {"Flow":12.9}`},
	{"one element of XML", `<r><logger>L-9</logger><samples><sample><at>2026-03-14T10:00:00Z</at><f>1.5</f>` +
		`</sample></samples></r>`, nil,
		`L-9 2026-03-14T10:00:00Z {"f":1.5}`},
	{"a date and a time of digits", `{"unit":{"sn":"U-77"},"date":"20260314","time":"100000","kwh":1.5}`, nil,
		`U-77 2026-03-14T10:00:00Z {"kwh":1.5}`},
	{"a time of fourteen digits", `{"sn":"U-77","stamp":"20260314100000","kwh":1.5}`, nil,
		`U-77 2026-03-14T10:00:00Z {"kwh":1.5}`},
	{"states", `{"sn":"U-77","Switch1":"ON","temp":21.5}`, nil, `U-77 {"Switch1":"ON","temp":21.5}`},
	{"one reading of each sensor", `[{"sensor":"s-1","t":1773482400000,"v":21.5},` +
		`{"sensor":"s-2","t":1773482400000,"v":19}]`, nil,
		`s-1 2026-03-14T10:00:00Z {"v":21.5}` + "\n" + `s-2 2026-03-14T10:00:00Z {"v":19}`},
	{"an id in the path", `{"temp":21.5,"time":1773482400}`, []string{"/: /hooks/weather/station-42/data"},
		`station-42 2026-03-14T10:00:00Z {"temp":21.5}`},
	{"an id of the request around one event", `{"requestId":"0f8fad5b-d9cb-469f-a165-70867728950e","unit":"U1",` +
		`"events":[{"timestamp":"2026-03-14T10:00:00Z","lat":1.5}]}`, nil, `U1 2026-03-14T10:00:00Z {"lat":1.5}`},
	{"a text", "hello world", []string{"?: device=d1"}, `d1 {"text":"hello world"}`},
}

// inBase64 is the end of {"temp":21.5,"password":"s3cretsecret"} in base64.
const inBase64 = "MzY3JldHNlY3JldCJ9"

// TestNew: each body makes a source that proves itself and maps its own sample, without credentials.
func TestNew(t *testing.T) {
	t.Parallel()
	for _, tt := range bodies {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := draft(t, tt.body, tt.headers...)
			if len(d.Wrong) > 0 {
				t.Fatalf("%s\n%s", strings.Join(d.Wrong, "\n"), d.YAML)
			}
			if got := messages(d); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s\n%s", got, tt.want, d.YAML)
			}
			if strings.Contains(string(d.YAML), "s3cret") || strings.Contains(string(d.YAML), inBase64) {
				t.Errorf("a credential is in\n%s", d.YAML)
			}
			for i, line := range strings.Split(string(d.YAML), "\n") {
				if strings.HasPrefix(line, "#") && len(line) > 120 {
					t.Errorf("line %d is long: %s", i, line)
				}
			}
		})
	}
}

// FuzzNew: whatever the body is, there is an error or a source that is YAML.
func FuzzNew(f *testing.F) {
	for _, tt := range bodies {
		f.Add([]byte(tt.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := &message.Request{Method: "POST", Path: "/api/acme", Body: body, Header: map[string][]string{},
			Query: map[string][]string{}, Received: time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)}
		d, err := newsource.New(t.Context(), builtin(), *newsource.Looking("acme", r))
		if err != nil {
			return
		}
		for _, wrong := range d.Wrong {
			if strings.Contains(wrong, "YAML") {
				t.Fatalf("%s\n%s", wrong, d.YAML)
			}
		}
		for _, m := range d.Messages {
			if !json.Valid([]byte(m.Body)) {
				t.Fatalf("%s is not JSON", m.Body)
			}
		}
	})
}
