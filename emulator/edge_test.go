package emulator_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"mayfly/emulator"
)

func TestFaultsUseEachServicesErrors(t *testing.T) {
	t.Parallel()
	for status, want := range map[int][2]string{ // Azure's code at DPS, the hub's name
		400: {"400000", "ArgumentInvalid"}, 401: {"401002", "IotHubUnauthorized"},
		403: {"403000", "IotHubQuotaExceeded"},
		404: {"404201", "DeviceNotFound"}, 409: {"409203", "Conflict"}, 412: {"412000", "DeviceMessageLockLost"},
		413: {"413000", "MessageTooLarge"}, 429: {"429001", "ThrottlingException"}, 500: {"500000", "ServerError"},
		503: {"503000", "ServiceUnavailable"}, 504: {"504000", "GatewayTimeout"},
	} {
		e := newEmulator(t, emulator.Config{})
		arm(t, e, emulator.Fault{Status: status})
		d := newDevice(t, e, "dev-1")
		for _, a := range []answer{d.register(), d.lookup(), d.poll("5.0.0")} {
			if a.status != status || a.get(t, "errorCode") != want[0] || a.get(t, "message") == "" {
				t.Errorf("DPS: %d %s", a.status, a.body)
			}
		}
		if a := d.send("{}"); a.status != status || a.header.Get("iothub-errorcode") != want[1] {
			t.Errorf("hub: %d %v", a.status, a.header)
		}
	}
}

// A device that uses MQTT or AMQP over WebSockets finds the reason in the record.
func TestWebSocketsAreNotEmulated(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"global.azure-devices-provisioning.net", emulator.DefaultHub} {
		e := newEmulator(t, emulator.Config{})
		d := newDevice(t, e, "dev-1")
		a := d.must(d.do("GET", "https://"+host+"/$iothub/websocket?iothub-no-client-cert=true",
			map[string]string{"Upgrade": "websocket", "Connection": "Upgrade"}, ""))
		if note := e.Calls()[0].Note; a.status != 404 || !strings.Contains(note, "not emulated") {
			t.Errorf("%s: %d, %q", host, a.status, note)
		}
	}
}

func TestSlowBodyOverTLS(t *testing.T) {
	t.Parallel()
	e := emulator.Start(t, emulator.Config{})
	arm(t, e, emulator.Fault{Endpoint: emulator.OpRegister, SlowBody: 20 * time.Millisecond, ContentType: "text/html"})
	d := newDevice(t, e, "dev-1")
	tr := e.Transport()
	t.Cleanup(tr.CloseIdleConnections)
	d.http.Transport = tr
	if a := d.register(); a.status != 202 || a.get(t, "status") != "assigning" ||
		a.header.Get("Content-Type") != "text/html" {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
}

func TestLockTime(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		header, query string
		status        int
		holds         time.Duration
		lenient       string
	}{
		"none":          {"", "", 200, time.Minute, ""},
		"a minute":      {"60", "", 200, time.Minute, ""},
		"by the header": {"5", "", 200, 5 * time.Second, "lock time other than a minute"},
		"by the query":  {"", "&iothub-messagelocktimeout=5", 200, 5 * time.Second, "lock time other than a minute"},
		"not a number":  {"soon", "", 400, 0, ""},
		"too long":      {"301", "", 400, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			e := newEmulator(t, emulator.Config{Now: func() time.Time { return now }})
			e.Provision("dev-1", "")
			if err := e.SendToDevice("dev-1", emulator.Message{MessageID: "m"}); err != nil {
				t.Fatal(err)
			}
			d := newDevice(t, e, "dev-1")
			get := func() answer {
				h := map[string]string{}
				if tc.header != "" {
					h["IotHub-MessageLockTimeout"] = tc.header
				}
				return d.must(d.hub("GET", emulator.DefaultHub, "/messages/devicebound?x=y"+tc.query, h, ""))
			}
			a := get()
			if got := strings.Join(e.Calls()[0].Lenient, ";"); a.status != tc.status || got != tc.lenient {
				t.Fatalf("%d %s, %q", a.status, a.body, got)
			}
			if tc.status != 200 {
				return
			}
			e.StepClock(tc.holds - time.Second)
			if b := get(); b.status != 204 {
				t.Errorf("a second before: %d", b.status)
			}
			e.StepClock(time.Second)
			if b := get(); b.status != 200 {
				t.Errorf("at the end: %d", b.status)
			}
		})
	}
}

