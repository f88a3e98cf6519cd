package emulator_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/emulator"
)

func arm(tb testing.TB, e *emulator.Emulator, f emulator.Fault) string {
	tb.Helper()
	id, err := e.AddFault(f)
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

// sendOnce is send for faults that leave no answer.
func (d *device) sendOnce() (answer, error) {
	return d.hub(http.MethodPost, emulator.DefaultHub, "/messages/events",
		map[string]string{"iothub-contenttype": "application/json"}, `{"a":1}`)
}

func TestFaultsOnASend(t *testing.T) {
	t.Parallel()
	cut := func(err error) bool { return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) }
	for name, tc := range map[string]struct {
		fault  emulator.Fault
		status int
		retry  string
		code   string
		err    func(error) bool
		stored int
		slow   time.Duration // in memory only, in a synctest bubble
	}{
		"429 with Retry-After": {emulator.Fault{Status: 429, RetryAfter: 7 * time.Second}, 429, "7",
			"ThrottlingException", nil, 0, 0},
		"429 without Retry-After": {emulator.Fault{Status: 429}, 429, "", "ThrottlingException", nil, 0, 0},
		"429 with a date": {emulator.Fault{Status: 429, RetryAfterText: "Wed, 21 Oct 2026 07:28:00 GMT"}, 429,
			"Wed, 21 Oct 2026 07:28:00 GMT", "ThrottlingException", nil, 0, 0},
		"500":                {emulator.Fault{Status: 500}, 500, "", "ServerError", nil, 0, 0},
		"503":                {emulator.Fault{Status: 503}, 503, "", "ServiceUnavailable", nil, 0, 0},
		"quota":              {emulator.Fault{Status: 403}, 403, "", "IotHubQuotaExceeded", nil, 0, 0},
		"failing over":       {emulator.Fault{Status: 404, ErrorCode: 404012}, 404, "", "IotHubFailingOver", nil, 0, 0},
		"cut before storing": {emulator.Fault{Cut: emulator.CutBefore}, 0, "", "", cut, 0, 0},
		"cut after storing":  {emulator.Fault{Cut: emulator.CutAfter}, 0, "", "", cut, 1, 0},
		"truncated error": {emulator.Fault{Status: 500, Truncate: true}, 500, "", "ServerError",
			func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }, 0, 0},
		"wrong content type": {emulator.Fault{Status: 500, ContentType: "text/html"}, 500, "", "ServerError", nil, 0,
			0},
		"latency": {emulator.Fault{Latency: 2 * time.Second}, 204, "", "", nil, 1, 2 * time.Second},
		"slow body": {emulator.Fault{Status: 500, SlowBody: 5 * time.Second}, 500, "", "ServerError", nil, 0,
			5 * time.Second},
		"key rotated": {emulator.Fault{RotateKey: true}, 401, "", "IotHubUnauthorized", nil, 0, 0},
		"moved":       {emulator.Fault{MoveTo: "hub-9.azure-devices.net"}, 404, "", "DeviceNotFound", nil, 0, 0},
	} {
		check := func(t *testing.T, e *emulator.Emulator, d *device) {
			t.Helper()
			e.Provision(d.id, "")
			f := tc.fault
			f.Endpoint, f.Count = emulator.EndpointSend, 1
			id := arm(t, e, f)
			before := time.Now()
			a, err := d.sendOnce()
			if tc.err == nil && err != nil || tc.err != nil && !tc.err(err) {
				t.Fatalf("error %v", err)
			}
			if a.status != tc.status && tc.err == nil || a.header.Get("Retry-After") != tc.retry ||
				a.header.Get("iothub-errorcode") != tc.code && tc.err == nil {
				t.Errorf("answer %d %v %s", a.status, a.header, a.body)
			}
			if ct := tc.fault.ContentType; ct != "" && a.header.Get("Content-Type") != ct {
				t.Errorf("content type %s", a.header.Get("Content-Type"))
			}
			if n := len(e.Events()); n != tc.stored {
				t.Errorf("%d events stored, want %d", n, tc.stored)
			}
			if tc.slow > 0 && time.Since(before) != tc.slow {
				t.Errorf("took %v, want %v", time.Since(before), tc.slow)
			}
			calls := e.Calls()
			if c := calls[len(calls)-1]; c.Fault != id {
				t.Errorf("call %+v does not name the fault", c)
			}
			if f := e.Faults()[0]; f.Hits != 1 {
				t.Errorf("hits %d", f.Hits)
			}
		}
		t.Run("in memory/"+name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := newEmulator(t, emulator.Config{})
				check(t, e, newDevice(t, e, "dev-1"))
			})
		})
		if tc.slow > 0 {
			continue
		}
		t.Run("over TLS/"+name, func(t *testing.T) {
			t.Parallel()
			e := emulator.Start(t, emulator.Config{})
			d := newDevice(t, e, "dev-1")
			tr := e.Transport()
			t.Cleanup(tr.CloseIdleConnections)
			d.http.Transport = tr
			check(t, e, d)
		})
	}
}

func TestHangEndsWithTheCallersContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Config{})
		e.Provision("dev-1", "")
		arm(t, e, emulator.Fault{Endpoint: emulator.OpEvents, Hang: true})
		d := newDevice(t, e, "dev-1")
		d.http.Timeout = 4 * time.Second
		before := time.Now()
		if _, err := d.sendOnce(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(before); took != 4*time.Second {
			t.Errorf("took %v", took)
		}
		if n := len(e.Events()); n != 0 {
			t.Errorf("%d events", n)
		}
	})
}

func TestCloseEndsAHang(t *testing.T) {
	t.Parallel()
	e := emulator.Start(t, emulator.Config{})
	e.Provision("dev-1", "")
	arm(t, e, emulator.Fault{Hang: true})
	d := newDevice(t, e, "dev-1")
	tr := e.Transport()
	t.Cleanup(tr.CloseIdleConnections)
	d.http.Transport = tr
	done := make(chan error, 1)
	go func() {
		_, err := d.sendOnce()
		done <- err
	}()
	for e.Faults()[0].Hits == 0 {
		runtime.Gosched()
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err == nil {
		t.Error("a hanging call was answered")
	}
}

func TestShareIsReproducible(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) string {
		e := newEmulator(t, emulator.Config{Seed: seed})
		e.Provision("dev-1", "")
		arm(t, e, emulator.Fault{Endpoint: emulator.OpEvents, Share: 0.3, Status: 503})
		d := newDevice(t, e, "dev-1")
		var b strings.Builder
		for range 200 {
			a, err := d.sendOnce()
			if err != nil {
				t.Fatal(err)
			}
			b.WriteByte("x."[min(1, a.status%503)])
		}
		return b.String()
	}
	first := run(7)
	if n := strings.Count(first, "x"); n < 40 || n > 80 {
		t.Errorf("%d of 200 failed, want about 60", n)
	}
	if run(7) != first {
		t.Error("the same seed draws differently")
	}
	if run(8) == first {
		t.Error("another seed draws the same")
	}
}

