//go:build browser

package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// newDocs starts mayfly dev and opens the page of the bridge's contract.
func newDocs(t *testing.T, environ ...string) *stage {
	t.Helper()
	port := freePort(t)
	stdout := running(t, environ, "dev", "--port", port, "--emulator-port", freePort(t), "--console-port", freePort(t),
		"--retry-after", "1s")
	stdout.await(t, "Send something")
	s := &stage{t: t, bridge: "http://127.0.0.1:" + port, page: chromium(t)}
	s.do(chromedp.Navigate(s.bridge + "/docs"))
	return s
}

const allOperations = `document.querySelectorAll("details.op").length > 50`

// The page lists routes and sources, finds them, and sends what it shows.
func TestDocsPage(t *testing.T) {
	s := newDocs(t)
	s.until(allOperations)
	s.sees("section h2", "Sources")
	s.do(chromedp.KeyEvent("/"), chromedp.KeyEvent("tts the things"))
	s.until(`document.querySelector("#count").textContent === "1 operation"`)
	// The keyboard alone opens it and sends its example.
	s.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	s.sees("details.op[open]", "Custom webhook")
	if body := eval[string](s, `document.querySelector("details.op[open] textarea").value`); !strings.Contains(body,
		"9007199254740993") || !strings.Contains(body, "22.50") {
		t.Errorf("the example has lost digits: %s", body)
	}
	s.press("details.op[open]", "Send")
	s.sees(".answer .status", "200")
	s.sees(".answer pre", `"delivered": 1`)
	s.fill("details.op[open] textarea", `{"end_device_ids":`)
	s.press("details.op[open]", "Send")
	s.sees(".answer .status.bad", "400")
	s.sees(".answer pre", "malformed-body")

	s.fill("#search", "hub-busy /api/devices/")
	s.until(`document.querySelectorAll("details.op:not([hidden])").length < 6`)
	s.click("#op-post-device-telemetry summary")
	s.until(`document.querySelector("#op-post-device-telemetry form") !== null`)
	s.fill("#op-post-device-telemetry .fields input", "from the page")
	s.press("#op-post-device-telemetry", "Send")
	s.sees("#op-post-device-telemetry .answer .status.bad", "422")
	s.fill("#op-post-device-telemetry .fields input", "page-1")
	s.press("#op-post-device-telemetry", "Send")
	s.sees("#op-post-device-telemetry .answer .status", "200")
	s.press("#op-post-device-telemetry", "Show curl")
	s.sees("#op-post-device-telemetry .answer pre", "curl -i -X POST '"+s.bridge+"/api/devices/page-1/telemetry'")
	s.until(`[...document.querySelectorAll("input, textarea, select")].every(e => e.labels.length > 0)`)

	for _, l := range []struct {
		width  int64
		mobile bool
		scheme string
	}{{1360, false, "dark"}, {390, true, "light"}} {
		s.look(l.width, 844, 1, l.mobile, l.scheme)
		if wide := eval[int](s, `document.documentElement.scrollWidth`); int64(wide) > l.width {
			t.Errorf("on %d pixels the page is %d wide", l.width, wide)
		}
	}
	if stored := eval[int](s, `localStorage.length + sessionStorage.length + document.cookie.length`); stored != 0 {
		t.Errorf("%d things are stored", stored)
	}
}

// Where callers need a key, the page asks for it, uses it, and shows it nowhere.
func TestDocsPageWithAKey(t *testing.T) {
	key, file := "a-key-of-the-test", filepath.Join(t.TempDir(), "mayfly.yaml")
	text := fmt.Sprintf("callers: [{name: tester, keys: [\"sha256:%x\"]}]\n", sha256.Sum256([]byte(key)))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newDocs(t, "CONFIG="+file, "API_DOCS=callers")
	s.sees("#problem", "enter a key")
	s.until(`document.activeElement.id === "key"`)
	s.fill("#key", "wrong-"+key)
	s.press("#key-form", "Use")
	s.sees("#problem", "does not know this key")
	s.fill("#key", key)
	s.press("#key-form", "Use")
	s.until(allOperations)
	s.fill("#search", "bridge post /api/telemetry")
	s.until(`document.querySelectorAll("details.op:not([hidden])").length >= 1`)
	s.click("details.op:not([hidden]) summary")
	s.until(`document.querySelector("details.op:not([hidden]) form") !== null`)
	s.press("details.op[open]", "Send")
	s.sees(".answer .status", "200")
	s.press("details.op[open]", "Show curl")
	s.sees(".answer pre", "$KEY")
	if strings.Contains(eval[string](s, `document.documentElement.outerHTML + location.href +
		[...document.querySelectorAll("input")].map(i => i.value).join()`), key) {
		t.Error("the key is shown")
	}
}
