package emulator_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/emulator"
)

// console calls the console without a socket.
func console(tb testing.TB, e *emulator.Emulator, method, path, body string, header ...string) (
	status int, out string, h http.Header,
) {
	tb.Helper()
	r := httptest.NewRequestWithContext(context.Background(), method, "http://127.0.0.1:7080"+path,
		strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		} else {
			r.Header.Set(header[i], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	e.ConsoleHandler().ServeHTTP(w, r)
	return w.Code, w.Body.String(), w.Header()
}

func TestConsoleRefusesOtherHosts(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, emulator.Config{})
	for host, want := range map[string]int{
		"localhost": 200, "localhost:7080": 200, "127.0.0.1:7080": 200, "127.9.9.9": 200, "[::1]:7080": 200,
		"LOCALHOST":   200,
		"example.com": 403, "localhost.example.com": 403, "127.0.0.1.example.com": 403, "10.0.0.1:7080": 403, "": 403,
	} {
		if got, _, _ := console(t, e, "GET", "/stats", "", "Host", host); got != want {
			t.Errorf("Host %q: %d, want %d", host, got, want)
		}
	}
	if got, _, _ := console(t, e, "POST", "/devices/dev-1/block", "", "Origin", "https://example.com"); got != 403 {
		t.Errorf("change from another origin: %d", got)
	}
	if got, _, _ := console(t, e, "POST", "/devices/dev-1/block", "", "Sec-Fetch-Site", "cross-site"); got != 403 {
		t.Errorf("change from another site: %d", got)
	}
	if n := len(e.Devices()); n != 0 {
		t.Errorf("%d devices", n)
	}
	for _, path := range []string{"/devices/dev-1/block", "/devices/dev-1/c2d", "/faults/x", "/nothing"} {
		if got, _, _ := console(t, e, "GET", path, ""); got != 405 && got != 404 {
			t.Errorf("GET %s: %d", path, got)
		}
	}
}

func TestConsoleQueries(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	e := newEmulator(t, emulator.Config{Now: func() time.Time { return now }})
	for i, body := range []string{`{"v":1e400}`, `[0.1000]`, `<b>&</b>`, "\xff\x00"} {
		id := fmt.Sprintf("dev-%d", i%2)
		e.Provision(id, "")
		newDevice(t, e, id).send(body)
		e.StepClock(time.Minute)
	}
	bodies := func(path string, header ...string) string {
		t.Helper()
		status, out, _ := console(t, e, "GET", path, "", header...)
		if status != 200 {
			t.Fatalf("GET %s: %d %s", path, status, out)
		}
		var b strings.Builder
		dec := json.NewDecoder(strings.NewReader(out))
		if !strings.Contains(path, "ndjson") && len(header) == 0 {
			if _, err := dec.Token(); err != nil {
				t.Fatal(err)
			}
		}
		for dec.More() {
			var ev struct {
				Body         json.RawMessage
				BodyEncoding string
			}
			if err := dec.Decode(&ev); err != nil {
				t.Fatalf("%v in %s", err, out)
			}
			fmt.Fprintf(&b, "%s%s ", ev.Body, ev.BodyEncoding)
		}
		return strings.TrimSpace(b.String())
	}
	for path, want := range map[string]string{
		"/events":                              `{"v":1e400} [0.1000] "<b>&</b>"utf-8 "/wA="base64`,
		"/events?device=dev-0":                 `{"v":1e400} "<b>&</b>"utf-8`,
		"/events?count=1":                      `"/wA="base64`,
		"/events?after=3":                      `"/wA="base64`,
		"/events?since=2026-01-02T03:06:00Z":   `"<b>&</b>"utf-8 "/wA="base64`,
		"/events?since=90s":                    `"/wA="base64`,
		"/events?format=ndjson":                `{"v":1e400} [0.1000] "<b>&</b>"utf-8 "/wA="base64`,
		"/events?hub=hub-2":                    ``,
		"/events?device=dev-1&count=2&wait=1s": `[0.1000] "/wA="base64`,
	} {
		if got := bodies(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if got := bodies("/events", "Accept", "application/x-ndjson"); !strings.HasPrefix(got, `{"v":1e400} [`) {
		t.Errorf("NDJSON by Accept: %s", got)
	}
	for _, path := range []string{"/events?count=0", "/events?wait=1", "/events?wait=1h", "/events?since=soon",
		"/events?after=-1", "/events?format=xml", "/events?devcie=x"} {
		if status, out, _ := console(t, e, "GET", path, ""); status != 400 {
			t.Errorf("%s: %d %s", path, status, out)
		}
	}
	status, out, _ := console(t, e, "GET", "/stats", "")
	if status != 200 || !strings.Contains(out, `"events":{"204":4}`) || !strings.Contains(out, `"eventsStored":4`) {
		t.Errorf("%s", out)
	}
	var evs []emulator.Event
	_, out, _ = console(t, e, "GET", "/events", "")
	if err := json.Unmarshal([]byte(out), &evs); err != nil || len(evs) != 4 || string(evs[3].Body) != "\xff\x00" ||
		string(evs[2].Body) != "<b>&</b>" {
		t.Errorf("events change on the way out and in: %v %+v", err, evs)
	}
}

func TestConsoleWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Config{})
		e.Provision("dev-1", "")
		go func() {
			time.Sleep(2 * time.Second)
			newDevice(t, e, "dev-1").send("{}")
		}()
		start := time.Now()
		status, out, _ := console(t, e, "GET", "/events?wait=5s", "")
		if status != 200 || !strings.Contains(out, `"device":"dev-1"`) || time.Since(start) != 2*time.Second {
			t.Errorf("%d %s after %v", status, out, time.Since(start))
		}
		start = time.Now()
		_, _, h := console(t, e, "GET", "/events?count=3&wait=5s", "")
		if h.Get("Mayfly-Missing") != "2" || time.Since(start) != 5*time.Second {
			t.Errorf("%v after %v", h, time.Since(start))
		}
	})
}