func TestFaultsOnARegistration(t *testing.T) {
	t.Parallel()
	t.Run("assigning for three polls", func(t *testing.T) {
		t.Parallel()
		e := newEmulator(t, emulator.Config{})
		arm(t, e, emulator.Fault{Endpoint: emulator.OpRegister, AssigningPolls: 3})
		d := newDevice(t, e, "dev-1")
		op := d.register().get(t, "operationId")
		var got []int
		for range 4 {
			got = append(got, d.poll(op).status)
		}
		if !reflect.DeepEqual(got, []int{202, 202, 202, 200}) {
			t.Errorf("%v", got)
		}
	})
	t.Run("fails first, then succeeds", func(t *testing.T) {
		t.Parallel()
		e := newEmulator(t, emulator.Config{})
		arm(t, e, emulator.Fault{Endpoint: emulator.OpPoll, State: "failed", Count: 1})
		d := newDevice(t, e, "dev-1")
		if a := d.provision(); a.status != 200 || a.get(t, "registrationState.errorCode") != "400207" ||
			a.get(t, "status") != "failed" {
			t.Errorf("first: %d %s", a.status, a.body)
		}
		if a := d.lookup(); a.get(t, "status") != "failed" || a.get(t, "errorCode") != "400207" {
			t.Errorf("look-up: %d %s", a.status, a.body)
		}
		if a := d.provision(); a.get(t, "status") != "assigned" {
			t.Errorf("second: %d %s", a.status, a.body)
		}
	})
	t.Run("fails at once, with a code and a text", func(t *testing.T) {
		t.Parallel()
		e := newEmulator(t, emulator.Config{})
		arm(t, e, emulator.Fault{
			Endpoint: emulator.OpRegister, State: "failed", ErrorCode: 401002, Message: "{}", Count: 1,
		})
		d := newDevice(t, e, "dev-1")
		if a := d.register(); a.status != 200 || a.get(t, "registrationState.errorCode") != "401002" ||
			a.get(t, "registrationState.errorMessage") != "{}" || a.get(t, "status") != "failed" {
			t.Errorf("first: %d %s", a.status, a.body)
		}
		if a := d.register(); a.status != 202 {
			t.Errorf("second: %d %s", a.status, a.body)
		}
	})
	t.Run("fails with the text of a code", func(t *testing.T) {
		t.Parallel()
		e := newEmulator(t, emulator.Config{})
		arm(t, e, emulator.Fault{Endpoint: emulator.OpPoll, State: "failed", ErrorCode: 429001})
		if a := newDevice(t, e, "dev-1").provision(); a.get(t, "registrationState.errorCode") != "429001" ||
			a.get(t, "registrationState.errorMessage") != "Operations are being throttled for this tenant." {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	t.Run("a look-up answers what the fault says", func(t *testing.T) {
		t.Parallel()
		e := newEmulator(t, emulator.Config{})
		e.Provision("dev-1", "")
		arm(t, e, emulator.Fault{Endpoint: emulator.EndpointDPS, State: "unassigned", Count: 1})
		d := newDevice(t, e, "dev-1")
		op := d.register().get(t, "operationId") // the fault does not match and is not used up
		if a := d.lookup(); a.get(t, "status") != "unassigned" {
			t.Errorf("%s", a.body)
		}
		if a := d.poll(op); a.get(t, "status") != "assigned" {
			t.Errorf("%s", a.body)
		}
	})
	t.Run("Retry-After is configured", func(t *testing.T) {
		t.Parallel()
		e := newEmulator(t, emulator.Config{RetryAfter: -1})
		if a := newDevice(t, e, "dev-1").register(); a.header.Get("Retry-After") != "" {
			t.Errorf("%v", a.header)
		}
		e = newEmulator(t, emulator.Config{RetryAfter: time.Millisecond})
		if a := newDevice(t, e, "dev-1").register(); a.header.Get("Retry-After") != "0" {
			t.Errorf("%v", a.header)
		}
	})
}

func TestFaultScript(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, emulator.Config{})
	ids, err := e.LoadFaults(strings.NewReader(`[
		{"endpoint":"register","share":0.25,"status":429,"retryAfter":"5s"},
		{"id":"slow","endpoint":"hub","latency":1.5,"count":3}
	]`))
	if err != nil || !reflect.DeepEqual(ids, []string{"fault-1", "slow"}) {
		t.Fatalf("%v %v", ids, err)
	}
	out, err := json.Marshal(e.Faults())
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"id":"fault-1","endpoint":"register","share":0.25,"status":429,"retryAfter":"5s"},` +
		`{"id":"slow","endpoint":"hub","count":3,"latency":"1.5s"}]`
	if string(out) != want {
		t.Errorf("%s\nwant %s", out, want)
	}
	for name, script := range map[string]string{
		"misspelled member":                 `[{"endpiont":"register","status":429}]`,
		"unknown endpoint":                  `[{"endpoint":"twin","status":429}]`,
		"no effect":                         `[{"endpoint":"register"}]`,
		"share over one":                    `[{"share":1.5,"status":500}]`,
		"status 200":                        `[{"status":200}]`,
		"bad duration":                      `[{"latency":"soon"}]`,
		"negative":                          `[{"latency":"-1s"}]`,
		"a send with a registration status": `[{"endpoint":"events","state":"failed"}]`,
		"polls of a poll":                   `[{"endpoint":"poll","assigningPolls":3}]`,
		"not JSON":                          `latency: 1s`,
		"taken id":                          `[{"id":"slow","status":500}]`,
	} {
		if _, err := e.LoadFaults(strings.NewReader(script)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if n := len(e.Faults()); n != 2 {
		t.Errorf("%d faults after refused scripts", n)
	}
	if !e.RemoveFault("slow") || e.RemoveFault("slow") {
		t.Error("RemoveFault")
	}
}
