//go:build browser

package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestConsoleShowsRequests: the first page has what came in, and each request has its page.
func TestConsoleShowsRequests(t *testing.T) {
	s := newStage(t)
	s.sees("#request-welcome pre", "curl -i "+s.bridge+"/api/devices/my-first-device/telemetry")
	s.send("pump-1", `{"temperature":21.50}`)
	s.sees("#request-list .item", "1 message delivered")
	s.post(s.bridge+"/api/tts", `{"end_device_ids":{"device_id":"d-1"},"join_accept":{"session_key_id":"x"}}`)
	s.sees("#request-list .item", "1 ignored: ")
	s.post(s.bridge+"/api/telemetry", `{"measurements":{"t":1}}`)
	s.sees("#request-list .item", "invalid-message")

	s.do(chromedp.KeyEvent("j"), chromedp.KeyEvent("j"), chromedp.KeyEvent("j"), chromedp.KeyEvent(kb.Enter))
	s.sees("#one-body .way", "Answered 200")
	s.sees("#one-body .way", "register pump-1")
	s.sees("#one-body .one-card", `"temperature": 21.50`)
	s.do(chromedp.KeyEvent("k"))
	s.sees("#title-request", "Request 2")
	s.sees("#one-body .verdict", "What to do: nothing, if this is not telemetry")
	s.sees("#one-body .steps", "join_accept")
	s.do(chromedp.KeyEvent("k"))
	s.sees("#title-request", "Request 3")
	s.sees("#one-body .verdict", "device.deviceId is missing")

	s.do(chromedp.KeyEvent("?"))
	s.until(`document.querySelector("#keys").open`)
	s.do(chromedp.KeyEvent(kb.Escape))
	s.until(`!document.querySelector("#keys").open`)
	s.do(chromedp.KeyEvent(kb.Escape))
	s.until(`location.hash === "#requests"`)

	// The filter is in the address, where it can be shared.
	s.do(chromedp.KeyEvent("/"))
	s.until(`document.activeElement.id === "request-search"`)
	s.fill("#request-search", "is:refused measurements")
	s.until(`document.querySelectorAll("#request-list .item:not([hidden])").length === 1`)
	s.until(`location.hash === "#requests?q=is%3Arefused+measurements"`)
	s.fill("#request-search", "status:9z")
	s.sees("#request-problem", "want a status such as 404")
	s.script(`location.hash = "#requests?class=2xx&device=pump-*"`)
	s.until(`document.querySelectorAll("#request-list .item:not([hidden])").length === 1`)
	s.sees("#request-list .item", "pump-1")
	s.script(`location.hash = "#requests"`)

	s.press("#view-requests", "Clear")
	s.until(`document.querySelector("#ask").open`)
	s.click("#ask-yes")
	s.sees("#request-welcome", "Nothing has arrived yet")
}

// TestConsoleAsksForWhatItShows: requests are not asked for while another view is shown, and are there afterwards.
func TestConsoleAsksForWhatItShows(t *testing.T) {
	s := newStage(t)
	s.send("pump-1", `{"t":1}`)
	s.sees("#request-list .item", "pump-1")
	s.script(`window.asked_ = 0;
		const plain = window.fetch;
		window.fetch = (path, ...more) => {
			if (String(path).startsWith("/requests")) asked_++;
			return plain(path, ...more);
		}`)
	s.goTo("events")
	s.script(`asked_ = 0`)
	for n := range 3 {
		s.send(fmt.Sprintf("pump-%d", n+2), `{"t":1}`)
		s.sees("#event-list .item", fmt.Sprintf("pump-%d", n+2))
		time.Sleep(500 * time.Millisecond) // longer than the page waits between two answers
	}
	if n := eval[int](s, "asked_"); n > 0 {
		t.Errorf("asked %d times", n)
	}
	s.goTo("requests")
	s.until(`document.querySelectorAll("#request-list .item:not([hidden])").length === 4`)
	s.send("pump-9", `{"t":1}`)
	s.sees("#request-list .item", "pump-9")
}