func TestConsoleActions(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, emulator.Config{})
	for _, step := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/", "", 200, "0ne00000001"},
		{"GET", "/ca.pem", "", 200, "BEGIN CERTIFICATE"},
		{"GET", "/events", "", 200, "[]"},
		{"GET", "/devices/dev-1", "", 404, "error"},
		{"POST", "/devices/dev-1/provision", `{"hub":"hub-1.azure-devices.net"}`, 200,
			`"hub":"hub-1.azure-devices.net"`},
		{"POST", "/devices/dev-1/move", `{"hub":"hub-2.azure-devices.net","staleLookup":true}`, 200,
			`"hub":"hub-2.azure-devices.net","assignedHub":"hub-1.azure-devices.net"`},
		{"POST", "/devices/dev-1/move", `{}`, 400, "hub"},
		{"POST", "/devices/dev-1/move", `{"hub":"example.com"}`, 400, "hub"},
		{"POST", "/devices/dev-1/disable", "", 200, `"standing":"disabled"`},
		{"POST", "/devices/dev-1/enable", "", 200, `"standing":"enrolled"`},
		{"POST", "/devices/dev-1/block", "", 200, `"standing":"blocked"`},
		{"POST", "/devices/dev-1/await-approval", "", 200, `"standing":"awaitingApproval"`},
		{"POST", "/devices/dev-1/approve", "", 200, `"standing":"enrolled"`},
		{"POST", "/devices/dev-1/c2d", `{"json":{"on":true},"properties":{"k":"v"}}`, 200, `"queued":1`},
		{"POST", "/devices/dev-1/c2d", `{"body":"b24="}`, 200, `"queued":2`},
		{"POST", "/devices/dev-1/c2d", `{"text":"on"`, 400, "error"},
		{"POST", "/devices/dev-1/purge", "", 200, `"queued":0`},
		{"GET", "/feedback", "", 200, `"outcome":"Purged"`},
		{"POST", "/devices/dev-1/explode", "", 404, "error"},
		{"POST", "/devices/dev%201/block", "", 400, "error"},
		{"POST", "/devices/dev-1/delete", "", 204, ""},
		{"POST", "/devices/dev-1/c2d", `{"text":"on"}`, 404, "error"},
		{"GET", "/devices", "", 200, "[]"},
		{"POST", "/faults", `[{"id":"f","endpoint":"events","status":503}]`, 200, `{"ids":["f"]}`},
		{"POST", "/faults", `{"endpoint":"poll","hang":true,"count":1}`, 200, `fault-2`},
		{"POST", "/faults", `{"endpoint":"poll"}`, 400, "effect: none is set"},
		{"GET", "/faults", "", 200, `"status":503`},
		{"DELETE", "/faults/f", "", 204, ""},
		{"DELETE", "/faults/f", "", 404, "error"},
		{"DELETE", "/faults", "", 204, ""},
		{"GET", "/faults", "", 200, "[]"},
		{"POST", "/clock", `{"step":"1h"}`, 200, `"offset":"1h0m0s"`},
		{"POST", "/clock", `{"set":"2030-01-02T03:04:05Z"}`, 200, `2030-01-02T03:04:05`},
		{"POST", "/clock", `{"reset":true}`, 200, `"offset":"0s"`},
		{"POST", "/clock", `{}`, 400, "want"},
		{"POST", "/faults", strings.Repeat(" ", 2<<20), 400, "error"},
		{"DELETE", "/events", "", 204, ""},
	} {
		status, out, _ := console(t, e, step.method, step.path, step.body)
		if status != step.status || !strings.Contains(out, step.want) {
			t.Errorf("%s %s %.40s: %d %s, want %d %s", step.method, step.path, step.body, status, out, step.status,
				step.want)
		}
	}
}

