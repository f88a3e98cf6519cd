package emulator_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/emulator"
)

func TestMoves(t *testing.T) {
	t.Parallel()
	const other = "hub-2.azure-devices.net"
	for name, tc := range map[string]struct {
		opts           []emulator.MoveOption
		oldHub, newHub int
		oldText        string
		lookup         string
	}{
		"moved": {nil, 404, 204, "DeviceNotFound", other},
		"DPS does not know": {[]emulator.MoveOption{emulator.StaleLookup()}, 404, 204, "DeviceNotFound",
			emulator.DefaultHub},
		"as IoT Central does": {[]emulator.MoveOption{emulator.OldHubDisabled()}, 401, 204, "DEVICE_DISABLED", other},
		"when it registers":   {[]emulator.MoveOption{emulator.OnRegister()}, 204, 404, "", emulator.DefaultHub},
		"DPS does not know, and disabled": {[]emulator.MoveOption{emulator.StaleLookup(), emulator.OldHubDisabled()},
			401, 204, "DEVICE_DISABLED", emulator.DefaultHub},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEmulator(t, emulator.Config{Hubs: []string{emulator.DefaultHub, other},
				Allocation: emulator.LowestLatency})
			d := newDevice(t, e, "dev-1")
			d.provision()
			e.Move("dev-1", other, tc.opts...)
			post := func(hub string) answer {
				return d.must(d.hub(http.MethodPost, hub, "/messages/events", nil, "{}"))
			}
			if a := post(emulator.DefaultHub); a.status != tc.oldHub || !strings.Contains(string(a.body), tc.oldText) {
				t.Errorf("old hub: %d %s", a.status, a.body)
			}
			if a := post(other); a.status != tc.newHub {
				t.Errorf("new hub: %d %s", a.status, a.body)
			}
			if a := d.lookup(); a.get(t, "assignedHub") != tc.lookup {
				t.Errorf("look-up: %s", a.body)
			}
			a := d.provision()
			if a.get(t, "registrationState.assignedHub") != other {
				t.Errorf("registered again: %s", a.body)
			}
			if a := post(other); a.status != 204 {
				t.Errorf("new hub after registering: %d %s", a.status, a.body)
			}
		})
	}
}

func TestReprovisioningPolicies(t *testing.T) {
	t.Parallel()
	const other = "hub-2.azure-devices.net"
	for policy, want := range map[emulator.Reprovision][2]string{
		emulator.ReprovisionAndMigrate: {other, "deviceDataMigrated"},
		emulator.ReprovisionAndReset:   {other, "deviceDataReset"},
		emulator.ReprovisionNever:      {emulator.DefaultHub, "initialAssignment"},
	} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			e := newEmulator(t, emulator.Config{Reprovision: policy})
			d := newDevice(t, e, "dev-1")
			d.provision()
			e.Move("dev-1", other, emulator.OnRegister())
			a := d.provision()
			got := [2]string{a.get(t, "registrationState.assignedHub"), a.get(t, "registrationState.substatus")}
			if got != want {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

func TestAllocation(t *testing.T) {
	t.Parallel()
	hubs := []string{"a.azure-devices.net", "b.azure-devices.net", "c.azure-devices.us"}
	for policy, want := range map[emulator.Allocation]int{emulator.EvenlyWeighted: 3, emulator.Static: 1,
		emulator.LowestLatency: 1} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			e := newEmulator(t, emulator.Config{Hubs: hubs, Allocation: policy})
			count := map[string]int{}
			for i := range 300 {
				count[newDevice(t, e, fmt.Sprintf("dev-%d", i)).provision().get(t, "registrationState.assignedHub")]++
			}
			if len(count) != want {
				t.Errorf("%v", count)
			}
			for hub, n := range count {
				if n < 70 && want == 3 {
					t.Errorf("%s has %d of 300", hub, n)
				}
			}
		})
	}
}

