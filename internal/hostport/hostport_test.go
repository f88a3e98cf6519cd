package hostport_test

import (
	"testing"

	"mayfly/internal/hostport"
)

// Only a host with an optional port is taken for one; what looks like this machine at its beginning or at its end is
// not this machine.
func TestHosts(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]struct {
		host     string
		loopback bool
	}{
		"localhost":                     {"localhost", true},
		"LOCALHOST:7433":                {"localhost", true},
		"localhost.:7433":               {"localhost", true},
		"localhost:":                    {"localhost", true},
		"127.0.0.1:7433":                {"127.0.0.1", true},
		"127.9.9.9":                     {"127.9.9.9", true},
		"[::1]":                         {"::1", true},
		"[::1]:7433":                    {"::1", true},
		"[::ffff:127.0.0.1]:7433":       {"::ffff:127.0.0.1", true},
		"localhost:7433.evil.example":   {"", false},
		"127.0.0.1:7433.evil.example":   {"", false},
		"localhost:7433@evil.example":   {"", false},
		"localhost:+7433":               {"", false},
		"localhost:999999":              {"", false},
		"[::1]:7433.evil.example":       {"", false},
		"[::1].evil.example":            {"", false},
		"[::1":                          {"", false},
		"[localhost]:7433":              {"", false},
		"[127.0.0.1]:7433":              {"", false},
		"[::1%lo]:7433":                 {"", false},
		"localhost..":                   {"localhost.", false},
		"localhost.evil.example:7433":   {"localhost.evil.example", false},
		"user@localhost:7433":           {"user@localhost", false},
		"evil.example#localhost":        {"evil.example#localhost", false},
		"127.0.0.1.evil.example":        {"127.0.0.1.evil.example", false},
		"127.1":                         {"127.1", false},
		"2130706433":                    {"2130706433", false},
		"0.0.0.0:7433":                  {"0.0.0.0", false},
		"localhost:7433:1":              {"localhost:7433:1", false},
		"hub-1.azure-devices.net:443":   {"hub-1.azure-devices.net", false},
		"hub-1.azure-devices.net:443.x": {"", false},
		"":                              {"", false},
	} {
		if got := hostport.Host(header); got != want.host || hostport.IsLoopback(got) != want.loopback {
			t.Errorf("%q: %q, loopback %v; want %q, %v", header, got, hostport.IsLoopback(got), want.host,
				want.loopback)
		}
	}
}
