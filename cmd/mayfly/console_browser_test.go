//go:build browser

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mayfly/emulator"
)

func TestConsoleShowsEvents(t *testing.T) {
	s := newStage(t)
	s.goTo("events")
	s.sees("#welcome pre", "curl -i "+s.bridge+"/api/devices/my-first-device/telemetry")

	if status := s.send("greenhouse-7", `{"temperature":21.50,"air":{"humidity":48}}`); status != http.StatusOK {
		t.Fatalf("the bridge answers %d", status)
	}
	s.sees("#event-list .item", "greenhouse-7")
	s.sees("#event-list .item", `"temperature":21.50`) // with all digits
	s.sees("#event-list .item .c-note", "device · ")   // from the bridge's note

	for n := range 6 {
		s.send("greenhouse-7", fmt.Sprintf(`{"temperature":%d.5,"air":{"humidity":%d}}`, 20+n%3, 48-n))
	}
	s.sees("#charts", "Measurements of greenhouse-7")
	s.until(`document.querySelectorAll("#charts canvas").length === 2`)
	s.until(`[...document.querySelectorAll("#charts canvas")].every(c => c.dataset.points === "7")`)
	s.until(`[...document.querySelectorAll("#charts canvas")].every(c => {
		const pixels = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
		return pixels.filter((v, i) => i % 4 === 3 && v > 200).length > 100;
	})`)
	s.sees("#charts .chart-name", "air.humidity")

	// The keyboard selects the oldest, whose path began at DPS.
	s.do(chromedp.Focus(chromedp.CSS("#event-list")), chromedp.KeyEvent(kb.End))
	s.sees("#event-detail .way", "lookup, register, poll")
	s.sees("#event-detail .facts", "application/json; utf-8")
	s.do(chromedp.KeyEvent(kb.ArrowUp))
	s.sees("#event-detail .way", "not asked: the device is known")

	s.goTo("calls")
	s.sees("#lanes text", "greenhouse-7")
	s.sees("#call-list .item", "register")
	s.until(`document.querySelectorAll("#lanes .mark-register, #lanes .mark-poll").length >= 2`)
}

func TestConsoleSwitchesFaults(t *testing.T) {
	s := newStage(t)
	s.send("pump-1", `{"on":true}`)
	s.goTo("faults")
	s.click("#switch-hubs-quota")
	s.until(`document.querySelector("#switch-hubs-quota").getAttribute("aria-checked") === "true"`)
	if status := s.send("pump-1", `{"on":false}`); status != http.StatusServiceUnavailable {
		t.Errorf("with a fault the bridge answers %d", status)
	}
	s.sees("#fault-list", "1 hit")
	s.click("#switch-hubs-quota")
	s.until(`document.querySelector("#switch-hubs-quota").getAttribute("aria-checked") === "false"`)
	if status := s.send("pump-1", `{"on":false}`); status != http.StatusOK {
		t.Errorf("without the fault the bridge answers %d", status)
	}
	s.fill("#fault-json", `[{"status": 99}]`)
	s.click("#fault-form button")
	s.sees("#fault-error", "want 300 to 599")
}

func TestConsoleTriesMappings(t *testing.T) {
	s := newStage(t)
	s.goTo("playground")
	s.until(`document.querySelector("#play-source").options.length > 2`)
	s.sees("#play-out", "1 message would be sent")
	s.fill("#play-body", `{"device":{"deviceId":"a/b"},"measurements":[]}`)
	s.sees("#play-problem", "device.deviceId")
	s.sees("#play-problem", "422 invalid-message")

	s.fill("#play-find", "tracker OVERLAND") // of a group, and of a title
	s.until(`document.querySelector("#play-source").options.length === 1`)
	s.sees("#play-out h3", "van-1")
	s.fill("#play-find", "")
	s.until(`document.querySelector("#play-source").value === "overland"`)
	s.fill("#play-source", "tts")
	s.sees("#play-out h3", "greenhouse-7")
	s.sees("#play-out", "9007199254740993") // more digits than a double has
	s.click("#play-out summary")
	s.sees("#play-out .steps", ".end_device_ids.device_id")
	edit := func(deviceID string) {
		s.script(fmt.Sprintf(`const m = document.querySelector("#play-mapping");
			m.value = m.value.replace(/^deviceId:.*$/m, %q);
			m.dispatchEvent(new Event("input", {bubbles: true}))`, "deviceId: '"+deviceID+"'"))
	}
	edit(`"field-" + .end_device_ids.device_id`)
	s.sees("#play-out h3", "field-greenhouse-7")
	edit(`.end_device_ids.[`)
	s.sees("#play-problem", "The mapping is wrong")
	s.click("#play-reset")
	s.sees("#play-out", "1 message would be sent")
	s.fill("#play-body", `{"end_device_ids"`)
	s.sees("#play-problem", "line 1")
}