// TestConsoleFitsAPhone: no page is wider than 390 px.
func TestConsoleFitsAPhone(t *testing.T) {
	s := newStage(t)
	s.post(s.bridge+"/api/telemetry?x="+strings.Repeat("y", 500), `{"measurements":{"`+strings.Repeat("t", 500)+`":1}}`)
	s.look(390, 844, 2, true, "dark")
	for _, view := range []string{"requests", "requests/1", "events", "devices", "calls", "faults", "playground"} {
		s.script(fmt.Sprintf(`location.hash = %q`, view))
		time.Sleep(500 * time.Millisecond)
		wide := eval[string](s, `document.documentElement.scrollWidth <= 390 ? "" : [...document.querySelectorAll("*")]
			.filter(e => e.checkVisibility() && e.getBoundingClientRect().right > 391)
			.map(e => e.tagName + "#" + e.id + "." + e.className).slice(0, 8).join(" ") + innerWidth`)
		if wide != "" {
			t.Errorf("%s: wider than the screen: %s", view, wide)
		}
		if !eval[bool](s, `(r => r.left >= 0 && r.right <= 370)(document.querySelector("nav a[aria-current]")
			.getBoundingClientRect())`) {
			t.Errorf("%s: its tab is cut", view)
		}
	}
	s.script(`location.hash = "requests/1"`)
	s.sees("#title-request", "Request 1")
	s.press("#one-tools", "Edit and send")
	if at := eval[float64](s, `document.activeElement.scrollLeft`); at != 0 {
		t.Errorf("the body to be edited is scrolled by %v", at)
	}
}

// TestConsoleActsOnARequest: sent again, edited, saved, exported, imported, opened in the playground.
func TestConsoleActsOnARequest(t *testing.T) {
	s := newStage(t)
	s.post(s.bridge+"/api/telemetry?token=hush-hush", `{"measurements":{"t":1.50}}`)
	s.click("#request-list .item")
	s.sees("#one-body .target", "?token=[hidden-1]")
	s.do(chromedp.KeyEvent("r"))
	s.sees("#title-request", "Request 2")
	s.sees("#one-body a", "request 1")

	s.do(chromedp.KeyEvent("e"))
	s.sees("#one-panel", "become the credentials again")
	s.script(`const t = document.querySelector("#one-panel textarea[rows='12']");
		t.value = '{"device":{"deviceId":"pump-1"},"measurements":{"t":1.50}}'`)
	s.press("#one-panel", "Send")
	s.sees("#title-request", "Request 3")
	s.sees("#one-status", "delivered")

	s.press("#one-tools", "Save as a sample")
	s.sees("#one-panel .problem", "it is a sample of none")
	s.press("#one-tools", "Export")
	s.sees("#one-panel", "Credentials are not in it")
	s.press("#one-tools", "Copy as curl")
	s.sees("#one-panel pre", "--data-raw")
	s.press("#one-tools", "Open in the playground")
	s.sees("#play-out h3", "pump-1")
	s.until(`document.querySelector("#play-body").value.includes("1.50")`)
}

