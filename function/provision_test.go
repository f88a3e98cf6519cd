package function_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/emulator"
	"mayfly/function"
)

// What DPS is told with a registration.
func TestRegistrationPayload(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		vars []string
		body string
		want string
	}{
		"nothing": {nil, `{"device":{"deviceId":"d"},"measurements":{}}`, ``},
		"model": {nil, `{"device":{"deviceId":"d","modelId":"dtmi:a:B;1"},"measurements":{}}`,
			`{"modelId":"dtmi:a:B;1","iotcModelId":"dtmi:a:B;1"}`},
		"model of the fleet": {[]string{"MODEL_ID=dtmi:f:F;2"}, `{"device":{"deviceId":"d"},"measurements":{}}`,
			`{"modelId":"dtmi:f:F;2","iotcModelId":"dtmi:f:F;2"}`},
		"its own goes before": {[]string{"MODEL_ID=dtmi:f:F;2"}, `{"device":{"deviceId":"d",` +
			`"modelId":"dtmi:a:B;1"},"measurements":{}}`, `{"modelId":"dtmi:a:B;1","iotcModelId":"dtmi:a:B;1"}`},
		"gateway": {nil, `{"device":{"deviceId":"d","gatewayId":"gw-1"},"measurements":{}}`, `{"iotcGateway":{` +
			`"iotcGatewayId":"gw-1"}}`},
		"gateway and model": {nil, `{"device":{"deviceId":"d","gatewayId":"gw-1","modelId":"dtmi:a:B;1"},` +
			`"measurements":{}}`, `{"modelId":"dtmi:a:B;1","iotcModelId":"dtmi:a:B;1","iotcGateway":{` +
			`"iotcGatewayId":"gw-1"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			azure := newAzure(t, emulator.Config{AssignAtOnce: true})
			s := instance(t, azure, tt.vars...)
			w := httptest.NewRecorder()
			s.ServeHTTP(
				w,
				httptest.NewRequestWithContext(
					t.Context(),
					http.MethodPost,
					"/api/telemetry",
					strings.NewReader(tt.body),
				),
			)
			if w.Code != http.StatusOK {
				t.Fatal(w.Body)
			}
			for _, c := range azure.Calls() {
				if c.Op == emulator.OpRegister && string(c.Payload) != tt.want {
					t.Errorf("payload %s, want %s", c.Payload, tt.want)
				}
			}
		})
	}
}

// DPS holds on to the key of a device's first registration for a while
// (azure-iot-sdk-node issue 721): after the group's keys were swapped in the
// configuration, the one or the other still works for every device.
func TestSwappedKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		azure := newAzure(t, emulator.Config{GroupKeySecondary: goodKey, OneUseKey: true})
		first := instance(t, azure)
		send(
			t,
			5,
			1,
			5*time.Second,
			func(i int) (*function.Service, string) { return first, "dev-" + string(rune('a'+i)) },
		).want(t, 5, 5)
		c, err := function.LoadConfig(
			[]string{
				"ID_SCOPE=" + azure.IDScope(),
				"GROUP_KEY=" + goodKey,
				"GROUP_KEY_SECONDARY=" + azure.GroupKey(),
				"AUTH=none",
			},
		)
		if err != nil {
			t.Fatal(err)
		}
		swapped := function.New(
			c,
			function.Dependencies{
				DPS: azure.RoundTripper(),
				Hub: azure.RoundTripper(),
				Log: slog.New(slog.DiscardHandler),
			},
		)
		send(
			t,
			10,
			1,
			5*time.Second,
			func(i int) (*function.Service, string) { return swapped, "dev-" + string(rune('a'+i)) },
		).want(t, 10, 10)
	})
}
