package emulator_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mayfly/emulator"
)

// blast posts one prepared request repeatedly, on several connections at once. It reads as little as HTTP allows, so
// that it measures the server.
func blast(b *testing.B, addr string, config *tls.Config, request []byte, conns int) {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	b.ResetTimer()
	for range conns {
		wg.Go(func() {
			c, err := (&tls.Dialer{Config: config}).DialContext(b.Context(), "tcp", addr)
			if err != nil {
				b.Error(err)
				return
			}
			defer c.Close()
			in := bufio.NewReader(c)
			for left.Add(-1) >= 0 {
				if err := one(c, in, request); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

func one(c net.Conn, in *bufio.Reader, request []byte) error {
	if _, err := c.Write(request); err != nil {
		return err
	}
	line, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.Contains(line, []byte(" 204 ")) {
		return fmt.Errorf("answer %s", line)
	}
	for len(line) > 2 {
		if line, err = in.ReadSlice('\n'); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkEvents stores one event per request over persistent TLS connections; bare is a net/http TLS server that
// reads the body and answers 204, under the same load in the same run.
func BenchmarkEvents(b *testing.B) {
	const conns = 8
	body := `{"temperature":21.5,"humidity":40,"pressure":1013.25}`
	e := emulator.Start(b, emulator.Config{})
	e.Provision("dev-1", "")
	request := fmt.Appendf(nil, "POST /devices/dev-1/messages/events?api-version=2021-04-12 HTTP/1.1\r\nHost: %s\r\n"+
		"Authorization: %s\r\niothub-contenttype: application/json\r\niothub-contentencoding: utf-8\r\n"+
		"iothub-messageid: m-1\r\niothub-app-source: bench\r\nContent-Length: %d\r\n\r\n%s", emulator.DefaultHub,
		e.HubToken("dev-1", emulator.DefaultHub, time.Hour), len(body), body)
	config := e.Transport().TLSClientConfig.Clone()
	config.ServerName = emulator.DefaultHub
	b.Run("emulator", func(b *testing.B) { blast(b, e.Addr(), config, request, conns) })

	bare := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNoContent)
	}))
	bare.StartTLS()
	b.Cleanup(bare.Close)
	trust := bare.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	trust.ServerName = "example.com"
	b.Run("bare", func(b *testing.B) { blast(b, bare.Listener.Addr().String(), trust, request, conns) })
}

// BenchmarkEventsInMemory is the cost of an event in a test.
func BenchmarkEventsInMemory(b *testing.B) {
	e := newEmulator(b, emulator.Config{})
	e.Provision("dev-1", "")
	d := newDevice(b, e, "dev-1")
	auth := map[string]string{"Authorization": e.HubToken("dev-1", emulator.DefaultHub, time.Hour)}
	b.ReportAllocs()
	for b.Loop() {
		a := d.must(d.hub(http.MethodPost, emulator.DefaultHub, "/messages/events", auth, `{"a":1}`))
		if a.status != 204 {
			b.Fatal(a.status)
		}
	}
}

// BenchmarkDevices registers devices, polls and sends one event each, and reports their memory.
func BenchmarkDevices(b *testing.B) {
	const n = 100_000
	for b.Loop() {
		before := heap()
		e := newEmulator(b, emulator.Config{RegistrationsPerMinute: -1, OperationsPerMinute: -1})
		for i := range n {
			d := newDevice(b, e, fmt.Sprintf("dev-%d", i))
			if d.provision(); d.send("{}").status != 204 {
				b.Fatal("not stored")
			}
		}
		b.ReportMetric(float64(heap()-before)/(1<<20), "MB/100k-devices")
		if got := len(e.Devices()); got != n {
			b.Fatal(got)
		}
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkStart is New, Listen and Close, with a new CA.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		e := newEmulator(b, emulator.Config{})
		if err := e.Listen(b.Context()); err != nil {
			b.Fatal(err)
		}
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// TestDeviceMemory checks that figure with fewer devices.
func TestDeviceMemory(t *testing.T) { //nolint:paralleltest // it measures the heap
	const n, maxBytes = 3000, 2000
	e := newEmulator(t, emulator.Config{RegistrationsPerMinute: -1, OperationsPerMinute: -1, CallLimit: 1,
		EventLimit: 1})
	before := heap()
	for i := range n {
		newDevice(t, e, "dev-"+strings.Repeat("0", 8)+fmt.Sprint(i)).provision()
	}
	if each := (heap() - before) / n; each > maxBytes && each < 1<<40 {
		t.Errorf("%d bytes per device, want at most %d", each, maxBytes)
	}
	runtime.KeepAlive(e)
}
