package config_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/function/internal/config"
)

// loadFile loads a configuration file beside good variables.
func loadFile(t *testing.T, file string, env ...string) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mayfly.yaml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load(append([]string{"ID_SCOPE=0ne1", "GROUP_KEY=" + goodKey, "CONFIG=" + path}, env...))
	return err
}

// A key's last day that cannot be read is told at the start: it must not mean that
// there is none.
func TestExpiryIsRead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		expires string
		good    bool
	}{
		{"2027-01-31", true}, {`"2027-01-31"`, true}, {"2027-01-31T08:30:00Z", true},
		{"2027-01-31T08:30:00+02:00", true},
		{"31.01.2020", false}, {"2020-13-45", false}, {"2020-02-30", false}, {"yesterday", false},
		{`"2020-01-31 "`, false}, {"2020-01-31T10:00", false},
		{`""`, false}, {"", false}, {"0001-01-01", false}, {"[2027-01-31]", false}, {"1800000000", false},
	} {
		t.Run(tt.expires, func(t *testing.T) {
			t.Parallel()
			err := loadFile(
				t,
				"callers:\n  - name: a\n    keys:\n      - hash: "+hashOf("k")+"\n        expires: "+tt.expires+"\n",
				"AUTH=keys",
			)
			if (err == nil) != tt.good {
				t.Errorf("got %v", err)
			}
		})
	}
}

// What would let callers in unchecked stops the start.
func TestUncheckedCallersStopTheStart(t *testing.T) {
	t.Parallel()
	callers := `callers: [{name: a, keys: ["` + hashOf("k") + `"], devices: ["a-*"]}]`
	for name, tt := range map[string]struct {
		file string
		env  []string
		want string // the variable or member
	}{
		"callers, and the platform is asked": {callers, []string{"FUNCTIONS_CUSTOMHANDLER_PORT=7000"}, "AUTH"},
		"callers, and nobody is asked":       {callers, []string{"AUTH=none"}, "AUTH"},
		"API_KEYS, and nobody is asked":      {"", []string{"AUTH=none", "API_KEYS=a=" + hashOf("k")}, "AUTH"},
		"issuers, and the platform is asked": {`tokens: [{name: a, issuer: b, audience: c, jwks: "https://` +
			`x.example/k"}]`, []string{"AUTH=platform"}, "AUTH"},
		"two callers with one key": {`callers: [{name: a, keys: ["` + hashOf("k") + `"], devices: ` +
			`["a-*"]}, {name: b, keys: ["` + hashOf("k") + `"]}]`, []string{"AUTH=keys"}, "callers[1].keys[0]"},
		"a key of API_KEYS and the file": {callers, []string{"AUTH=keys", "API_KEYS=b=" + hashOf("k")},
			"callers[0].keys[0]"},
		"a second document, which nobody reads": {"callers: []\n---\nsources: [{name: x, deviceId: .id, " +
			"measurements: ., allowFrom: [192.0.2.1]}]\n", []string{"AUTH=none"}, "one document"},
		"a source with a native route's name": {`sources: [{name: device, deviceId: .id, measurements: .}]`,
			[]string{"AUTH=none"}, "sources[0].name"},
		"hubs under a whole top-level domain": {"", []string{"AUTH=none", "HUB_SUFFIXES=com"}, "HUB_SUFFIXES"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := loadFile(t, tt.file, tt.env...)
			faults, _ := errors.AsType[config.FaultsError](err)
			if len(faults) != 1 || !strings.Contains(faults[0].String(), tt.want) {
				t.Errorf("got %v, want a fault of %s", err, tt.want)
			}
		})
	}
}

func hashOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "sha256:" + hex.EncodeToString(sum[:])
}
