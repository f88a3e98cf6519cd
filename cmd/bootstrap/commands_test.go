package main_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"mayfly/emulator"
)

// A command goes with the answer on every host, and is completed after it.
func TestCommandsOnEveryHost(t *testing.T) {
	t.Parallel()
	for _, w := range ways(t) {
		t.Run(w.name, func(t *testing.T) {
			for i := range 2 {
				m := emulator.Message{MessageID: fmt.Sprintf("c-%d", i), Command: "reboot", Body: []byte("@")}
				if err := w.azure.SendToDevice("known", m); err != nil {
					t.Fatal(err)
				}
			}
			url := w.url + "/api/devices/known/telemetry?wait=10"
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(`{"n":1}`))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			res, err := w.client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			body, err := io.ReadAll(res.Body)
			const want = `{"delivered":1,"commands":[` +
				`{"name":"reboot","payload":null,"id":"c-0","sequence":1},` +
				`{"name":"reboot","payload":null,"id":"c-1","sequence":2}]}`
			if err != nil || strings.TrimSpace(string(body)) != want {
				t.Fatalf("%s %s %v", res.Status, body, err)
			}
			for range 1000 {
				if len(w.azure.Feedback()) == 2 {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			for _, f := range w.azure.Feedback() {
				if f.Outcome != emulator.Success || f.DeliveryCount != 0 {
					t.Errorf("%+v", f)
				}
			}
			if n := len(w.azure.Feedback()); n != 2 {
				t.Errorf("%d of 2 are completed", n)
			}
		})
	}
}