func TestConsolePageIsGuarded(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, emulator.Config{Page: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "page "+r.URL.Path)
	})})
	for path, want := range map[string]string{"/": "page /", "/app.js": "page /app.js", "/events": "[]"} {
		if _, out, _ := console(t, e, "GET", path, ""); !strings.HasPrefix(out, want) {
			t.Errorf("%s: %s", path, out)
		}
	}
	if status, _, _ := console(t, e, "GET", "/", "", "Host", "example.com"); status != 403 {
		t.Errorf("%d", status)
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	e := emulator.Start(t, emulator.Config{})
	e.Provision("dev-1", "")
	d := newDevice(t, e, "dev-1")
	d.send(`{"n":1}`)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+e.ConsoleAddr()+"/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Last-Event-ID", "event-0")
	c := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(c.CloseIdleConnections)
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	next := func(want string) {
		t.Helper()
		for lines.Scan() {
			if strings.Contains(lines.Text(), want) {
				return
			}
		}
		t.Errorf("the stream ended before %s", want)
	}
	next(`id: event-1`)
	next(`"body":{"n":1}`)
	next(": connected")
	d.send(`{"n":2}`)
	next("event: event")
	next(`"body":{"n":2}`)
	next("event: call")
	next(`"op":"events"`)
}

func TestProxy(t *testing.T) {
	t.Parallel()
	e := emulator.Start(t, emulator.Config{})
	proxy, err := url.Parse("http://" + e.ConsoleAddr())
	if err != nil {
		t.Fatal(err)
	}
	tr := e.Transport() // for its certificates; connections go through the proxy
	tr.DialContext, tr.Proxy = nil, http.ProxyURL(proxy)
	t.Cleanup(tr.CloseIdleConnections)
	d := newDevice(t, e, "dev-1")
	d.http.Transport = tr
	d.provision()
	if a := d.send("{}"); a.status != 204 {
		t.Errorf("%d %s", a.status, a.body)
	}
	for _, host := range []string{"example.com", "hub-1.azure-devices.net:8443", "azure-devices.net", "127.0.0.1",
		"hub.azure-devices.net.example.com"} {
		if _, err := d.do("GET", "https://"+host+"/", nil, ""); err == nil ||
			!strings.Contains(err.Error(), "Forbidden") {
			t.Errorf("CONNECT %s: %v", host, err)
		}
	}
}

