package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const lookupsText = `lookups:
  - name: weather
    url: '@uri "https://weather.example/v1?lat=\(.lat)&lon=\(.lon)"'
    key: '[.lat, .lon] | map(floor)'
    select: .current
    headers: {Authorization: file:token.txt}
    ttl: 10m
    stale: 1h
    timeout: 1s
    rate: 10/s
    failed: refuse
  - {name: site, url: 'http://127.0.0.1:8080/\($message.deviceId|@uri)', allow: private}
`

// inFolder writes files into a new folder, and gives the environment of a start with its mayfly.yaml.
func inFolder(t *testing.T, files map[string]string) (path string, environ []string) {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path = filepath.Join(folder, "mayfly.yaml")
	return path, []string{"ID_SCOPE=0ne1", "GROUP_KEY=bWF5Zmx5", "AUTH=none", "CONFIG=" + path}
}

func TestLookups(t *testing.T) {
	t.Parallel()
	path, environ := inFolder(t, map[string]string{"mayfly.yaml": lookupsText, "token.txt": "Bearer s3cret"})
	c, err := Load(environ)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Lookups) != 2 || c.Lookups[0].Name != "weather" || !c.Lookups[0].Refuse || !c.Lookups[1].Private {
		t.Errorf("%+v", c.Lookups)
	}
	report := CheckFile(nil, path)
	secrets := 0
	for _, f := range report.Files {
		if f.Secret && f.Name == "token.txt" {
			secrets++
		}
	}
	if len(report.Faults) > 0 || secrets != 1 {
		t.Errorf("%v, files %+v", report.Faults, report.Files)
	}
}

// TestLookupFaults: each fault names the line and the column of its member, and what would be right.
func TestLookupFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"host of a value": {"lookups:\n  - name: a\n    url: '\"https://\\(.host)/\"'\n",
			"mayfly.yaml:3:10: lookups[0].url: look-up a: must begin with a constant scheme and host"},
		"not jq": {"lookups:\n  - name: a\n    url: '\"https://h.example/\\(.a\"'\n",
			"mayfly.yaml:3:"},
		"no such function": {"lookups:\n  - name: a\n    url: https://h.example/\n    key: nothing(.a)\n",
			"mayfly.yaml:4:10: lookups[0].key: look-up a: function not defined: nothing/1"},
		"twice": {"lookups:\n  - {name: a, url: 'https://h.example/'}\n  - {name: a, url: 'https://h.example/'}\n",
			"mayfly.yaml:3:12: lookups[1].name: look-up a: another look-up has this name"},
		"an address": {"lookups:\n  - {name: a, url: 'https://10.0.0.1/'}\n",
			"mayfly.yaml:2:20: lookups[0].url: look-up a: 10.0.0.1 is not a public address: allow: private permits it"},
		"http": {"lookups:\n  - {name: a, url: 'http://h.example/'}\n",
			"mayfly.yaml:2:20: lookups[0].url: look-up a: must be https; http goes with allow: private only"},
		"a key that is not there": {"lookups:\n  - {name: a, url: 'https://h.example/', headers: {K: file:none}}\n",
			"lookups[0].headers.K: look-up a: "},
		"an unknown member": {"lookups:\n  - {name: a, url: 'https://h.example/', retries: 3}\n",
			"mayfly.yaml:2:"},
		"a time": {"lookups:\n  - {name: a, url: 'https://h.example/', timeout: 1m}\n",
			"lookups[0].timeout: look-up a: must be from 50ms to 10s, it is 1m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, environ := inFolder(t, map[string]string{"mayfly.yaml": tt.text})
			_, err := Load(environ)
			if err == nil {
				t.Fatal("no fault")
			}
			lines := strings.Split(err.Error(), "\n")
			if !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, tt.want) }) {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}
