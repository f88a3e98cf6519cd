package function_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
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
	benchmark(b, "/api/telemetry", `{"device":{"deviceId":"my-cloud-device"},"measurements":{"temp":20.31,"pressure":50,"humidity":8.5,"ledColor":"blue"}}`)
}

// BenchmarkTTS is the same for a webhook that is mapped.
func BenchmarkTTS(b *testing.B) {
	benchmark(b, "/api/tts", `{"end_device_ids":{"device_id":"dev1","application_ids":{"application_id":"app1"},"dev_eui":"0004A30B001C0530"},
		"correlation_ids":["as:up:1"],"received_at":"2026-03-14T09:26:53.5Z","uplink_message":{"f_port":2,"f_cnt":7,"frm_payload":"3q2+7w==",
		"decoded_payload":{"temperature":22.50,"humidity":40},"rx_metadata":[{"gateway_ids":{"gateway_id":"gw"},"time":"2026-03-14T09:26:53.3Z","rssi":-35,"snr":5}],
		"settings":{"data_rate":{"lora":{"bandwidth":125000,"spreading_factor":7}},"frequency":"868300000","time":"2026-03-14T09:26:53.3Z"},
		"received_at":"2026-03-14T09:26:53.4Z"}}`)
}

func benchmark(b *testing.B, path, body string) {
	b.Helper()
	c, err := function.LoadConfig([]string{"ID_SCOPE=0ne00123ABC", "GROUP_KEY=" + goodKey, "AUTH=none", "HUB_HINT=h.azure-devices.net", "DEDUP_WINDOW=0"})
	if err != nil {
		b.Fatal(err)
	}
	s := function.New(c, function.Dependencies{DPS: stored{}, Hub: stored{}, Log: slog.New(slog.DiscardHandler)})
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
	one := `{"device":{"deviceId":"my-cloud-device"},"measurements":{"temp":20.31,"pressure":50,"humidity":8.5,"ledColor":"blue"}},`
	b.Run("100", func(b *testing.B) {
		benchmark(b, "/api/telemetry", "["+strings.TrimSuffix(strings.Repeat(one, 100), ",")+"]")
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/message")
	})
}
