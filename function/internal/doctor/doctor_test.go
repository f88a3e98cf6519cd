package doctor_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/emulator"
	"mayfly/function/internal/config"
	"mayfly/function/internal/doctor"
	"mayfly/internal/secret"
)

const device = "pump-1"

// refusing is a transport that fails for hosts with a suffix.
type refusing struct {
	http.RoundTripper
	suffix string
	err    error
}

func (r refusing) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.HasSuffix(req.URL.Host, r.suffix) {
		return nil, r.err
	}
	return r.RoundTripper.RoundTrip(req)
}

func TestExamination(t *testing.T) {
	t.Parallel()
	noSuchHost := &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}
	for _, tc := range []struct {
		name     string
		prepare  func(*emulator.Emulator)
		variable string // changes the configuration
		device   string
		fails    string // suffix of a host that cannot be reached
		err      error
		want     string // steps and outcomes, of what is not ok
		text     string // in a fault
		remedy   string
	}{
		{name: "all is well without a device", want: "registration skipped, hub name skipped, " +
			"hub connection skipped, test event skipped"},
		{name: "all is well", device: device},
		{name: "wrong key", variable: "GROUP_KEY=bWF5Zmx5", device: device, want: "scope and key FAULT, " +
			"registration skipped, hub name skipped, hub connection skipped, test event skipped", text: "401",
			remedy: "GROUP_KEY"},
		{name: "wrong scope", variable: "ID_SCOPE=0ne00000000", device: device, want: "scope and key FAULT, " +
			"registration skipped, hub name skipped, hub connection skipped, test event skipped", remedy: "ID_SCOPE"},
		{name: "the clock is two hours behind", prepare: func(e *emulator.Emulator) { e.StepClock(2 * time.Hour) },
			device: device, want: "clock FAULT, scope and key FAULT, registration skipped, hub name skipped, " +
				"hub connection skipped, test event skipped", text: "2h0m0s behind DPS's",
			remedy: "set the clock first"},
		{name: "the clock is two hours ahead", prepare: func(e *emulator.Emulator) { e.StepClock(-2 * time.Hour) },
			device: device, want: "clock FAULT", text: "2h0m0s ahead of DPS's"},
		{name: "no such DPS", device: device, fails: "provisioning.net", err: noSuchHost, want: "DPS name FAULT, " +
			"DPS connection skipped, clock skipped, scope and key skipped, registration skipped, hub name skipped, " +
			"hub connection skipped, test event skipped", text: "does not exist", remedy: "DPS_ENDPOINT"},
		{name: "no such hub", device: device, fails: "azure-devices.net", err: noSuchHost,
			want: "hub name FAULT, hub connection skipped, test event skipped", text: "does not exist"},
		{name: "the hub refuses connections", device: device, fails: "azure-devices.net",
			err:  &net.OpError{Op: "dial", Err: errors.New("network is unreachable")},
			want: "hub connection FAULT, test event skipped", text: "network is unreachable"},
		{name: "the hub hangs", device: device, prepare: fault(emulator.Fault{Endpoint: "hub", Hang: true}),
			want: "hub connection FAULT, test event skipped", text: "did not answer in time", remedy: "firewall"},
		{name: "the hub hangs when it gets an event", device: device,
			prepare: fault(emulator.Fault{Endpoint: "send", Hang: true}),
			want:    "test event FAULT", text: "did not answer in time"},
		{name: "DPS is down", prepare: fault(emulator.Fault{Endpoint: "lookup", Status: 503}), device: device,
			want: "scope and key FAULT, registration skipped, hub name skipped, hub connection skipped, " +
				"test event skipped", text: "503"},
		{name: "the device waits for approval", device: device,
			prepare: func(e *emulator.Emulator) { e.AwaitApproval(device) },
			want: "registration FAULT, hub name skipped, hub connection skipped, " +
				"test event skipped", remedy: "approve"},
		{name: "the link of the hub to DPS is old", device: device,
			prepare: fault(emulator.Fault{Endpoint: "poll", State: "failed", ErrorCode: 401002}),
			want:    "registration FAULT, hub name skipped, hub connection skipped, test event skipped",
			remedy:  "link the IoT hub to DPS again"},
		{name: "what is behind DPS is down", device: device,
			prepare: fault(emulator.Fault{Endpoint: "poll", State: "failed", ErrorCode: 503001}),
			want:    "registration FAULT, hub name skipped, hub connection skipped, test event skipped",
			remedy:  "try again in a minute"},
		{name: "the enrollment is disabled", device: device, prepare: func(e *emulator.Emulator) { e.Disable(device) },
			want:   "registration FAULT, hub name skipped, hub connection skipped, test event skipped",
			remedy: "enable the enrollment"},
		{name: "the daily quota is used up", device: device,
			prepare: fault(emulator.Fault{Endpoint: "send", Status: 403, ErrorCode: 403002}),
			want:    "test event FAULT", remedy: "midnight UTC"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				azure, err := emulator.New(emulator.Config{})
				if err != nil {
					t.Fatal(err)
				}
				if tc.prepare != nil {
					tc.prepare(azure)
				}
				carry := azure.RoundTripper()
				if tc.err != nil {
					carry = refusing{carry, tc.fails, tc.err}
				}
				steps, passed := examine(t, azure, carry, tc.variable, tc.device)
				var faulty []string
				all := ""
				for _, s := range steps {
					all += fmt.Sprintf("%s %s: %s (%s)\n", s.Name, s.Status, s.Detail, s.Remedy)
					if s.Status != doctor.OK {
						faulty = append(faulty, s.Name+" "+string(s.Status))
					}
				}
				if got := strings.Join(faulty, ", "); got != tc.want {
					t.Errorf("got  %s\nwant %s\n%s", got, tc.want, all)
				}
				if passed == strings.Contains(tc.want, "FAULT") || len(steps) != 9 {
					t.Errorf("passed %v, %d steps\n%s", passed, len(steps), all)
				}
				if !strings.Contains(all, tc.text) || !strings.Contains(all, tc.remedy) ||
					strings.Contains(all, azure.GroupKey()) || strings.Contains(all, "SharedAccess") {
					t.Errorf("%s", all)
				}
			})
		})
	}
}

