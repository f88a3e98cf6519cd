package deploy_test

import (
	"os"
	"strings"
	"testing"
)

// Both clouds raise an alarm for the codes that only an operator can do something about.
func TestAlarmsKnowTheOperatorsCodes(t *testing.T) {
	t.Parallel()
	for file, codes := range map[string][]string{
		"../template.yaml":       {"bridge-misconfigured", "dps-misconfigured", "hub-quota"},
		"azure/azuredeploy.json": {"bridge-misconfigured", "dps-misconfigured", "hub-quota", "unsupported-host"},
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range codes {
			if !strings.Contains(string(text), code) {
				t.Errorf("%s: no alarm for %s", file, code)
			}
		}
	}
}
