package sas_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"mayfly/internal/sas"
)

// The vectors stand in Microsoft's documents (concepts-symmetric-key-attestation,
// iot-dps-https-sym-key-support) or were computed by its Node SDK.
func TestDerive(t *testing.T) {
	t.Parallel()
	group := mustKey(t, "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==")
	got := group.Derive("sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6").Reveal()
	if want := "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc="; got != want {
		t.Errorf("device key %s, want %s", got, want)
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	const documented = "18RQk/hOPJR9EbsJlk2j8WA6vWaj/yi+oaYg7zmxfQNdOyMSu+SJ8O7TSlZhDJCYmn4rzEiVKIzNiVAWjLxrGA=="
	k32 := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	tests := []struct {
		name, key, resource, keyName string
		expiry                       int64
		want                         string
	}{
		{"dps", documented, "0ne00111111/registrations/my-symkey-device", "registration", 1663952627,
			"SharedAccessSignature sr=0ne00111111%2Fregistrations%2Fmy-symkey-device" +
				"&sig=8VPprb8BiTkuVE0hBqHm%2FSVrzVpdD8VZcXugntdbhuU%3D&se=1663952627&skn=registration"},
		{"hub", documented, "MyExampleHub.azure-devices.net/devices/my-symkey-device", "", 1663119026,
			"SharedAccessSignature sr=MyExampleHub.azure-devices.net%2Fdevices%2Fmy-symkey-device" +
				"&sig=f%2BwW8XOKeJOtiPc9Iwjc4OpExvPM7NlhM9qxN2a1aAM%3D&se=1663119026"},
		{"hub, Node SDK", k32, "lab-hub.azure-devices.net/devices/dev-1", "", 1795292168,
			"SharedAccessSignature sr=lab-hub.azure-devices.net%2Fdevices%2Fdev-1" +
				"&sig=OZsH3jgnQ%2Fr%2FMx%2BrTqaOtdQkX2rtCdcQlsf6odWliNA%3D&se=1795292168"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := sas.Token(mustKey(t, tt.key), tt.resource, tt.keyName, time.Unix(tt.expiry, 0))
			if got != tt.want {
				t.Errorf("token\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestParseKeyRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty": "", "not base64": "hunter2!", "connection string": "HostName=h;SharedAccessKey=c2VjcmV0",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := sas.ParseKey(text)
			if err == nil {
				t.Fatal("accepted")
			}
			if text != "" && strings.Contains(err.Error(), text) {
				t.Errorf("the error quotes the text: %v", err)
			}
		})
	}
}

func TestKeyNeverShows(t *testing.T) {
	t.Parallel()
	const secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQ="
	key := mustKey(t, secret)
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("key", "key", key, "in", struct{ K sas.Key }{key})
	slog.New(slog.NewTextHandler(&out, nil)).Info("key", "key", key, "in", struct{ K sas.Key }{key})
	_ = json.NewEncoder(&out).Encode(map[string]any{"key": key, "ptr": &key})
	type public struct{ K sas.Key }
	type private struct{ k sas.Key }
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		for _, value := range []any{key, &key, public{key}, private{key}, &private{key}, []private{{key}}} {
			fmt.Fprintf(&out, verb, value)
		}
	}
	raw, _ := base64.StdEncoding.DecodeString(secret)
	hex := fmt.Sprintf("%x", raw)
	for _, form := range []string{secret, string(raw), hex, strings.ToUpper(hex), fmt.Sprint(raw)} {
		if strings.Contains(out.String(), form) {
			t.Errorf("the key shows as %q in %s", form, out.String())
		}
	}
}

func mustKey(t *testing.T, text string) sas.Key {
	t.Helper()
	key, err := sas.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func BenchmarkDeriveAndSign(b *testing.B) {
	group, _ := sas.ParseKey("8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==")
	expiry := time.Unix(1663119026, 0)
	for b.Loop() {
		sas.Token(group.Derive("device-0001"), "hub.azure-devices.net/devices/device-0001", "", expiry)
	}
}
