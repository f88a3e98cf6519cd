package function_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/function"
)

type stored struct{}

func (stored) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody}, nil
}

// BenchmarkNative is our own share of a warm message: everything but the two
// sockets.
func BenchmarkNative(b *testing.B) {
	benchmark(
		b,
		"/api/telemetry",
		`{"device":{"deviceId":"my-cloud-device"},"measurements":{"temp":20.31,"pressure":50,"humidity":8.5,`+
			`"ledColor":"blue"}}`,
	)
}

// BenchmarkTTS is the same for a webhook that is mapped.
func BenchmarkTTS(b *testing.B) {
	benchmark(
		b,
		"/api/tts",
		`{"end_device_ids":{"device_id":"dev1","application_ids":{"application_id":"app1"},
"dev_eui":"0004A30B001C0530"},
		"correlation_ids":["as:up:1"],"received_at":"2026-03-14T09:26:53.5Z",
"uplink_message":{"f_port":2,"f_cnt":7,"frm_payload":"3q2+7w==",
		"decoded_payload":{"temperature":22.50,"humidity":40},
"rx_metadata":[{"gateway_ids":{"gateway_id":"gw"},"time":"2026-03-14T09:26:53.3Z","rssi":-35,"snr":5}],
		"settings":{"data_rate":{"lora":{"bandwidth":125000,"spreading_factor":7}},
"frequency":"868300000","time":"2026-03-14T09:26:53.3Z"},
		"received_at":"2026-03-14T09:26:53.4Z"}}`,
	)
}

// BenchmarkTraces is what traces cost a message: switched off, one in a hundred sampled, and all.
func BenchmarkTraces(b *testing.B) {
	const path, body = "/api/devices/d1/telemetry", `{"temp":20.31,"pressure":50}`
	on := []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c", "OTEL_TRACES_SAMPLER=parentbased_traceidratio"}
	for name, vars := range map[string][]string{
		"off": nil, "0.01": append(on, "OTEL_TRACES_SAMPLER_ARG=0.01"), "1": append(on, "OTEL_TRACES_SAMPLER_ARG=1"),
	} {
		b.Run(name, func(b *testing.B) { benchmark(b, path, body, vars...) })
	}
}

func benchmark(b *testing.B, path, body string, vars ...string) {
	b.Helper()
	c, err := function.LoadConfig(
		append([]string{
			"ID_SCOPE=0ne00123ABC",
			"GROUP_KEY=" + goodKey,
			"AUTH=none",
			"HUB_HINT=h.azure-devices.net",
			"DEDUP_WINDOW=0",
		}, vars...),
	)
	if err != nil {
		b.Fatal(err)
	}
	s := function.New(c, function.Dependencies{
		DPS: stored{}, Hub: stored{}, Receiver: stored{}, Log: slog.New(slog.DiscardHandler),
	})
	defer s.Close()
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}

// BenchmarkBatch is a message's share of a request of 100 messages of one
// device, as BenchmarkNative counts it.
func BenchmarkBatch(b *testing.B) {
	one := `{"device":{"deviceId":"my-cloud-device"},"measurements":{"temp":20.31,"pressure":50,"humidity":8.5,` +
		`"ledColor":"blue"}},`
	b.Run("100", func(b *testing.B) {
		benchmark(b, "/api/telemetry", "["+strings.TrimSuffix(strings.Repeat(one, 100), ",")+"]")
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/message")
	})
}

// BenchmarkRefusals is what the door's refusals cost beside a message that is let
// in. Lines of one group must not differ by what would help to guess: whether a key
// is nearly right, or a device exists.
func BenchmarkRefusals(b *testing.B) {
	var file strings.Builder
	file.WriteString("callers:\n")
	for i := range 100 {
		fmt.Fprintf(
			&file,
			"  - {name: caller-%d, keys: [%q, {hash: %q, expires: 2020-01-01}], devices: [\"dev-%d-*\"]}\n",
			i,
			hashOf(fmt.Sprintf("mayfly_key-%d", i)),
			hashOf(fmt.Sprintf("mayfly_past-%d", i)),
			i,
		)
	}
	file.WriteString(
		"tokens: [{name: idp, issuer: me, audience: mayfly, devices: [dev-50-a], keys: ['{\"keys\":[{" +
			"\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k\",\"" +
			"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}']}]\n",
	)
	path := filepath.Join(b.TempDir(), "mayfly.yaml")
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	c, err := function.LoadConfig(
		[]string{
			"ID_SCOPE=0ne00123ABC",
			"GROUP_KEY=" + goodKey,
			"AUTH=keys",
			"CONFIG=" + path,
			"HUB_HINT=h.azure-devices.net",
			"DEDUP_WINDOW=0",
		},
	)
	if err != nil {
		b.Fatal(err)
	}
	s := function.New(c, function.Dependencies{DPS: stored{}, Hub: stored{}, Log: slog.New(slog.DiscardHandler)})
	const header, claims = "eyJhbGciOiJFZERTQSIsImtpZCI6ImsifQ",
		"eyJpc3MiOiJtZSIsImF1ZCI6Im1heWZseSIsImV4cCI6OTk5OTk5OTk5OX0"
	seed, _ := base64.RawURLEncoding.DecodeString("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A") // RFC 8037, appendix A
	right := base64.RawURLEncoding.EncodeToString(ed25519.Sign(ed25519.NewKeyFromSeed(seed), []byte(header+"."+claims)))
	token := "Bearer " + header + "." + claims + "."
	for _, bm := range []struct {
		name, header, value, device string
		status                      int
	}{
		{"let in/by a key", "X-Api-Key", "mayfly_key-50", "dev-50-a", 200},
		{"let in/by a token", "Authorization", token + right, "dev-50-a", 200},
		{"key/of nobody", "X-Api-Key", "another-50-50", "dev-50-a", 401},
		{"key/nearly right", "X-Api-Key", "mayfly_key-5O", "dev-50-a", 401},
		{"key/expired", "X-Api-Key", "mayfly_past-50", "dev-50-a", 401},
		{"key/nearly right, another device", "X-Api-Key", "mayfly_key-5O", "dev-50-b", 401},
		{"device/another's, in use", "X-Api-Key", "mayfly_key-51", "dev-50-a", 403},
		{"device/another's, unknown", "X-Api-Key", "mayfly_key-51", "dev-50-b", 403},
		{"device/nobody's", "X-Api-Key", "mayfly_key-51", "nobody-50", 403},
		{"token/signed by nobody", "Authorization", token + strings.Repeat("A", 86), "dev-50-a", 401},
		{"token/nearly right", "Authorization", token + right[:80] + "AAAAAA", "dev-50-a", 401},
	} {
		b.Run(bm.name, func(b *testing.B) {
			body := `{"device":{"deviceId":"` + bm.device + `"},"measurements":{"temp":20.31,"pressure":50,` +
				`"humidity":8.5,"ledColor":"blue"}}`
			for b.Loop() {
				r := httptest.NewRequestWithContext(
					b.Context(),
					http.MethodPost,
					"/api/telemetry",
					strings.NewReader(body),
				)
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set(bm.header, bm.value)
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				if w.Code != bm.status {
					b.Fatal(w.Body)
				}
			}
		})
	}
}
