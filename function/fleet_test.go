package function_test

import (
	"net/http"
	"strings"
	"testing"

	"mayfly/emulator"
)

// byScope carries calls to the Azure whose ID scope or hub they name.
type byScope map[string]http.RoundTripper

func (b byScope) RoundTrip(r *http.Request) (*http.Response, error) {
	scope, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if to, ok := b[scope]; ok {
		return to.RoundTrip(r)
	}
	return b[r.URL.Host].RoundTrip(r)
}

// Fleets are chosen by the message, the caller or the source, and none of them
// ever stands in for another: the same device id is three devices.
func TestFleets(t *testing.T) {
	t.Parallel()
	world := byScope{}
	azures := map[string]*emulator.Emulator{}
	for _, name := range []string{"main", "north", "south"} {
		azure, err := emulator.New(
			emulator.Config{AssignAtOnce: true, IDScope: "0ne" + name, Hubs: []string{name + ".azure-devices.net"}},
		)
		if err != nil {
			t.Fatal(err)
		}
		azures[name], world["0ne"+name], world[name+".azure-devices.net"] = azure, azure.RoundTripper(),
			azure.RoundTripper()
	}
	file := `fleets:
  - {name: north, idScope: 0nenorth, groupKey: ` + azures["north"].GroupKey() + `, modelId: "dtmi:x:North;1"}
  - {name: south, idScope: 0nesouth, groupKey: ` + azures["south"].GroupKey() + `}
callers:
  - {name: plain, keys: ["{key plain}"]}
  - {name: north, keys: ["{key north}"], fleets: [north]}
  - {name: both, keys: ["{key both}"], fleets: [south, north]}
sources:
  - {name: tosouth, deviceId: .id, fleet: '"south"', measurements: "{n: 1}"}
  - {name: signed, deviceId: .id, fleet: .fleet, measurements: "{n: 1}", signature: {secrets: [s], header: X-Sig}}
`
	for name, tt := range map[string]struct {
		key, target, body string
		want, where       string
	}{
		"nothing said":          {"plain", "/api/devices/d/telemetry", `{"n":1}`, ok, "main"},
		"not the caller's":      {"plain", "/api/devices/d/telemetry?fleet=north", `{"n":1}`, forbidden, ""},
		"the caller's":          {"north", "/api/devices/d/telemetry", `{"n":1}`, ok, "north"},
		"the caller's, by name": {"north", "/api/devices/d/telemetry?fleet=north", `{"n":1}`, ok, "north"},
		"another's":             {"north", "/api/devices/d/telemetry?fleet=south", `{"n":1}`, forbidden, ""},
		"no such fleet":         {"north", "/api/devices/d/telemetry?fleet=west", `{"n":1}`, forbidden, ""},
		"first of several":      {"both", "/api/devices/d/telemetry", `{"n":1}`, ok, "south"},
		"message chooses": {"both", "/api/telemetry", `{"device":{"deviceId":"d","fleet":"north"},` +
			`"measurements":{"n":1}}`, ok, "north"},
		"messages choose": {"both", "/api/telemetry", `[{"device":{"deviceId":"d",` +
			`"fleet":"north"},"measurements":{"n":1}},{"device":{"deviceId":"d","fleet":"south"},` +
			`"measurements":{"n":1}}]`, ok, "north south"},
		"one message of another's": {"north", "/api/telemetry", `[{"device":{"deviceId":"d",` +
			`"fleet":"north"},"measurements":{"n":1}},{"device":{"deviceId":"d","fleet":"south"},` +
			`"measurements":{"n":1}}]`, forbidden, ""},
		"source chooses":               {"both", "/api/tosouth", `{"id":"d"}`, ok, "south"},
		"source chooses, not caller's": {"north", "/api/tosouth", `{"id":"d"}`, forbidden, ""},
		"signed":                       {"", "/api/signed", `{"id":"d","fleet":"south"}`, ok, "south"},
		"signed, says nothing":         {"", "/api/signed", `{"id":"d"}`, ok, "main"},
		"signed, no such fleet":        {"", "/api/signed", `{"id":"d","fleet":"../main"}`, forbidden, ""},
		"not at home, though elsewhere": {"north", "/api/devices/blocked/telemetry", `{"n":1}`,
			"Forbidden device-refused", ""},
	} {
		t.Run(name, func(t *testing.T) {
			before := map[string]int{}
			for at, azure := range azures {
				before[at] = len(azure.Events())
			}
			azures["north"].Block("blocked")
			h := bridgeOn(t, azures["main"], world, file)
			headers := []string{"X-Api-Key", tt.key}
			if tt.key == "" {
				headers = []string{"X-Sig", sign("s", tt.body)}
			}
			if got := h.send(http.MethodPost, tt.target, tt.body, headers...); got != tt.want {
				t.Errorf("%s, want %s\n%s", got, tt.want, h.log.String())
			}
			var where []string
			for _, at := range []string{"main", "north", "south"} {
				if len(azures[at].Events()) > before[at] {
					where = append(where, at)
				}
			}
			if got := strings.Join(where, " "); got != tt.where {
				t.Errorf("it is at %q, want %q", got, tt.where)
			}
		})
	}
}

