package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/function/internal/config"
	"mayfly/transform"
	"mayfly/transform/signing"
)

// A built-in source that is signed makes the same messages: what proves its sender, and is hidden then, is needed for
// none of them, but for devices that are named by it: they need another name then.
func TestSamplesOfSignedSources(t *testing.T) {
	t.Parallel()
	const public = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9
q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==
-----END PUBLIC KEY-----`
	builtin := transform.New()
	for _, name := range builtin.SourceNames() {
		text, _ := transform.BuiltinText(name)
		d, err := transform.ParseDefinition(text)
		if err != nil || d.Signature == nil {
			continue
		}
		own := "secrets: [s]"
		switch {
		case d.Signature.Scheme == signing.Certificate:
			own = ""
		case d.Signature.Scheme == signing.JWT && d.Signature.Algorithm != "HS256":
			own = fmt.Sprintf("algorithm: ES256, secrets: [%q]", public)
		}
		path := filepath.Join(t.TempDir(), "mayfly.yaml")
		file := fmt.Sprintf("sources: [{from: %s, signature: {%s}}]\n", name, own)
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		report := config.CheckFile([]string{"AUTH=none"}, path)
		if len(report.Faults) > 0 {
			t.Errorf("%s: %v", name, report.Faults)
			continue
		}
		signed, err := report.Transformer.Source(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, of := range d.Samples {
			got, want, err := signed.Prove(t.Context(), of)
			if err != nil && !d.SecretID.IsZero() && strings.Contains(err.Error(), "deviceId is missing") {
				continue
			}
			if err != nil || len(transform.Differences(got, want, false)) > 0 {
				t.Errorf("%s, %s: %v, %v", name, of.Name, err, transform.Differences(got, want, false))
			}
		}
	}
}
