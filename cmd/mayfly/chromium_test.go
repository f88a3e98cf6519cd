//go:build browser

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// stage is mayfly dev with its console in Chromium.
type stage struct {
	t               *testing.T
	bridge, console string
	page            context.Context
}

// newStage starts mayfly dev and opens its console. An error on the page fails the test.
func newStage(t *testing.T, flags ...string) *stage {
	t.Helper()
	return newStageWith(t, nil, flags...)
}

func newStageWith(t *testing.T, environ []string, flags ...string) *stage {
	t.Helper()
	bridge, console := freePort(t), freePort(t)
	stdout := running(t, environ, append([]string{"dev", "--port", bridge, "--emulator-port", freePort(t),
		"--console-port", console, "--retry-after", "1s"}, flags...)...)
	stdout.await(t, "Send something")
	s := &stage{t: t, bridge: "http://127.0.0.1:" + bridge, console: "http://127.0.0.1:" + console}
	s.page = chromium(t)
	s.do(chromedp.Navigate(s.console + "/"))
	s.until(`document.querySelector(".link.on") !== null`)
	return s
}

// chromium starts a browser with a new profile.
func chromium(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("%v: apt-get install chromium", err)
	}
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("force-color-profile", "srgb"),
		chromedp.WindowSize(1360, 900))...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(alloc, chromedp.WithListener(func(ev any) {
		switch ev := ev.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("the page threw: %v", ev.ExceptionDetails)
		case *log.EventEntryAdded:
			// Some tests want an answer of 4xx.
			if ev.Entry.Level == log.EntryLevelError && !strings.Contains(ev.Entry.Text, "status of 4") {
				t.Errorf("the page reports an error: %s %s", ev.Entry.Text, ev.Entry.URL)
			}
		}
	}))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("chromium: %v", err)
	}
	return ctx
}

// do runs actions and fails the test when one does not end in time.
func (s *stage) do(actions ...chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.page, 20*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		text, _ := chromedp.Run(s.page, chromedp.Text(chromedp.CSS("main")))
		s.t.Fatalf("%v; the page shows:\n%s", err, text)
	}
}

// eval returns the value of an expression on the page.
func eval[T any](s *stage, expression string) T {
	s.t.Helper()
	v, err := chromedp.Run(s.page, chromedp.Evaluate[T](expression))
	if err != nil {
		s.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// script runs statements on the page.
func (s *stage) script(statements string) {
	s.t.Helper()
	eval[bool](s, "{"+statements+"} true")
}

// sees waits until an element that a selector finds contains a text.
func (s *stage) sees(selector, text string) {
	s.t.Helper()
	s.until(fmt.Sprintf(`[...document.querySelectorAll(%q)].some(
		e => e.checkVisibility() && e.textContent.includes(%q))`, selector, text))
}

// until waits until an expression is true on the page.
func (s *stage) until(expression string) {
	s.t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !eval[bool](s, expression); time.Sleep(30 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("not in time: %s\nthe page shows:\n%s", expression,
				eval[string](s, `document.querySelector("main").innerText`))
		}
	}
}

// goTo follows a link of the navigation.
func (s *stage) goTo(view string) {
	s.t.Helper()
	s.click(fmt.Sprintf(`nav a[href="#%s"]`, view))
	s.until(fmt.Sprintf(`!document.querySelector("#view-%s").hidden`, view))
}

func (s *stage) click(selector string) {
	s.t.Helper()
	s.do(chromedp.Click(chromedp.CSS(selector)))
}

// press clicks the button with a label under a selector.
func (s *stage) press(selector, label string) {
	s.t.Helper()
	button := fmt.Sprintf(`[...document.querySelectorAll(%q)].find(e => e.textContent === %q)`,
		selector+" button", label)
	s.until(button + " !== undefined")
	s.script(button + ".click()")
}

// fill replaces the text of a field.
func (s *stage) fill(selector, text string) {
	s.t.Helper()
	s.script(fmt.Sprintf(`const e = document.querySelector(%q); e.value = %q;
		e.dispatchEvent(new Event("input", {bubbles: true}));
		e.dispatchEvent(new Event("change", {bubbles: true}))`, selector, text))
}

// look sets the size of the window in CSS pixels and the color scheme.
func (s *stage) look(width, height int64, scale float64, mobile bool, scheme string) {
	s.t.Helper()
	s.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: width, Height: height, DeviceScaleFactor: scale, Mobile: mobile,
		})
		if err != nil {
			return err
		}
		_, err = cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	}))
}

// send posts measurements of a device to the bridge and returns the status.
func (s *stage) send(device, body string) int {
	s.t.Helper()
	return s.post(s.bridge+"/api/devices/"+device+"/telemetry", body)
}

func (s *stage) post(url, body string) int {
	s.t.Helper()
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal(errors.New("no TCP address"))
	}
	return strconv.Itoa(addr.Port)
}
