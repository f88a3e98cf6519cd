package template_test

import (
	"errors"
	"strings"
	"testing"

	"mayfly/transform/template"
)

// device is a model with telemetry of many schemas, and two components.
const device = `[{
	"@context": ["dtmi:dtdl:context;2", "dtmi:iotcentral:context;2"], "@id": "dtmi:test:Device;1", "@type": "Interface",
	"contents": [
		{"@type": ["Telemetry", "Temperature"], "name": "temperature", "schema": "double", "unit": "degreeCelsius"},
		{"@type": "Telemetry", "name": "count", "schema": "integer"},
		{"@type": "Telemetry", "name": "total", "schema": "long"},
		{"@type": "Telemetry", "name": "on", "schema": "boolean"},
		{"@type": "Telemetry", "name": "label", "schema": "string"},
		{"@type": "Telemetry", "name": "seen", "schema": "dateTime"},
		{"@type": "Telemetry", "name": "uptime", "schema": "duration"},
		{"@type": "Telemetry", "name": "place", "schema": "geopoint"},
		{"@type": "Telemetry", "name": "spot", "schema": "point"},
		{"@type": "Telemetry", "name": "state", "schema": {"@type": "Enum", "valueSchema": "integer", "enumValues": [
			{"name": "offline", "displayName": "Off line", "enumValue": 0},
			{"name": "online", "displayName": {"en": "On line"}, "enumValue": 1}]}},
		{"@type": "Telemetry", "name": "level", "schema": {"@type": "Enum", "valueSchema": "string", "enumValues": [
			{"name": "low", "enumValue": "LOW"}, {"name": "high", "enumValue": "HIGH"}]}},
		{"@type": "Telemetry", "name": "readings", "schema": {"@type": "Array", "elementSchema": "double"}},
		{"@type": "Telemetry", "name": "sensor", "schema": {"@type": "Object", "fields": [
			{"name": "serialNumber", "schema": "long"}, {"name": "ok", "schema": "boolean"}]}},
		{"@type": "Telemetry", "name": "named", "schema": {"@type": "Map",
			"mapKey": {"name": "key", "schema": "string"}, "mapValue": {"name": "value", "schema": "integer"}}},
		{"@type": "Property", "name": "serial", "schema": "string"},
		{"@type": "Component", "name": "probe", "schema": "dtmi:test:Probe;1"},
		{"@type": "Component", "name": "battery", "schema": "dtmi:test:Battery;1"}
	]}, {
	"@context": "dtmi:dtdl:context;2", "@id": "dtmi:test:Probe;1", "@type": "Interface",
	"contents": [
		{"@type": "Telemetry", "name": "moisture", "schema": "double"},
		{"@type": "Telemetry", "name": "depth", "schema": "integer"},
		{"@type": "Telemetry", "name": "voltage", "schema": "double"}
	]}, {
	"@context": "dtmi:dtdl:context;2", "@id": "dtmi:test:Battery;1", "@type": "Interface",
	"contents": [
		{"@type": "Telemetry", "name": "voltage", "schema": "double"},
		{"@type": "Telemetry", "name": "charge", "schema": "integer"}]
}]`