// TestConsoleSendsNoPartOfABody: a body that the page does not have as a whole is sent as it was, or not at all.
func TestConsoleSendsNoPartOfABody(t *testing.T) {
	s := newStageWith(t, []string{"BODY_LIMIT=4000000"})
	long := `{"device":{"deviceId":"d"},"measurements":{"x":"` + strings.Repeat("y", 3<<19) + `"}}`
	edit := func(id int) {
		t.Helper()
		s.script(fmt.Sprintf(`location.hash = "#requests/%d"`, id))
		s.sees("#title-request", fmt.Sprintf("Request %d", id))
		s.sees("#one-body", "What the sender was told")
		s.press("#one-tools", "Edit and send")
		s.until(`document.querySelector("#one-panel textarea[rows='12']").disabled`)
		s.press("#one-panel", "Send")
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(w, long)
	_ = w.Close()
	s.postWith("/api/telemetry", zipped.String(), "Content-Type", "application/json", "Content-Encoding", "gzip")
	s.postWith("/api/telemetry", long, "Content-Type", "application/json")
	edit(1)
	s.sees("#title-request", "Request 3")
	_, body := request(t, http.MethodGet, s.console+"/requests/3", "", "")
	contains(t, body, fmt.Sprintf(`"size":%d,"codings":"gzip"`, len(long)))
	edit(2)
	s.sees("#one-panel .problem", "only a part of the request is kept")
}

// postWith sends a body to the bridge with headers, and does not care for the answer.
func (s *stage) postWith(target, body string, header ...string) {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodPost, s.bridge+target, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
}

// TestConsoleShowsForeignText: whatever a sender writes is text, and bounded.
func TestConsoleShowsForeignText(t *testing.T) {
	s := newStage(t)
	const markup = `<img src=x onerror="document.title='run'"><script>document.title='run'</script>`
	send := func(contentType, body string, header ...string) {
		t.Helper()
		s.postWith("/api/telemetry?q=%3Cb%3E", body, append([]string{"Content-Type", contentType}, header...)...)
	}
	show := func(id int) {
		t.Helper()
		s.script(fmt.Sprintf(`location.hash = "#requests/%d"`, id))
		s.sees("#title-request", fmt.Sprintf("Request %d", id))
		s.sees("#one-body", "What the sender was told")
		if elements := eval[int](s, `document.querySelectorAll("*").length`); elements > 6000 {
			t.Errorf("request %d: %d elements", id, elements)
		}
	}
	send("application/json", `{"device":{"deviceId":"`+markup+`"},"measurements":{"`+markup+`":1}}`)
	show(1)
	s.sees("#one-body", "<script>")
	send("application/json", "\x00\x1b[2J\xff\xfe\u202e not JSON")
	show(2)
	s.sees("#one-body .hex", "00 1b 5b 32 4a ff fe")
	send("text/plain", "\x1b[2J\u202etxt.exe")
	show(3)
	s.sees("#one-body .foreign", "\u241b[2J\\u202etxt.exe")
	send("application/json", `{"device":{"deviceId":"d"},"measurements":{"x":"`+strings.Repeat("y", 1<<20-100)+`"}}`)
	show(4)
	var many bytes.Buffer
	for i := range 10_000 {
		fmt.Fprintf(&many, `{"device":{"deviceId":"d-%d"},"measurements":{"t":%d}}`+"\n", i%3, i)
	}
	send("application/x-ndjson", many.String())
	show(5)
	send("application/json", `{}`, "X-Long", strings.Repeat("<i>", 10_000))
	show(6)
	if title := eval[string](s, "document.title"); title == "run" {
		t.Error("a sender's script has run")
	}
	if images := eval[int](s, `document.querySelectorAll("main img, main script, main i").length`); images > 0 {
		t.Errorf("%d elements are the sender's", images)
	}
}

// TestConsoleStaysSmall: 200 requests per second for a while, and 3,000 at once, leave the page small and in place.
func TestConsoleStaysSmall(t *testing.T) {
	s := newStage(t)
	s.send("load-0", `{"n":-1}`)
	s.sees("#request-list .item", "load-0")
	s.script(`window.shifts_ = 0;
		const add = (l) => l.getEntries().forEach((e) => { shifts_ += e.value; });
		new PerformanceObserver(add).observe({type: "layout-shift"})`)
	end := time.Now().Add(3 * time.Second)
	sent := 1
	for tick := time.NewTicker(5 * time.Millisecond); time.Now().Before(end); <-tick.C {
		s.send("load-0", fmt.Sprintf(`{"n":%d}`, sent))
		sent++
	}
	s.until(fmt.Sprintf(`document.querySelector("#request-count").textContent.replace(/\D/g, "") === "%d"`, sent))
	rows := eval[int](s, `document.querySelectorAll("#request-list .item").length`)
	elements := eval[int](s, `document.querySelectorAll("*").length`)
	if rows > 60 || elements > 1500 {
		t.Errorf("%d rows, %d elements", rows, elements)
	}
	if shift := eval[float64](s, "shifts_"); shift > 0.05 {
		t.Errorf("the layout shifts by %v", shift)
	}
	// Who reads further down is not moved.
	s.script(`document.querySelector("#request-list").scrollTop = 400`)
	s.sees("#request-newer", "0 newer")
	first := eval[string](s, `document.querySelector("#request-list .item").textContent`)
	for n := range 30 {
		s.send("load-0", fmt.Sprintf(`{"n":%d}`, n))
	}
	s.sees("#request-newer", "30 newer")
	if now := eval[string](s, `document.querySelector("#request-list .item").textContent`); now != first {
		t.Errorf("the list moved from %s to %s", first, now)
	}
	s.click("#request-newer")
	s.sees("#request-newer", "Newest on top")
	t.Logf("%d requests; %d rows, %d elements", sent, rows, elements)
}

// TestConsoleNamesDevicesInFull: the lanes cut no id, and say when there are devices without a lane.
func TestConsoleNamesDevicesInFull(t *testing.T) {
	s := newStage(t)
	long := "eui-70b3d57ed0001a2b-" + strings.Repeat("a-very-long-name-", 5) + "z"
	batch := `{"device":{"deviceId":"` + long + `"},"measurements":{"t":1}}`
	for n := range 8 {
		batch += fmt.Sprintf(`,{"device":{"deviceId":"pump-%d"},"measurements":{"t":1}}`, n)
	}
	s.post(s.bridge+"/api/telemetry", "["+batch+"]")
	s.goTo("calls")
	s.until(fmt.Sprintf(`[...document.querySelectorAll("#lanes .lane-name")].some(e => e.textContent === %q)`, long))
	s.until(`document.querySelectorAll("#lanes .lane-name").length === 9`)
	batch = ""
	for n := range 6 {
		batch += fmt.Sprintf(`,{"device":{"deviceId":"valve-%d"},"measurements":{"t":1}}`, n)
	}
	s.post(s.bridge+"/api/telemetry", "["+batch[1:]+"]")
	s.sees("#lanes-legend", "12 of 15 devices: those that called last")
	s.look(390, 844, 2, true, "light")
	time.Sleep(500 * time.Millisecond)
	if wide := eval[int](s, "document.documentElement.scrollWidth"); wide > 390 {
		t.Errorf("the page is %d px wide", wide)
	}
}