func TestMessageLimits(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, emulator.Config{})
	e.Provision("dev-1", "")
	for name, m := range map[string]emulator.Message{
		"over 64 KB": {Body: make([]byte, 64<<10+1)}, "over two days": {Expiry: e.Now().Add(49 * time.Hour)},
	} {
		if err := e.SendToDevice("dev-1", m); err == nil {
			t.Errorf("%s is queued", name)
		}
	}
}

func TestStoreDropsOldestFiles(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, emulator.Config{BlobLimit: 10})
	e.Provision("dev-1", "")
	d := newDevice(t, e, "dev-1")
	for _, name := range []string{"a", "b", "a", "c"} {
		a := d.must(d.hub("POST", emulator.DefaultHub, "/files", nil, `{"blobName":"`+name+`"}`))
		url := "https://" + emulator.DefaultBlobHost + "/uploads/dev-1/" + name + a.get(t, "sasToken")
		if b := d.must(d.do("PUT", url, map[string]string{"x-ms-blob-type": "BlockBlob"}, "12345")); b.status != 201 {
			t.Fatalf("%d %s", b.status, b.body)
		}
	}
	var names []string
	for _, f := range e.Files() {
		names = append(names, f.Name)
	}
	if got := strings.Join(names, " "); got != "dev-1/a dev-1/c" {
		t.Error(got)
	}
	for _, url := range []string{"/uploads/dev-1/a", "/other/dev-1/a",
		"/uploads/dev-1/a?se=2000-01-01T00:00:00Z&sig=x"} {
		b := d.must(d.do("PUT", "https://"+emulator.DefaultBlobHost+url, nil, "x"))
		if b.status != 403 && b.status != 404 {
			t.Errorf("%s: %d", url, b.status)
		}
	}
}

func TestCallsAreListed(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, emulator.Config{})
	d := newDevice(t, e, "dev-1")
	d.provision()
	d.must(d.dps("PUT", "/register", `{"registrationId":"dev-1","payload":{"iotcModelId":"dtmi:a:b;1"}}`))
	d.must(d.dps("PUT", "/register", `{"registrationId":"dev-1","payload":{"x":"`+strings.Repeat("x", 5000)+`"}}`))
	_, out, _ := console(t, e, "GET", "/calls?device=dev-1&op=register&count=2&format=ndjson", "")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `"modelId":"dtmi:a:b;1"`) ||
		strings.Contains(lines[1], `"payload"`) {
		t.Errorf("%s", out)
	}
	if _, out, _ := console(t, e, "GET", "/calls?op=none", ""); strings.TrimSpace(out) != "[]" {
		t.Errorf("%s", out)
	}
}

// impatient sends its TLS hello before the proxy has answered.
type impatient struct {
	net.Conn
	in    *bufio.Reader
	hello []byte
}

func (c *impatient) Write(p []byte) (int, error) {
	if c.hello == nil {
		return c.Conn.Write(p)
	}
	all := append(bytes.Clone(c.hello), p...)
	c.hello = nil
	if _, err := c.Conn.Write(all); err != nil {
		return 0, err
	}
	for { // skip the answer to CONNECT
		line, err := c.in.ReadString('\n')
		if err != nil {
			return 0, err
		}
		if strings.TrimSpace(line) == "" {
			return len(p), nil
		}
	}
}

func (c *impatient) Read(p []byte) (int, error) { return c.in.Read(p) }

func TestEarlyClientHello(t *testing.T) {
	t.Parallel()
	e := emulator.Start(t, emulator.Config{})
	e.Provision("dev-1", "")
	tr := e.Transport()
	t.Cleanup(tr.CloseIdleConnections)
	config := tr.TLSClientConfig.Clone()
	tr.DialTLSContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		raw, err := (&net.Dialer{}).DialContext(ctx, network, e.ConsoleAddr())
		if err != nil {
			return nil, err
		}
		config.ServerName = emulator.DefaultHub
		connect := fmt.Appendf(nil, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", addr, addr)
		c := tls.Client(&impatient{raw, bufio.NewReader(raw), connect}, config)
		return c, c.HandshakeContext(ctx)
	}
	d := newDevice(t, e, "dev-1")
	d.http = &http.Client{Transport: tr}
	if a := d.send("{}"); a.status != 204 {
		t.Errorf("%d %s", a.status, a.body)
	}
}
