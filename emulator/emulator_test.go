package emulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"mayfly/emulator"
)

const dpsHost = "https://global.azure-devices-provisioning.net/"

// device is a minimal client: it does what the documents say and nothing else.
type device struct {
	tb   testing.TB
	e    *emulator.Emulator
	http *http.Client
	id   string
}

func newDevice(tb testing.TB, e *emulator.Emulator, id string) *device {
	tb.Helper()
	return &device{tb: tb, e: e, http: &http.Client{Transport: e.RoundTripper()}, id: id}
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) json(tb testing.TB) map[string]any {
	tb.Helper()
	var m map[string]any
	if err := json.Unmarshal(a.body, &m); err != nil {
		tb.Fatalf("body %q: %v", a.body, err)
	}
	return m
}

func (a answer) get(tb testing.TB, path string) string {
	tb.Helper()
	var v any = a.json(tb)
	for name := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return ""
		}
		v = m[name]
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func (d *device) do(method, url string, header map[string]string, body string) (answer, error) {
	req, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := d.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, b}, err
}

func (d *device) must(a answer, err error) answer {
	d.tb.Helper()
	if err != nil {
		d.tb.Fatal(err)
	}
	return a
}

func (d *device) dps(method, path, body string) (answer, error) {
	return d.do(method, dpsHost+d.e.IDScope()+"/registrations/"+d.id+path+"?api-version=2021-06-01", map[string]string{
		"Authorization": d.e.DPSToken(d.id, time.Hour), "Content-Type": "application/json",
	}, body)
}

func (d *device) body() string { return `{"registrationId":"` + d.id + `"}` }

func (d *device) register() answer {
	d.tb.Helper()
	return d.must(d.dps(http.MethodPut, "/register", d.body()))
}

func (d *device) lookup() answer {
	d.tb.Helper()
	return d.must(d.dps(http.MethodPost, "", d.body()))
}

func (d *device) poll(operation string) answer {
	d.tb.Helper()
	return d.must(d.dps(http.MethodGet, "/operations/"+operation, ""))
}

// provision registers and polls once.
func (d *device) provision() answer {
	d.tb.Helper()
	a := d.register()
	if a.status != http.StatusAccepted {
		d.tb.Fatalf("register: %d %s", a.status, a.body)
	}
	return d.poll(a.get(d.tb, "operationId"))
}

func (d *device) hub(method, hub, path string, header map[string]string, body string) (answer, error) {
	h := map[string]string{"Authorization": d.e.HubToken(d.id, hub, time.Hour)}
	maps.Copy(h, header)
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	return d.do(method, "https://"+hub+"/devices/"+d.id+path+sep+"api-version=2021-04-12", h, body)
}

func (d *device) send(body string) answer {
	d.tb.Helper()
	return d.must(d.hub(http.MethodPost, emulator.DefaultHub, "/messages/events", map[string]string{
		"iothub-contenttype": "application/json", "iothub-contentencoding": "utf-8",
	}, body))
}

func newEmulator(tb testing.TB, cfg emulator.Config) *emulator.Emulator {
	tb.Helper()
	e, err := emulator.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

func TestRegisterPollSend(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"in memory", "over TLS"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			var e *emulator.Emulator
			var d *device
			if way == "in memory" {
				e = newEmulator(t, emulator.Config{})
				d = newDevice(t, e, "dev-1")
			} else {
				e = emulator.Start(t, emulator.Config{})
				tr := e.Transport()
				t.Cleanup(tr.CloseIdleConnections)
				d = newDevice(t, e, "dev-1")
				d.http = &http.Client{Transport: tr}
			}
			a := d.register()
			if a.status != 202 || a.header.Get("Retry-After") != "3" || a.get(t, "status") != "assigning" {
				t.Fatalf("register: %d %v %s", a.status, a.header, a.body)
			}
			if got, want := a.header.Get("Location"), dpsHost+"0ne00000001/registrations/dev-1/register"; got != want {
				t.Errorf("Location %q, want %q", got, want)
			}
			a = d.poll(a.get(t, "operationId"))
			if a.status != 200 || a.get(t, "registrationState.assignedHub") != emulator.DefaultHub ||
				a.header.Get("Retry-After") != "" {
				t.Fatalf("poll: %d %v %s", a.status, a.header, a.body)
			}
			if a := d.lookup(); a.status != 200 || a.get(t, "assignedHub") != emulator.DefaultHub ||
				a.get(t, "operationId") != "" {
				t.Fatalf("look-up: %d %s", a.status, a.body)
			}
			const body = `{ "big":9007199254740993, "huge":1e400, "exact":0.1000, "html":"<&>" }`
			if a := d.send(body); a.status != 204 || len(a.body) != 0 || a.header.Get("x-ms-request-id") == "" {
				t.Fatalf("send: %d %s", a.status, a.body)
			}
			evs, err := e.WaitDevice(t.Context(), "dev-1", 1)
			if err != nil || len(evs) != 1 {
				t.Fatalf("events: %v %v", evs, err)
			}
			if string(evs[0].Body) != body {
				t.Errorf("body %s", evs[0].Body)
			}
			out, err := json.Marshal(evs[0])
			for _, digits := range []string{"9007199254740993", "1e400", "0.1000"} {
				if err != nil || !bytes.Contains(out, []byte(digits)) {
					t.Errorf("%s is not in %s (%v)", digits, out, err)
				}
			}
			var ops []string
			for _, c := range e.Calls() {
				ops = append(ops, fmt.Sprintf("%s %s %d", c.Service, c.Op, c.Status))
			}
			want := "[dps register 202 dps poll 200 dps lookup 200 hub events 204]"
			if fmt.Sprint(ops) != want {
				t.Errorf("calls %v, want %s", ops, want)
			}
		})
	}
}