func load(t testing.TB, files ...string) *template.Set {
	t.Helper()
	b := template.NewBuilder()
	for _, f := range files {
		if _, err := b.Add("models.json", []byte(f)); err != nil {
			t.Fatal(err)
		}
	}
	set, err := b.Set()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// told writes messages and findings in one line.
func told(r template.Result, err error) string {
	var parts []string
	for _, m := range r.Messages {
		parts = append(parts, strings.TrimPrefix(m.Component+":", ":")+string(m.Body))
	}
	findings := r.Findings
	if mismatch, ok := errors.AsType[*template.Mismatch](err); ok {
		parts = append(parts, "refused")
		findings = mismatch.Findings
	}
	for _, f := range findings {
		parts = append(parts, f.Rule+" "+f.Path)
	}
	return strings.Join(parts, " | ")
}

func TestCoerce(t *testing.T) {
	t.Parallel()
	set := load(t, device)
	for _, tt := range []struct{ name, body, want string }{
		{"fits", `{ "temperature": 21.50, "count":1 }`, `{ "temperature": 21.50, "count":1 }`},
		{"empty", `{}`, `{}`},
		{"number in a string", `{"temperature":" +021.50 "}`, `{"temperature":21.50}`},
		{"exponent in a string", `{"temperature":"-2.50E-3"}`, `{"temperature":-2.50E-3}`},
		{"digits beyond a double", `{"temperature":"1234567890.12345678901234567890"}`,
			`{"temperature":1234567890.12345678901234567890}`},
		{"no number in the string", `{"temperature":"21,5"}`, `{"temperature":"21,5"} | type temperature`},
		{"unit in the string", `{"temperature":"21.5 C"}`, `{"temperature":"21.5 C"} | type temperature`},
		{"not finite", `{"temperature":"NaN"}`, `{"temperature":"NaN"} | type temperature`},
		{"hexadecimal", `{"temperature":"0x10"}`, `{"temperature":"0x10"} | type temperature`},
		{"beyond a double", `{"temperature":1e400}`, `{"temperature":1e400} | range temperature`},
		{"null", `{"temperature":null}`, `{"temperature":null} | type temperature`},
		{"whole number with a point", `{"count":21.0,"total":2.1e1}`, `{"count":21,"total":21}`},
		{"fraction for an integer", `{"count":21.5}`, `{"count":21.5} | type count`},
		{"beyond an integer", `{"count":2147483648}`, `{"count":2147483648} | range count`},
		{"end of an integer", `{"count":-2147483648.0}`, `{"count":-2147483648}`},
		{"beyond an integer, with a point", `{"count":2147483648.0}`, `{"count":2147483648.0} | range count`},
		{"end of a long", `{"total":"9223372036854775807"}`, `{"total":9223372036854775807}`},
		{"beyond a long", `{"total":9223372036854775808}`, `{"total":9223372036854775808} | range total`},
		{"huge exponent", `{"total":1e999999999}`, `{"total":1e999999999} | range total`},
		{"booleans", `{"on":1}`, `{"on":true}`},
		{"boolean word", `{"on":"OFF"}`, `{"on":false}`},
		{"boolean digit", `{"on":"0"}`, `{"on":false}`},
		{"no boolean", `{"on":2}`, `{"on":2} | type on`},
		{"number for a string", `{"label":7}`, `{"label":7} | type label`},
		{"seconds", `{"seen":1700000000}`, `{"seen":"2023-11-14T22:13:20Z"}`},
		{"milliseconds", `{"seen":1700000000123}`, `{"seen":"2023-11-14T22:13:20.123Z"}`},
		{"seconds with a fraction", `{"seen":"1700000000.1234567891"}`, `{"seen":"2023-11-14T22:13:20.1234567891Z"}`},
		{"time with a space", `{"seen":"2026-01-31 08:30:00.5"}`, `{"seen":"2026-01-31T08:30:00.5Z"}`},
		{"time with a bare offset", `{"seen":"2026/1/31 8:30:00+0100"}`, `{"seen":"2026-01-31T08:30:00+01:00"}`},
		{"no time", `{"seen":"yesterday"}`, `{"seen":"yesterday"} | format seen`},
		{"no such day", `{"seen":"2026-02-30T08:30:00Z"}`, `{"seen":"2026-02-30T08:30:00Z"} | format seen`},
		{"duration in seconds", `{"uptime":90}`, `{"uptime":"PT90S"}`},
		{"duration with a fraction", `{"uptime":"1.5e1"}`, `{"uptime":"PT15S"}`},
		{"negative duration", `{"uptime":-90}`, `{"uptime":-90} | type uptime`},
		{"place by long names", `{"place":{"latitude":47.1,"Longitude":"8.50","altitude":400}}`,
			`{"place":{"lat":47.1,"lon":8.50,"alt":400}}`},
		{"place as a list", `{"place":[8.50,47.1]}`, `{"place":{"lat":47.1,"lon":8.50}}`},
		{"place as text", `{"place":"47.1, 8.50"}`, `{"place":{"lat":47.1,"lon":8.50}}`},
		{"place as GeoJSON", `{"place":{"type":"Point","coordinates":[8.50,47.1,400]}}`,
			`{"place":{"lat":47.1,"lon":8.50,"alt":400}}`},
		{"place that loses something", `{"place":{"type":"Point","coordinates":[8.5,47.1],"accuracy":5}}`,
			`{"place":{"type":"Point","coordinates":[8.5,47.1],"accuracy":5}} | type place`},
		{"place out of range", `{"place":[8.5,147.1]}`, `{"place":[8.5,147.1]} | type place`},
		{"point by names", `{"spot":{"lat":47.1,"lng":8.50}}`, `{"spot":{"type":"Point","coordinates":[8.50,47.1]}}`},
		{"point as a list", `{"spot":[8.50,47.1]}`, `{"spot":{"type":"Point","coordinates":[8.50,47.1]}}`},
		{"enum by name", `{"state":"online"}`, `{"state":1}`},
		{"enum by display name", `{"state":"Off line"}`, `{"state":0}`},
		{"enum by case", `{"level":"high"}`, `{"level":"HIGH"}`},
		{"enum with a point", `{"state":1.0}`, `{"state":1}`},
		{"enum in a string", `{"state":"1"}`, `{"state":1}`},
		{"enum of another value", `{"state":7}`, `{"state":7} | enum state`},
		{"array", `{"readings":[1,"2.50",3]}`, `{"readings":[1,2.50,3]}`},
		{"array with a fault", `{"readings":[1,"x"]}`, `{"readings":[1,"x"]} | type readings[1]`},
		{"fields", `{"sensor":{"Serial-Number":"7","OK":1}}`, `{"sensor":{"serialNumber":7,"ok":true}}`},
		{"unknown field", `{"sensor":{"ok":true,"colour":1}}`,
			`{"sensor":{"ok":true,"colour":1}} | unknown sensor.colour`},
		{"map", `{"named":{"a b":1.0,"c":2}}`, `{"named":{"a b":1,"c":2}}`},
		{"name in another case", `{"Temperature":"21.5"}`, `{"temperature":21.5}`},
		{"name with dashes", `{"tempera-ture":1,"C_o.u n t":2}`, `{"temperature":1,"count":2}`},
		{"escaped name", `{"\u0074emperature":"1"}`, `{"temperature":1}`},
		{"two claims to a name", `{"temperature":1,"Temperature":2}`,
			`{"temperature":1,"Temperature":2} | unknown Temperature`},
		{"unknown", `{"temprature":1}`, `{"temprature":1} | unknown temprature`},
		{"property", `{"serial":"7"}`, `{"serial":"7"} | unknown serial`},
		{"telemetry of a component", `{"temperature":1,"moisture":"2.0","charge":3.0}`,
			`{"temperature":1} | probe:{"moisture":2.0} | battery:{"charge":3}`},
		{"only telemetry of a component", `{"moisture":2}`, `probe:{"moisture":2}`},
		{"telemetry of two components", `{"voltage":2}`, `{"voltage":2} | unknown voltage`},
		{"telemetry with its component's name", `{"battery.voltage":"3.3","Probe_Voltage":2,"temperature":1}`,
			`{"temperature":1} | probe:{"voltage":2} | battery:{"voltage":3.3}`},
		{"telemetry twice", `{"battery.charge":1,"charge":2}`,
			`{"battery.charge":1,"charge":2} | unknown battery.charge | unknown charge`},
		{"object for a component", `{"count":1,"battery":{"Voltage":"3.3","charge":5}}`,
			`{"count":1} | battery:{"voltage":3.3,"charge":5}`},
		{"object for a component, and flat", `{"probe":{"depth":1},"moisture":2}`, `probe:{"moisture":2,"depth":1}`},
		{"object for a component with an unknown", `{"probe":{"depth":1,"colour":2}}`,
			`probe:{"depth":1,"colour":2} | unknown probe.colour`},
		{"component without an object", `{"probe":1}`, `{"probe":1} | unknown probe`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := told(set.Fit(input(tt.body), template.Policy{Mode: template.Coerce}))
			if got != tt.want {
				t.Errorf("Fit(%s)\n got %s\nwant %s", tt.body, got, tt.want)
			}
		})
	}
}
