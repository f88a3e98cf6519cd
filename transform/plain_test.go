package transform

import (
	"encoding/json"
	"testing"

	"mayfly/transform/rules"
)

// plain and the tags say the same.
func FuzzPlain(f *testing.F) {
	f.Add("a-1", "dtmi:x:Y;1", "gw", "c", "m-1", `1591647414`, `{}`)
	f.Add("a b", "urn:x", "g.", "_c", "m 1", `"noon"`, `[]`)
	f.Add("", "", "", "", "", ``, ``)
	validator := &rules.Rules{}
	f.Fuzz(func(t *testing.T, id, model, gateway, component, message, at, measurements string) {
		n := native{
			Device:    nativeDevice{DeviceID: id, ModelID: model, GatewayID: gateway},
			ModelID:   model,
			Component: component, MessageID: message, Timestamp: json.RawMessage(at), Measurements: json.RawMessage(measurements),
		}
		if err := validator.Struct(&n); (err == nil) != n.plain() {
			t.Errorf("plain says %v, the validator %v: %+v", n.plain(), err, n)
		}
	})
}