// TestConsoleKeepsDrafts: a link opens an example, errors stand at their place, a draft survives a reload of the page,
// and bytes go to the codec alone.
func TestConsoleKeepsDrafts(t *testing.T) {
	s := newStage(t)
	s.script(`location.hash = "#playground?source=docs:tts-with-formatter"`)
	s.sees("#play-out h3", "cellar-1")
	edit := func(selector, from, to string) {
		s.script(fmt.Sprintf(`const m = document.querySelector(%q);
			m.value = m.value.replace(%q, %q);
			m.dispatchEvent(new Event("input", {bubbles: true}))`, selector, from, to))
	}
	edit("#play-mapping", "from: tts", "from: tts\ndeviceId: .end_device_ids.[")
	s.sees("#play-places", "Line 3")
	s.until(`document.querySelector("#play-marks mark.wrong") !== null`)
	s.sees("#play-draft", "kept in this browser")
	s.script(`window.old = true; location.reload()`)
	s.until(`window.old === undefined && document.querySelector("#play-places") !== null`)
	s.sees("#play-places", "Line 3")
	s.click("#play-reset")
	s.sees("#play-out h3", "cellar-1")
	s.until(`document.querySelector("#play-places").hidden`)
	s.click("#play-codec-part summary")
	s.fill("#play-bytes", "0866")
	s.fill("#play-port", "9")
	s.sees("#play-out .message", "21.5")
	edit("#play-codec", "/ 100", "/ 10")
	s.sees("#play-out .message", "215")
}

// TestConsoleTakesChanges: the playground follows the files when they have changed, and only then. What is being edited
// and looked for stays.
func TestConsoleTakesChanges(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mapping := func(also string) string {
		return "sources:\n  - {name: one, deviceId: .id, measurements: .m}\n" +
			"  - {name: mine, deviceId: .id, payload: .p | unhex, port: .f, codec: tank.js, " +
			"also: '{" + also + ": 1}'}\n"
	}
	codec := func(name string) string {
		return "function decodeUplink(i) { return {data: {" + name + ": i.bytes[0]}}; }\n"
	}
	write("mayfly.yaml", mapping("a"))
	write("tank.js", codec("level"))
	s := newStageWith(t, []string{"CONFIG=" + filepath.Join(folder, "mayfly.yaml")})
	s.script(`window.asked_ = {};
		const plain = window.fetch;
		window.fetch = (path, ...more) => { asked_[path] = (asked_[path] ?? 0) + 1; return plain(path, ...more); }`)
	s.goTo("playground")
	s.sees("#play-out", "1 message would be sent")
	s.fill("#play-find", "mine")
	s.until(`document.querySelector("#play-source").value === "mine"`)
	s.until(`document.querySelector("#play-codec").value.includes("level")`)
	s.until(`document.querySelector("#play-out").children.length > 0`)
	s.script(`window.asked_ = {}`)
	s.until(`asked_["/console/configuration"] >= 3`)
	if n := eval[int](s, `asked_["/console/try"] ?? 0`); n > 0 {
		t.Errorf("nothing has changed, and the mapping was tried %d times", n)
	}
	const onlyMine = `document.querySelector("#play-source").options.length === 1`
	s.until(onlyMine)

	write("tank.js", codec("height"))
	s.until(`document.querySelector("#play-codec").value.includes("height")`)
	s.until(onlyMine)
	s.until(`document.querySelector("#play-draft").hidden`)

	// Also where the browser keeps no drafts.
	s.script(`Storage.prototype.setItem = () => { throw new Error("full"); };
		const m = document.querySelector("#play-mapping");
		m.value += "# edited";
		m.dispatchEvent(new Event("input", {bubbles: true}))`)
	s.until(`!document.querySelector("#play-draft").hidden`)
	s.script(`window.asked_ = {}`)
	write("mayfly.yaml", mapping("b"))
	s.until(`asked_["/console/try"] >= 1`)
	s.until(`document.querySelector("#play-mapping").value.endsWith("# edited")`)
	s.click("#play-reset")
	s.until(`document.querySelector("#play-mapping").value.includes("{b: 1}")`)
}

