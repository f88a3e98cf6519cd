package jetstream

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]target{
		"nats://h":                       {servers: []string{"nats://h:4222"}, stream: "MAYFLY"},
		"nats://h:1/S":                   {servers: []string{"nats://h:1"}, stream: "S"},
		"nats://10.0.0.1:4222,[::1]:1/S": {servers: []string{"nats://10.0.0.1:4222", "nats://[::1]:1"}, stream: "S"},
		"tls://u:SECRET@h,h2/S":          {servers: []string{"tls://h:4222", "tls://h2:4222"}, stream: "S", user: "u"},
		"nats://u:SECRET@h,nats://u:SECRET@h2/S": {
			servers: []string{"nats://h:4222", "nats://h2:4222"}, stream: "S", user: "u"},
		"wss://h/S?replicas=3&lease=10s": {
			servers: []string{"wss://h"}, stream: "S", replicas: 3, lease: 10 * time.Second},
		"nats://h/S?user=u&password=file:/run/secrets/nats": {
			servers: []string{"nats://h:4222"}, stream: "S", user: "u"},
		"nats://h/S?monitor=http://h:8222,http://i:8222&monitor=https://j/": {
			servers: []string{"nats://h:4222"}, stream: "S",
			monitors: []string{"http://h:8222", "http://i:8222", "https://j"}},
		"redis://h/S": {}, "nats:h": {}, "nats://": {}, "nats:///S": {}, "nats://h/a.b": {}, "nats://h/S/T": {},
		"nats://h/S?lease=1ms": {}, "nats://h/S?replicas=9": {}, "nats://h/S?password=SECRET&%zz": {},
		"nats://h/S?monitor=h:8222": {}, "nats://h/S?passwort=SECRET": {}, "nats://SECRET@@/S": {},
	} {
		got, err := parse(text)
		if (err == nil) != (want.stream != "") {
			t.Errorf("%s: error %v", text, err)
		}
		if err != nil {
			if strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%s: the error shows the secret: %v", text, err)
			}
			continue
		}
		if !slices.Equal(got.servers, want.servers) || got.stream != want.stream || got.user != want.user ||
			!slices.Equal(got.monitors, want.monitors) || want.lease > 0 && got.lease != want.lease ||
			want.replicas > 0 && got.replicas != want.replicas || strings.Contains(got.name, "SECRET") {
			t.Errorf("%s: got %+v", text, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"nats://a:b@c:1,d/S?lease=2s&monitor=http://h:1", "tls://%zz@/", "nats://h/S?user=%",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := parse(text); err == nil && (len(got.servers) == 0 || !isStreamName(got.stream)) {
			t.Errorf("%q: %+v", text, got)
		}
	})
}

// TestPartitionOf: items that another release has put must be in the same partition.
func TestPartitionOf(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]int{"": 5, "device-1": 1, "tenant/fleet/device": 5} {
		if got := partitionOf(key, 8); got != want {
			t.Errorf("%q is in partition %d, want %d", key, got, want)
		}
	}
}
