package config_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"mayfly/function/internal/config"
)

// The least and the greatest that each variable may be.
func TestLimits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		variable string
		good     []string
		wrong    []string
	}{
		{"REQUEST_TIMEOUT", []string{"1s", "15m"}, []string{"999ms", "15m1ns", "-1s"}},
		{"DEDUP_WINDOW", []string{"0", "24h"}, []string{"-1ns", "24h1ns"}},
		{"HUB_IDLE_TIMEOUT", []string{"0", "99h"}, []string{"-1ns"}},
		{"LEAF_LIFETIME", []string{"1h", "8760h"}, []string{"59m59s", "8760h1ns"}},
		{"BODY_LIMIT", []string{"1", "104857600"}, []string{"0", "104857601", "-1"}},
		{"MAX_IN_FLIGHT", []string{"1", "1000000"}, []string{"0", "1000001"}},
		{"MAX_MESSAGES", []string{"1", "1000000"}, []string{"0", "1000001"}},
		{"DEVICE_RATE", []string{"1/h", "1000000000/s"}, []string{"0/s", "1000000001/s"}},
		{"QUEUE", []string{"file:q", "nats://n:4222"}, []string{"kafka:x", "sqs:x"}},
		{"QUEUE_WORKERS", []string{"1", "1000"}, []string{"0", "1001"}},
		{"QUEUE_SIGNING_KEY", []string{strings.Repeat("k", 16)}, []string{"short", strings.Repeat("k", 16) + ","}},
		{"DURABLE", []string{"never"}, []string{"always", "fallback", "sometimes"}}, // two of them need QUEUE
		{"PORT", []string{"0", "65535"}, []string{"-1", "65536", "http"}},
		{"HOST", []string{"127.0.0.1", "::1", "[::1]", "localhost"}, []string{"http://here", strings.Repeat("a", 254)}},
		{"ID_SCOPE", []string{"0ne00123ABC", strings.Repeat("a", 64)}, []string{strings.Repeat("a", 65), "a b", "a/b"}},
		{"HUB_HINT", []string{"h.azure-devices.net", "H.AZURE-DEVICES.CN"},
			[]string{"azure-devices.net", "h.example.com"}},
		{"HUB_SUFFIXES", []string{".hubs.example", "localhost", "127.0.0.1"}, []string{"com", ".com", "a b.c"}},
		{"DPS_ENDPOINT", []string{"dps.example", "https://dps.example:7443/"},
			[]string{"http://dps.example", "https://u@dps.example", "https://dps.example?x"}},
		{"METRICS_NAMESPACE", []string{"Mayfly", "a/b.c_d-e#f:g"},
			[]string{"AWS/x", ":a", "a b", "Ä", strings.Repeat("x", 256)}},
		{"LOG_FORMAT", []string{"json", "text"}, []string{"JSON", "logfmt"}},
		{"TRUSTED_PROXIES", []string{"10.0.0.0/8,::1"}, []string{"10.0.0.0/33"}},
		{"TLS_CERT", nil, []string{"/no/such/file"}},
	} {
		load := func(value string) error {
			_, err := config.Load(
				[]string{"ID_SCOPE=0ne1", "GROUP_KEY=" + goodKey, "AUTH=none", tt.variable + "=" + value},
			)
			return err
		}
		for _, value := range tt.good {
			if err := load(value); err != nil {
				t.Errorf("%s=%s: %v", tt.variable, value, err)
			}
		}
		for _, value := range tt.wrong {
			faults, _ := errors.AsType[config.FaultsError](load(value))
			if len(faults) != 1 || faults[0].Variable != tt.variable {
				t.Errorf("%s=%s: %v, want a fault of it", tt.variable, value, faults)
			}
		}
	}
}

// Every key is compared with one that is shown, so that there are not too many.
func TestNumberOfKeys(t *testing.T) {
	t.Parallel()
	keys := func(n int) string {
		var list []string
		for i := range n {
			sum := sha256.Sum256([]byte(fmt.Sprint(i)))
			list = append(list, "gate=sha256:"+hex.EncodeToString(sum[:]))
		}
		return strings.Join(list, ",")
	}
	for n, want := range map[int]bool{4096: true, 4097: false} {
		_, err := config.Load([]string{"ID_SCOPE=0ne1", "GROUP_KEY=" + goodKey, "AUTH=keys", "API_KEYS=" + keys(n)})
		if (err == nil) != want {
			t.Errorf("%d keys: %v", n, err)
		}
	}
}