func TestConsoleControlsADevice(t *testing.T) {
	s := newStage(t)
	s.send("valve-3", `{"open":false}`)
	s.goTo("devices")
	s.until(`document.querySelector('tr[data-id="valve-3"]') !== null`)
	s.click(`tr[data-id="valve-3"] button`)
	s.press("form.c2d", "IoT Central command")
	s.until(`document.querySelector("#c2d-body").value === "@"`)
	s.until(`document.querySelector("#c2d-command").value === "reboot"`)
	s.fill("#c2d-body", `{"open": true, "speed": 1.50}`)
	s.fill("#c2d-command", "turn")
	s.press("form.c2d", "Send")
	s.sees("form.c2d", "Waiting until the device asks")
	s.sees(".c2d-waiting", "queued turn #1")

	d := newPoller(t, s.console, "valve-3")
	resp, body := d.ask(http.MethodGet, "", "")
	if resp.StatusCode != http.StatusOK || body != `{"open": true, "speed": 1.50}` ||
		resp.Header.Get("iothub-app-method-name") != "turn" {
		t.Fatalf("the device gets %d %v %q", resp.StatusCode, resp.Header, body)
	}
	s.sees(".c2d-waiting", "locked turn #1 until")
	lock := strings.Trim(resp.Header.Get("ETag"), `"`)
	if resp, _ := d.ask(http.MethodDelete, "/"+lock, ""); resp.StatusCode != http.StatusNoContent {
		t.Fatalf("complete: %d", resp.StatusCode)
	}
	s.sees("form.c2d", "Success completed by the device")

	s.press("#device-actions", "Disable")
	s.sees("#device-state", "disabled")
	if resp, _ := d.ask(http.MethodGet, "", ""); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a disabled device is answered %d", resp.StatusCode)
	}
	s.press("#device-actions", "Enable")
	s.sees("#device-state", "assigned")
	s.fill(`#device-detail input[aria-label="Hub"]`, "hub-9.azure-devices.net")
	s.press("#device-detail form", "Move")
	s.sees("#device-state", "hub-9.azure-devices.net")

	s.press("#device-actions", "Delete…")
	s.until(`document.querySelector("#ask").open`)
	s.click("#ask-yes")
	s.sees("#device-empty", "No device yet")
}

// TestConsoleWithTenThousandEvents checks that the page stays small. How fast it is depends on the machine and is only
// logged.
func TestConsoleWithTenThousandEvents(t *testing.T) {
	s := newStage(t)
	s.goTo("events")
	s.send("load-0", `{"n":-1}`)
	s.script(`window.tasks_ = [0];
		const note = (list) => list.getEntries().forEach((e) => tasks_.push(e.duration));
		new PerformanceObserver(note).observe({type: "longtask"});
		window.frames_ = [];
		let last = performance.now();
		const tick = (now) => { frames_.push(now - last); last = now; requestAnimationFrame(tick); };
		requestAnimationFrame(tick)`)
	const requests, each = 50, 200
	begin := time.Now()
	for r := range requests {
		var b strings.Builder
		for n := range each {
			fmt.Fprintf(&b, `{"device":{"deviceId":"load-%d"},"measurements":{"n":%d,"temperature":%d.5}}`+"\n",
				n%5, r*each+n, n%30)
		}
		resp, err := http.Post(s.bridge+"/api/telemetry", "application/x-ndjson", strings.NewReader(b.String()))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("the bridge answers %d", resp.StatusCode)
		}
	}
	sent := time.Since(begin)
	s.sees("#event-count", "10,00")
	s.script(`const l = document.querySelector("#event-list");
		window.scrolled_ = 0;
		const step = () => { l.scrollTop += 5000; if (scrolled_++ < 60) requestAnimationFrame(step); };
		step()`)
	s.until(`scrolled_ > 60`)
	elements := eval[int](s, `document.querySelectorAll("*").length`)
	rows := eval[int](s, `document.querySelectorAll("#event-list .item").length`)
	if elements > 1500 || rows > 60 {
		t.Errorf("%d elements, %d rows", elements, rows)
	}
	t.Logf("10,001 events in %v; %d elements, %d rows; "+
		"95%% of frames within %.0f ms, the longest %.0f ms; longest task %.0f ms",
		sent.Round(time.Millisecond), elements, rows,
		eval[float64](s, `frames_.toSorted((a, b) => a - b)[Math.floor(frames_.length * 0.95)]`),
		eval[float64](s, `Math.max(...frames_)`), eval[float64](s, `Math.max(...tasks_)`))
}

// poller is a device that asks its hub for messages, through the proxy on the console's port.
type poller struct {
	t      *testing.T
	client *http.Client
	id     string
	token  string
}

func newPoller(t *testing.T, console, id string) *poller {
	t.Helper()
	resp, err := http.Get(console + "/ca.pem")
	if err != nil {
		t.Fatal(err)
	}
	pem, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	proxy, err := url.Parse(console)
	if err != nil {
		t.Fatal(err)
	}
	group, _ := base64.StdEncoding.DecodeString(emulator.DefaultGroupKey)
	token := sasToken(mac(group, id), emulator.DefaultHub+"/devices/"+id, "")
	transport := &http.Transport{
		Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &poller{t, &http.Client{Transport: transport, Timeout: 10 * time.Second}, id, token}
}

func (p *poller) ask(method, lock, body string) (*http.Response, string) {
	p.t.Helper()
	target := "https://" + emulator.DefaultHub + "/devices/" + p.id + "/messages/devicebound" + lock +
		"?api-version=2021-04-12"
	req, err := http.NewRequestWithContext(context.Background(), method, target, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", p.token)
	resp, err := p.client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp, string(text)
}
