package message_test

import (
	"strings"
	"testing"

	"mayfly/transform/message"
)

func TestValidModelID(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"dtmi:example:Thermostat;1":                 true,
		"dtmi:a;1":                                  true,
		"dtmi:com:x_y:Z9;12":                        true,
		"dtmi:com:example:Thermostat;1.2":           true,
		"dtmi:com:example:Thermostat":               true,
		"dtmi:a:" + strings.Repeat("b", 118) + ";1": true,
		"dtmi:a:" + strings.Repeat("b", 120) + ";1": false,
		"":                            false,
		"dtmi:":                       false,
		"dtmi:;1":                     false,
		"dtmi:a;":                     false,
		"dtmi:a;0":                    false,
		"dtmi:a;01":                   false,
		"dtmi:a;1.0":                  false,
		"dtmi:a;1.2.3":                false,
		"dtmi:a;x":                    false,
		"dtmi:a;1234567890":           false,
		"dtmi:a:;1":                   false,
		"dtmi:_a;1":                   false,
		"dtmi:a_;1":                   false,
		"dtmi:1a;1":                   false,
		"dtmi:a b;1":                  false,
		"dtmi:é;1":                    false,
		"DTMI:a;1":                    false,
		"urn:example:thermostat:1":    false,
		"dtmi:example:Thermostat;1\n": false,
	} {
		if got := message.ValidModelID(id); got != want {
			t.Errorf("%q: %v", id, got)
		}
	}
}
