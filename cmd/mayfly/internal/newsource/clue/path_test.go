package clue_test

import (
	"testing"

	"mayfly/cmd/mayfly/internal/newsource/clue"
)

func TestPathID(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/hooks/weather/station-42/data":         "station-42",
		"/v2/devices/cellar/readings":            "cellar",
		"/api/v1.2/sensors/7":                    "7",
		"/a1b2c3d4":                              "a1b2c3d4",
		"/hook":                                  "",
		"/v1/in":                                 "",
		"/2026/in":                               "",
		"/x-1/y-2":                               "",
		"/devices/a%20b":                         "",
		"":                                       "",
		"/hook/0123456789abcdef0123456789abcdef": "",
	} {
		if _, id, _ := clue.PathID(path); id != want {
			t.Errorf("%s: %q, want %q", path, id, want)
		}
	}
	at, id, shown := clue.PathID("/hook/0123456789abcdef0123456789abcdef/station-42")
	if at != 2 || id != "station-42" || shown != "/hook/removed/station-42" {
		t.Errorf("%d %q %q: want the key out", at, id, shown)
	}
}