// Without ID_SCOPE there is no fleet but those of the file.
func TestFleetsOnly(t *testing.T) {
	t.Parallel()
	azure, err := emulator.New(emulator.Config{AssignAtOnce: true})
	if err != nil {
		t.Fatal(err)
	}
	h := bridgeOn(
		t,
		azure,
		azure.RoundTripper(),
		`fleets: [{name: north, idScope: `+azure.IDScope()+`, groupKey: `+azure.GroupKey()+`}]`,
		"AUTH=none",
		"ID_SCOPE=",
		"GROUP_KEY=",
	)
	if got := h.send(http.MethodPost, "/api/devices/d/telemetry", `{"n":1}`); got != "Unprocessable Entity "+
		"invalid-message" {
		t.Error(got)
	}
	if got := h.send(http.MethodPost, "/api/devices/d/telemetry?fleet=north", `{"n":1}`); got != ok {
		t.Error(got)
	}
}

// A device's token goes to hubs only, whatever DPS says.
func TestForeignHub(t *testing.T) {
	t.Parallel()
	for hub, want := range map[string]string{
		"h.azure-devices.net": ok, "h.azure-devices.us": ok, "h.azure-devices.cn": ok, "H.AZURE-DEVICES.NET": ok,
		"evil.example": "Bad Gateway dps-unreachable", "azure-devices.net": "Bad Gateway dps-unreachable",
		"evilazure-devices.net":            "Bad Gateway dps-unreachable",
		"h.azure-devices.net.evil.example": "Bad Gateway dps-unreachable",
		"h.mine.example":                   ok, "mine.example": "Bad Gateway dps-unreachable", "127.0.0.1:8443": ok,
		"127.0.0.2:8443": "Bad Gateway dps-unreachable",
	} {
		t.Run(hub, func(t *testing.T) {
			t.Parallel()
			azure, err := emulator.New(emulator.Config{AssignAtOnce: true})
			if err != nil {
				t.Fatal(err)
			}
			upstream := roundTripFunc(func(r *http.Request) (*http.Response, error) {
				if !strings.Contains(r.URL.Host, "provisioning") {
					if r.URL.Host != hub {
						t.Errorf("called %s", r.URL.Host)
					}
					return stored{}.RoundTrip(r)
				}
				return answer(
					200,
					`{"status":"assigned","assignedHub":"`+hub+`","deviceId":"d","registrationState":{`+
						`"status":"assigned","assignedHub":"`+hub+`","deviceId":"d"}}`,
				), nil
			})
			h := bridgeOn(
				t,
				azure,
				upstream,
				"",
				"AUTH=none",
				"HUB_SUFFIXES=.mine.example, 127.0.0.1",
				"REQUEST_TIMEOUT=1s",
			)
			if got := h.send(http.MethodPost, "/api/devices/d/telemetry", `{"n":1}`); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}
