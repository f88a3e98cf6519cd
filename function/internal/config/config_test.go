package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/function/internal/config"
	"mayfly/function/internal/platform"
)

const goodKey = "bWF5Zmx5LWVtdWxhdG9yLWRldmVsb3BtZW50LWdyb3VwLWtleQ=="

func TestLoad(t *testing.T) {
	t.Parallel()
	c, err := config.Load(
		[]string{
			"ID_SCOPE=0ne00123ABC",
			"GROUP_KEY=" + goodKey,
			"AUTH=none",
			"REQUEST_TIMEOUT=",
			"LOG_LEVEL=debug",
			"HUB_IDLE_TIMEOUT=0",
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	if c.IDScope != "0ne00123ABC" || c.DPSEndpoint != "global.azure-devices-provisioning.net" ||
		c.RequestTimeout != 30*time.Second ||
		c.HubIdleTimeout != 0 || c.Port != "8080" || c.Host != platform.Server ||
		c.LogLevel != slog.LevelDebug ||
		c.BodyLimit != 1<<20 {
		t.Errorf("%+v", c)
	}
}

func TestConfigFaults(t *testing.T) {
	t.Parallel()
	good := []string{"ID_SCOPE=0ne00123ABC", "GROUP_KEY=" + goodKey, "AUTH=none"}
	tests := []struct {
		name string
		vars []string // on top of good
		want []string // the variables that are at fault
	}{
		{"nothing is set", []string{"ID_SCOPE=", "GROUP_KEY=", "AUTH="}, []string{"AUTH", "GROUP_KEY", "ID_SCOPE"}},
		{"nothing to change", nil, nil},
		{
			"connection string for a key",
			[]string{"GROUP_KEY=HostName=x;SharedAccessKey=" + goodKey},
			[]string{"GROUP_KEY"},
		},
		{"secondary key", []string{"GROUP_KEY_SECONDARY=?"}, []string{"GROUP_KEY_SECONDARY"}},
		{
			"unresolved reference",
			[]string{"GROUP_KEY=@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/k)"},
			[]string{"GROUP_KEY"},
		},
		{"scope is a URL", []string{"ID_SCOPE=https://x"}, []string{"ID_SCOPE"}},
		{"endpoint over plain HTTP", []string{"DPS_ENDPOINT=http://x"}, []string{"DPS_ENDPOINT"}},
		{"endpoint with a path", []string{"DPS_ENDPOINT=https://x/y"}, []string{"DPS_ENDPOINT"}},
		{"endpoint of an instance", []string{"DPS_ENDPOINT=my.azure-devices-provisioning.net"}, nil},
		{"endpoint with a port", []string{"DPS_ENDPOINT=https://127.0.0.1:7443"}, nil},
		{"hint is a URL", []string{"HUB_HINT=https://h.azure-devices.net"}, []string{"HUB_HINT"}},
		{"model", []string{"MODEL_ID=thermostat"}, []string{"MODEL_ID"}},
		{
			"times",
			[]string{"REQUEST_TIMEOUT=30", "HUB_IDLE_TIMEOUT=-1s", "DEDUP_WINDOW=week"},
			[]string{"DEDUP_WINDOW", "HUB_IDLE_TIMEOUT", "REQUEST_TIMEOUT"},
		},
		{"no time at all", []string{"REQUEST_TIMEOUT=0s"}, []string{"REQUEST_TIMEOUT"}},
		{"limit", []string{"BODY_LIMIT=lots"}, []string{"BODY_LIMIT"}},
		{"port", []string{"PORT=99999", "ID_SCOPE="}, []string{"ID_SCOPE", "PORT"}},
		{
			"port of the Functions host",
			[]string{"FUNCTIONS_CUSTOMHANDLER_PORT=abc"},
			[]string{"FUNCTIONS_CUSTOMHANDLER_PORT"},
		},
		{"address", []string{"HOST=http://here"}, []string{"HOST"}},
		{"address of IPv6", []string{"HOST=::1"}, nil},
		{"log", []string{"LOG_LEVEL=loud", "LOG_FORMAT=xml"}, []string{"LOG_FORMAT", "LOG_LEVEL"}},
		{"auth", []string{"AUTH=maybe"}, []string{"AUTH"}},
		{"keys without callers", []string{"AUTH=keys"}, []string{"API_KEYS"}},
		{"callers with a key and no hash", []string{"AUTH=keys", "API_KEYS=gate=hunter2"}, []string{"API_KEYS"}},
		{"callers with half a hash", []string{"AUTH=keys", "API_KEYS=gate=sha256:abcd"}, []string{"API_KEYS"}},
		{"auth on Azure", []string{"AUTH=", "FUNCTIONS_CUSTOMHANDLER_PORT=7000"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(append(append([]string{}, good...), tt.vars...))
			var faults config.FaultsError
			if errors.As(err, &faults) != (len(tt.want) > 0) {
				t.Fatalf("error %v, want faults of %v", err, tt.want)
			}
			var got []string
			for _, f := range faults {
				got = append(got, f.Variable)
				if f.Problem == "" {
					t.Errorf("%s: no word on what is wrong", f.Variable)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("faults (-want +got):\n%s\n%v", diff, err)
			}
			for _, v := range tt.vars {
				if name, value, _ := strings.Cut(v, "="); strings.HasSuffix(name, "KEY") || name == "API_KEYS" {
					if err != nil && len(value) > 6 && strings.Contains(err.Error(), value) {
						t.Errorf("the secret shows: %v", err)
					}
				}
			}
		})
	}
}

func TestConfigShowsNoSecret(t *testing.T) {
	t.Parallel()
	c, err := config.Load([]string{"ID_SCOPE=0ne00123ABC", "GROUP_KEY=" + goodKey, "AUTH=none"})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%v %+v %#v", c, c, c)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "config", c)
	if err := json.NewEncoder(&out).Encode(c); err != nil {
		t.Error(err)
	}
	if strings.Contains(out.String(), goodKey) {
		t.Errorf("the key shows: %s", out.String())
	}
}
