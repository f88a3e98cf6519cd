//go:build browser && screenshots

package main

import (
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestScreenshots takes pictures of every view, light, dark and on a phone, and puts them into the folder SCREENSHOTS
// ("make screenshots").
func TestScreenshots(t *testing.T) {
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		t.Fatal("SCREENSHOTS does not name a folder")
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	s := newStage(t, "--durable")
	capture := func(name string) {
		png, err := chromedp.Run(s.page, chromedp.CaptureScreenshot())
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name+".png"), png, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	shoot := func(name, view, prepare string) {
		for _, l := range []struct {
			name          string
			width, height int64
			scale         float64
			scheme        string
		}{{"light", 1360, 900, 1, "light"}, {"dark", 1360, 900, 1, "dark"}, {"phone", 390, 844, 2, "light"}} {
			s.look(l.width, l.height, l.scale, l.name == "phone", l.scheme)
			s.script(fmt.Sprintf("location.hash = %q", view))
			time.Sleep(300 * time.Millisecond)
			s.script(prepare)
			time.Sleep(700 * time.Millisecond)
			capture(name + "-" + l.name)
		}
	}
	shoot("empty", "events", "")
	shoot("requests-empty", "requests", "")
	busy(s)
	shoot("requests", "requests", `document.querySelector("#request-list").scrollTop = 0`)
	shoot("request", "requests/1", "")
	shoot("request-refused", "requests/"+refusedRequest, "")
	shoot("request-sample", "requests/"+ttsRequest, `document.querySelector("#one-sample").click()`)
	shoot("request-edit", "requests/"+ttsRequest, `document.querySelector("#one-edit").click()`)
	s.look(1120, 560, 1, false, "light")
	s.script(`location.hash = "events"`)
	time.Sleep(300 * time.Millisecond)
	s.script(`document.querySelector("#event-list .item:nth-child(4)").click()`)
	time.Sleep(700 * time.Millisecond)
	capture("console")
	s.script(`document.querySelector("#event-detail .back").click()`)
	shoot("events", "events", "")
	shoot("event", "events", `document.querySelector("#event-list .item:nth-child(4)").click()`)
	s.script(`document.querySelector("#event-detail .back").click()`)
	shoot("devices", "devices", "")
	shoot("device", "devices", `document.querySelector('tr[data-id="greenhouse-7"] button').click()`)
	s.script(`document.querySelector("#device-detail .back").click()`)
	shoot("calls", "calls", "")
	shoot("faults", "faults", "")
	s.script(`location.hash = "playground"`)
	s.until(`document.querySelector("#play-source").options.length > 2`)
	shoot("playground", "playground",
		`const s = document.querySelector("#play-source"); s.value = "tts"; s.dispatchEvent(new Event("change"))`)
	shoot("steps", "playground", `document.querySelector("#play-out details").open = true`)
	shoot("mistake", "playground", `const b = document.querySelector("#play-body");
		b.value = b.value.replace('"greenhouse-7"', '"green house"');
		b.dispatchEvent(new Event("input"))`)
	backlog(s)
	shoot("queue", "queue", "")
	*s = *newDocs(t)
	s.until(allOperations)
	shoot("docs", "", "")
	shoot("docs-source", "", `document.querySelector("#search").value = "tts";
		document.querySelector("#search").dispatchEvent(new Event("input"));
		document.querySelector("#op-post-tts").open = true`)
}

// The numbers of two requests of busy.
const ttsRequest, refusedRequest = "51", "52"

// backlog fills the queue while the hubs are down; one of the messages becomes a dead letter.
func backlog(s *stage) {
	const down = "/faults/switch-hubs-unavailable"
	disarm(s, down) // the one of busy
	arm := func() {
		s.t.Helper()
		fault := `[{"id":"switch-hubs-unavailable","endpoint":"send","status":503}]`
		if status := s.post(s.console+"/faults", fault); status != http.StatusOK {
			s.t.Fatalf("arm: %d", status)
		}
	}
	arm()
	s.send("valve-7", `{"open":true}`)
	s.post(s.console+"/devices/valve-7/block", "")
	disarm(s, down)
	s.script(`location.hash = "queue"`)
	s.sees("#queue-rows th", "valve-7")
	arm()
	for n := range 120 {
		s.send(fmt.Sprintf("meter-%04d", 42+n%12), fmt.Sprintf(`{"level":%d}`, n%7))
		time.Sleep(time.Duration(n%5) * 20 * time.Millisecond)
	}
}

func disarm(s *stage, fault string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodDelete, s.console+fault, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = resp.Body.Close()
}

// busy sends enough for a picture.
func busy(s *stage) {
	begin := time.Now().Add(-40 * time.Minute)
	for n := range 40 {
		at := "?timestamp=" + begin.Add(time.Duration(n)*time.Minute).UTC().Format(time.RFC3339)
		s.post(s.bridge+"/api/devices/greenhouse-7/telemetry"+at,
			fmt.Sprintf(`{"temperature":%.2f,"humidity":%d,"soil":{"moisture":%.1f},"battery":%.3f}`,
				21+2*math.Sin(float64(n)/6)+float64((n*7)%5)/8, 52-n/3+(n*5)%4, 31-float64(n)/5+float64(n/20)*4,
				3.6-float64(n)/500))
		if n%4 == 0 {
			s.send(fmt.Sprintf("meter-%04d", 42+n%12), fmt.Sprintf(`{"level":%d,"flow":{"now":%d.5,"total":%d}}`, n%7,
				n%5, 1000+n*3))
		}
	}
	s.post(s.bridge+"/api/tts", `{
		"end_device_ids":{"device_id":"barn-door","application_ids":{"application_id":"farm"}},
		"received_at":"2026-03-14T10:00:00Z",
		"uplink_message":{"f_port":2,"decoded_payload":{"open":true,"temperature":4.5},
			"rx_metadata":[{"gateway_ids":{"gateway_id":"silo"},"rssi":-57}]}}`)
	s.post(s.bridge+"/api/telemetry", `[{"device":{"deviceId":"barn door"},"measurements":{"t":1.50}},`+
		`{"measurements":"warm"}]`)
	s.post(s.bridge+"/api/tts", `{"end_device_ids":{"device_id":"barn-door"},"join_accept":{"session_key_id":"x"}}`)
	s.post(s.console+"/devices/pump-9/block", "")
	s.send("pump-9", `{"on":true}`)
	s.post(s.console+"/faults", `[{"id":"switch-hubs-unavailable","endpoint":"send","share":0.2,"status":503}]`)
	s.send("greenhouse-7", `{"temperature":21.75,"humidity":40,"soil":{"moisture":27.0},"battery":3.520}`)
	time.Sleep(time.Second)
}