func fault(f emulator.Fault) func(*emulator.Emulator) {
	return func(e *emulator.Emulator) { _, _ = e.AddFault(f) }
}

// examine runs the steps against an emulator.
func examine(t *testing.T, azure *emulator.Emulator, carry http.RoundTripper, variable, id string) (
	steps []doctor.Step, passed bool,
) {
	t.Helper()
	environ := []string{"ID_SCOPE=" + azure.IDScope(), "GROUP_KEY=" + azure.GroupKey(), "AUTH=none", variable}
	c, err := config.Load(environ)
	if err != nil {
		t.Fatal(err)
	}
	passed = doctor.Run(t.Context(), c, doctor.Options{
		Fleets: []string{""}, Device: id, SendEvent: true, DPS: carry, Hub: carry,
		Secrets: &secret.Loader{Now: time.Now}, Now: time.Now,
	}, func(s doctor.Step) { steps = append(steps, s) })
	return steps, passed
}

// Without a device nothing is created.
func TestExaminationChangesNothing(t *testing.T) {
	t.Parallel()
	azure := emulator.Start(t, emulator.Config{})
	if steps, passed := examine(t, azure, azure.Transport(), "", ""); !passed {
		t.Errorf("%v", steps)
	}
	if devices := azure.Devices(); len(devices) != 0 {
		t.Errorf("%v", devices)
	}
}

// Over sockets, what is wrong with a connection is told apart.
func TestConnectionFaults(t *testing.T) {
	t.Parallel()
	azure := emulator.Start(t, emulator.Config{})
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(plain) }()
	t.Cleanup(func() { _ = server.Close() })
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for _, tc := range []struct{ name, endpoint, want string }{
		{"a CA that is not trusted", azure.Addr(), "signed by an unknown authority"},
		{"nothing listens", closed.Addr().String(), ": it refuses connections"},
		{"plain HTTP", plain.Addr().String(), ": it does not speak TLS"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			steps, passed := examine(t, azure, &http.Transport{}, "DPS_ENDPOINT=https://"+tc.endpoint, "")
			if passed || steps[2].Status != doctor.Fault || !strings.Contains(steps[2].Detail, tc.want) {
				t.Errorf("%+v", steps[:3])
			}
		})
	}
}