func TestCalledByAddress(t *testing.T) {
	t.Parallel()
	e := emulator.Start(t, emulator.Config{Names: []string{"emulator"}})
	e.Provision("dev-1", "")
	tr := e.Transport()
	t.Cleanup(tr.CloseIdleConnections)
	d := newDevice(t, e, "dev-1")
	d.http.Transport = tr
	for _, host := range []string{e.Addr(), strings.Replace(e.Addr(), "127.0.0.1", "localhost", 1), "emulator:7443"} {
		for _, sr := range []string{emulator.DefaultHub, host} {
			a := d.must(d.do("POST", "https://"+host+"/devices/dev-1/messages/events?api-version=1",
				map[string]string{"Authorization": e.HubToken("dev-1", sr, time.Hour)}, "{}"))
			if a.status != 204 {
				t.Errorf("%s, sr %s: %d %s", host, sr, a.status, a.body)
			}
		}
		a := d.must(d.do("POST", "https://"+host+"/0ne00000001/registrations/dev-1?api-version=1",
			map[string]string{"Authorization": e.DPSToken("dev-1", time.Hour), "Content-Type": "application/json"},
			d.body()))
		if a.status != 200 {
			t.Errorf("%s: %d %s", host, a.status, a.body)
		}
	}
	if evs := e.Events(); len(evs) != 6 || evs[0].Hub != emulator.DefaultHub {
		t.Errorf("%+v", evs)
	}
}

func TestRecordIsBounded(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, emulator.Config{EventLimit: 20, CallLimit: 30, DeviceLimit: 2})
	e.Provision("dev-1", "")
	d := newDevice(t, e, "dev-1")
	for i := range 100 {
		d.send(fmt.Sprint(i))
	}
	evs, calls := e.Events(), e.Calls()
	if len(evs) != 20 || string(evs[0].Body) != "80" || evs[19].Seq != 100 || len(calls) != 30 {
		t.Errorf("%d events from %s, %d calls", len(evs), evs[0].Body, len(calls))
	}
	evs[0].Body[0] = 'x'
	if string(e.Events()[0].Body) != "80" {
		t.Error("Events returns its own copy of the record")
	}
	newDevice(t, e, "dev-2").register()
	if a := newDevice(t, e, "dev-3").register(); a.status != 403 {
		t.Errorf("third of two devices: %d %s", a.status, a.body)
	}
}

func TestConcurrentDevices(t *testing.T) {
	t.Parallel()
	e := emulator.Start(t, emulator.Config{Hubs: []string{"a.azure-devices.net", "b.azure-devices.net"}})
	tr := e.Transport()
	t.Cleanup(tr.CloseIdleConnections)
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			d := newDevice(t, e, fmt.Sprintf("dev-%d", i))
			if i%2 == 0 {
				d.http.Transport = tr
			}
			a, err := d.dps(http.MethodPut, "/register", d.body())
			if err != nil || a.status != 202 {
				t.Errorf("%d %v", a.status, err)
				return
			}
			a, err = d.dps(http.MethodGet, "/operations/"+a.get(t, "operationId"), "")
			if err != nil || a.status != 200 {
				t.Errorf("%d %v", a.status, err)
				return
			}
			hub := a.get(t, "registrationState.assignedHub")
			for range 5 {
				if a, err := d.hub(http.MethodPost, hub, "/messages/events", nil, "{}"); err != nil || a.status != 204 {
					t.Errorf("%d %v", a.status, err)
				}
				_, _, _ = console(t, e, "GET", "/events", "")
				_, _, _ = console(t, e, "GET", "/devices", "")
			}
		})
	}
	if _, err := e.WaitEvents(t.Context(), 160); err != nil {
		t.Error(err)
	}
	wg.Wait()
}

func TestWaitReportsProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Config{})
		e.Provision("dev-1", "")
		newDevice(t, e, "dev-1").send("{}")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		evs, err := e.WaitEvents(ctx, 3)
		if len(evs) != 1 || err == nil || !strings.Contains(err.Error(), "1 of 3 events") {
			t.Errorf("%d %v", len(evs), err)
		}
	})
}