func TestDPSThrottles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Config{RegistrationsPerMinute: 2, OperationsPerMinute: 3, PollsPerTenSeconds: 2,
			AssigningPolls: 100})
		a := newDevice(t, e, "dev-1")
		op := a.register().get(t, "operationId")
		newDevice(t, e, "dev-2").register()
		if r := newDevice(t, e, "dev-3").register(); r.status != 429 || r.get(t, "errorCode") != "429001" ||
			r.header.Get("Retry-After") != "30" {
			t.Errorf("third PUT: %d %v %s", r.status, r.header, r.body)
		}
		// GET has a limit of its own.
		for range 2 {
			if r := a.poll(op); r.status != 202 {
				t.Errorf("poll: %d", r.status)
			}
		}
		if r := a.poll(op); r.status != 429 || r.header.Get("Retry-After") != "10" {
			t.Errorf("third poll of one device: %d %v", r.status, r.header)
		}
		time.Sleep(10 * time.Second)
		if r := a.poll(op); r.status != 429 && r.status != 202 {
			t.Errorf("poll after ten seconds: %d", r.status)
		}
		time.Sleep(20 * time.Second)
		if r := newDevice(t, e, "dev-3").register(); r.status != 202 {
			t.Errorf("PUT after half a minute: %d", r.status)
		}
	})
}

func TestAssigningTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Config{AssigningTime: 5 * time.Second})
		d := newDevice(t, e, "dev-1")
		op := d.register().get(t, "operationId")
		if a := d.poll(op); a.status != 202 || a.get(t, "registrationState.status") != "assigning" ||
			a.header.Get("Retry-After") != "3" {
			t.Errorf("%d %s", a.status, a.body)
		}
		if again := d.register().get(t, "operationId"); again != op {
			t.Errorf("another operation while one is under way: %s", again)
		}
		if a := d.lookup(); a.get(t, "status") != "assigning" {
			t.Errorf("look-up: %s", a.body)
		}
		e.StepClock(5 * time.Second)
		if a := d.lookup(); a.get(t, "status") != "assigned" {
			t.Errorf("look-up: %s", a.body)
		}
		if a := d.poll(op); a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := d.poll("4.0.0"); a.status != 404 {
			t.Errorf("unknown operation: %d %s", a.status, a.body)
		}
	})
}

func TestAssignedAtOnce(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, emulator.Config{AssignAtOnce: true})
	if a := newDevice(t, e, "dev-1").register(); a.status != 200 ||
		a.get(t, "registrationState.assignedHub") != emulator.DefaultHub {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestARemovedHubIsReplaced(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, emulator.Config{})
	d := newDevice(t, e, "dev-1")
	d.provision()
	e.AddHub("hub-2.azure-devices.net")
	e.RemoveHub(emulator.DefaultHub)
	if _, err := d.hub(http.MethodPost, emulator.DefaultHub, "/messages/events", nil, "{}"); err == nil {
		t.Error("the name of a removed hub resolves")
	}
	if a := d.provision(); a.get(t, "registrationState.assignedHub") != "hub-2.azure-devices.net" {
		t.Errorf("%s", a.body)
	}
	e.RemoveHub("hub-2.azure-devices.net")
	if hubs := e.Hubs(); len(hubs) != 1 {
		t.Errorf("the last hub stays: %v", hubs)
	}
}

func TestRotatedGroupKey(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, emulator.Config{})
	d := newDevice(t, e, "dev-1")
	d.provision()
	old := e.HubToken("dev-1", emulator.DefaultHub, time.Hour)
	if err := e.RotateGroupKey(base64.StdEncoding.EncodeToString(make([]byte, 32)), ""); err != nil {
		t.Fatal(err)
	}
	post := func(token string) int {
		return d.must(d.hub(http.MethodPost, emulator.DefaultHub, "/messages/events",
			map[string]string{"Authorization": token}, "{}")).status
	}
	fresh := e.HubToken("dev-1", emulator.DefaultHub, time.Hour)
	if post(old) != 204 || post(fresh) != 401 {
		t.Error("the hub keeps the old key until the device registers again")
	}
	d.provision()
	if post(old) != 401 || post(fresh) != 204 {
		t.Error("after registering the hub has the new key")
	}
}
