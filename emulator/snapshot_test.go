package emulator_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"mayfly/emulator"
)

// event sends an event of a device with the key that it has in the hub, and returns the hub's status.
func event(t *testing.T, e *emulator.Emulator, id, hub string) int {
	t.Helper()
	u := eventsURL()
	u.Host, u.Path = hub, "/devices/"+id+"/messages/events"
	header := http.Header{"Authorization": {e.HubToken(id, hub, time.Hour)}}
	status, _ := roundTrip(t, e, "POST", u, header, []byte("{}"))
	return status
}

// Another emulator goes on where the first one was.
func TestSnapshotRestores(t *testing.T) {
	t.Parallel()
	const hub2 = "hub-2.azure-devices.net"
	a := newEmulator(t, emulator.Config{Hubs: []string{emulator.DefaultHub, hub2}})
	a.Provision("here", emulator.DefaultHub)
	a.Provision("moved", emulator.DefaultHub)
	a.Move("moved", hub2, emulator.StaleLookup(), emulator.OldHubDisabled())
	a.Provision("blocked", hub2)
	a.Block("blocked")
	a.AwaitApproval("new")
	twice := emulator.Fault{Endpoint: emulator.OpEvents, Device: "here", Count: 2, Status: 503}
	if _, err := a.AddFault(twice); err != nil {
		t.Fatal(err)
	}
	if status := event(t, a, "here", emulator.DefaultHub); status != 503 {
		t.Fatalf("fault: %d", status)
	}
	a.StepClock(2 * time.Hour)

	status, document, _ := console(t, a, "GET", "/snapshot", "")
	if status != 200 {
		t.Fatalf("GET: %d %s", status, document)
	}
	b := newEmulator(t, emulator.Config{})
	b.Provision("forgotten", "")
	if status, out, _ := console(t, b, "PUT", "/snapshot", document); status != 204 {
		t.Fatalf("PUT: %d %s", status, out)
	}
	if _, again, _ := console(t, b, "GET", "/snapshot", ""); again != document {
		t.Errorf("the snapshot of the restored state is\n%s\nwant\n%s", again, document)
	}
	for _, tt := range []struct {
		name, device, hub string
		want              int
	}{
		{"the hits of a fault count", "here", emulator.DefaultHub, 503},
		{"and end it", "here", emulator.DefaultHub, 204},
		{"the old hub still refuses", "moved", emulator.DefaultHub, 401},
		{"the new hub knows the device", "moved", hub2, 204},
		{"blocked stays blocked", "blocked", hub2, 401},
		{"what was there is gone", "forgotten", emulator.DefaultHub, 404},
	} {
		if got := event(t, b, tt.device, tt.hub); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
	if ahead := time.Until(b.Now()).Round(time.Hour); ahead != 2*time.Hour {
		t.Errorf("the clock is %v ahead, want 2h", ahead)
	}
}

func TestSnapshotRefused(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, emulator.Config{})
	e.Provision("stays", "")
	_, before, _ := console(t, e, "GET", "/snapshot", "")
	for _, tt := range []struct{ name, document, want string }{
		{"not JSON", `{"devices":`, "unexpected EOF"},
		{"nothing", ``, "EOF"},
		{"two documents", `{"devices":[]}{}`, "behind the JSON object"},
		{"unknown member", `{"device":[]}`, `unknown field \"device\"`},
		{"newer version", `{"version":2,"devices":[]}`, "newer emulator"},
		{"no id", `{"devices":[{}]}`, "devices[0]"},
		{"bad id", `{"devices":[{"id":"a b"}]}`, "not a registration id"},
		{"twice", `{"devices":[{"id":"a"},{"id":"A"}]}`, "devices[1]: A is there twice"},
		{"all faults of all devices", `{"devices":[{"id":"a b"},{"id":"c","standing":"gone"}]}`, `standing \"gone\"`},
		{"hub elsewhere", `{"devices":[{"id":"a","hub":"example.com"}]}`, "azure-devices.net"},
		{"bad status", `{"devices":[{"id":"a","status":"assigning"}]}`, "status"},
		{"short key", `{"devices":[{"id":"a","hub":"h.azure-devices.net","keys":["AA=="]}]}`, "keys[0]"},
		{"three keys", `{"devices":[{"id":"a","hub":"h.azure-devices.net","keys":["","",""]}]}`, "two at most"},
		{"bad fault", `{"devices":[],"faults":[{"endpoint":"poll"}]}`, "effect: none is set"},
		{"two clocks", `{"devices":[],"clock":{"offset":"1h","set":"2030-01-02T03:04:05Z"}}`, "exclude"},
	} {
		status, out, _ := console(t, e, "PUT", "/snapshot", tt.document)
		if status != 400 || !strings.Contains(out, tt.want) {
			t.Errorf("%s: %d %s, want 400 and %s", tt.name, status, out, tt.want)
		}
	}
	if _, after, _ := console(t, e, "GET", "/snapshot", ""); after != before {
		t.Errorf("a refused snapshot has changed the state to %s", after)
	}
	if status, _, _ := console(t, e, "PUT", "/snapshot", `{"devices":[]}`, "Origin", "https://example.com",
		"Sec-Fetch-Site", "cross-site"); status != 403 {
		t.Errorf("from another origin: %d", status)
	}
}

// The document in docs/emulator.md can be used as it is, and its table has the members that there are.
func TestDocsSnapshot(t *testing.T) {
	t.Parallel()
	text := section(t, "### Snapshots")
	document := regexp.MustCompile("(?s)```json\n(.*?)```").FindStringSubmatch(text)[1]
	s, err := emulator.ParseSnapshot(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	e := newEmulator(t, emulator.Config{})
	if err := e.Restore(s); err != nil {
		t.Fatal(err)
	}
	if got := event(t, e, "pump-1", "hub-2.azure-devices.net"); got != 204 && got != 503 { // a fifth fails
		t.Errorf("pump-1: %d", got)
	}
	if d, _ := e.Device("pump-2"); d.Hub != emulator.DefaultHub || d.AssignedHub != "hub-2.azure-devices.net" {
		t.Errorf("pump-2: %+v", d)
	}
	sameWords(t, firstColumn(text), emulator.SnapshotMembers())
}

// FuzzSnapshot: what is restored is the same when it is written and restored again.
func FuzzSnapshot(f *testing.F) {
	f.Add([]byte(`{"devices":[{"id":"a","hub":"h.azure-devices.net"}],"faults":[{"endpoint":"send","status":503}]}`))
	f.Add([]byte(`{"version":1,"hubs":["h.azure-devices.net"],"devices":[{"id":"a","status":"failed","errorCode":1}]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		s, err := emulator.ParseSnapshot(bytes.NewReader(document))
		if err != nil {
			return
		}
		now := time.Unix(1_800_000_000, 0)
		e, err := emulator.New(emulator.Config{Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Restore(s); err != nil {
			if !errors.Is(err, emulator.ErrConfig) {
				t.Fatalf("error: %v", err)
			}
			return
		}
		first, err := json.Marshal(e.Snapshot())
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		s, err = emulator.ParseSnapshot(bytes.NewReader(first))
		if err == nil {
			err = e.Restore(s)
		}
		if err != nil {
			t.Fatalf("own snapshot: %v\n%s", err, first)
		}
		if second, _ := json.Marshal(e.Snapshot()); !bytes.Equal(first, second) {
			t.Fatalf("\n%s\n%s", first, second)
		}
	})
}
