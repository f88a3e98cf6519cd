package dps_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/dps"
	"mayfly/emulator"
)

func TestReassign(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const h1, h2 = "h1.azure-devices.net", "h2.azure-devices.net"
		a := newAzure(t, emulator.Config{Hubs: []string{h1, h2}}, dps.Options{})
		a.Provision("dev-1", h1)
		first, err := a.Assign(t.Context(), a.device("dev-1"))
		if err != nil || first.Registered() {
			t.Fatal(err)
		}
		first.Confirm()
		a.Move("dev-1", h2, emulator.StaleLookup()) // look-ups still name the old hub
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				got, ok, err := a.Reassign(t.Context(), a.device("dev-1"), first, time.Time{})
				if err != nil || !ok || got.Hub != h2 || !got.Registered() {
					t.Errorf("got %+v, %v, %v", got, ok, err)
				}
			})
		}
		wg.Wait()
		if n := a.count("register"); n != 1 {
			t.Errorf("%d registers for 20 messages, want 1", n)
		}
	})
}

// A device that its hub refuses right after a registration is not registered
// again at once: that would be a loop.
func TestReassignDoesNotLoop(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		after     time.Duration
		confirmed bool
		again     bool
	}{
		{"at once", 0, false, false},
		{"after 59 s", 59 * time.Second, false, false},
		{"after a minute", time.Minute, false, true},
		{"at once, but it worked", 0, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newAzure(t, emulator.Config{}, dps.Options{})
				first, err := a.Assign(t.Context(), a.device("dev-1"))
				if err != nil {
					t.Fatal(err)
				}
				if tt.confirmed {
					first.Confirm()
				}
				time.Sleep(tt.after)
				_, ok, err := a.Reassign(t.Context(), a.device("dev-1"), first, time.Time{})
				if ok != tt.again || err != nil {
					t.Errorf("assigned again: %v, %v; want %v", ok, err, tt.again)
				}
				if _, remembered := a.Cached("dev-1"); !remembered {
					t.Error("the device is forgotten")
				}
			})
		})
	}
}

// An unconfirmed registration of the last minute may be news to the hub, but not
// the second one in a row.
func TestSettling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scriptedDPS{lookups: []string{assigned}, registers: []string{assigned}}
		p, device := scripted(t, s, dps.Options{})
		want := func(name string, a *dps.Assignment, age time.Duration, settling bool) {
			t.Helper()
			if gotAge, got := p.Settling(a); got != settling || got && gotAge != age {
				t.Errorf("%s: %v, %v; want %v, %v", name, gotAge, got, age, settling)
			}
		}
		again := func(stale *dps.Assignment) *dps.Assignment {
			t.Helper()
			a, ok, err := p.Reassign(t.Context(), device, stale, time.Time{})
			if !ok || err != nil {
				t.Fatal(ok, err)
			}
			return a
		}
		first, err := p.Assign(t.Context(), device)
		if err != nil {
			t.Fatal(err)
		}
		want("looked up", first, 0, false)
		second := again(first)
		want("registered", second, 0, true)
		time.Sleep(59 * time.Second)
		want("after 59 s", second, 59*time.Second, true)
		time.Sleep(time.Second)
		want("after a minute", second, time.Minute, false)
		third := again(second)
		want("registered twice in a row", third, 0, false)
		third.Confirm()
		fourth := again(third)
		want("registered after one that worked", fourth, 0, true)
		fourth.Confirm()
		want("confirmed", fourth, 0, false)
	})
}

// A failure to assign a device again is told.
func TestReassignFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, device := scripted(t, &scriptedDPS{lookups: []string{assigned}, registers: []string{blocked}}, dps.Options{})
		first, err := p.Assign(t.Context(), device)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok, err := p.Reassign(t.Context(), device, first, time.Time{}); ok || !errors.Is(err, dps.Refused) {
			t.Errorf("%v, %v", ok, err)
		}
	})
}

// An assignment that does not work is not given to others, but a newer one is.
func TestReassignForgets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scriptedDPS{lookups: []string{assigned, throttled}}
		p, device := scripted(t, s, dps.Options{})
		first, err := p.Assign(t.Context(), device)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, ok, err := p.Reassign(ctx, device, first, time.Time{}); ok || !errors.Is(err, dps.Throttled) {
			t.Errorf("%v, %v", ok, err)
		}
		if _, ok := p.Cached(device.ID); ok {
			t.Error("the assignment that does not work is still remembered")
		}
		newer := &dps.Assignment{Hub: "h2", DeviceID: "d"}
		p.Remember(device.ID, newer)
		got, ok, err := p.Reassign(t.Context(), device, first, time.Time{})
		if cached, _ := p.Cached(device.ID); !ok || err != nil || got != newer || cached != newer {
			t.Errorf("%+v, %v, %v; remembered %+v", got, ok, err, cached)
		}
	})
}

// Another key at the same hub is another assignment.
func TestReassignWithAnotherKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scriptedDPS{lookups: []string{assigned, unauthorized, assigned}}
		p, device := scripted(t, s, dps.Options{})
		device.SecondaryKey = device.Key.Derive("x")
		first, err := p.Assign(t.Context(), device)
		if err != nil {
			t.Fatal(err)
		}
		got, ok, err := p.Reassign(t.Context(), device, first, time.Time{})
		if !ok || err != nil || !got.Secondary || s.history() != "L0 L0 L0" {
			t.Errorf("%+v, %v, %v; calls %s", got, ok, err, s.history())
		}
	})
}

// Whether a device whose hub is silent has moved is asked once in a while.
func TestFindMoved(t *testing.T) {
	t.Parallel()
	const elsewhere = `200 {"status":"assigned","registrationState":{"assignedHub":"h2.azure-devices.net"}}`
	tests := []struct {
		name    string
		lookups []string
		moved   bool
		err     error
		again   time.Duration // when it is asked again
		calls   string
	}{
		{"it has", []string{assigned, elsewhere}, true, nil, 0, "L0 L0"},
		{"it has not", []string{assigned, assigned}, false, nil, 0, "L0 L0"},
		{"it has not, for half a minute", []string{assigned, assigned}, false, nil, 30*time.Second - 1, "L0 L0"},
		{"it has not, and is looked up again", []string{assigned, assigned}, false, nil, 30*time.Second + 1,
			"L0 L0 L30000"},
		{"DPS does not know", []string{assigned, unknown}, false, dps.NotAssigned, 0, "L0 L0"},
		{"DPS refuses to tell", []string{assigned, unauthorized}, false, dps.Unauthorized, 0, "L0 L0"},
	}
	for i := range tests {
		tt := &tests[i]
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &scriptedDPS{lookups: tt.lookups}
				p, device := scripted(t, s, dps.Options{})
				first, err := p.Assign(t.Context(), device)
				if err != nil {
					t.Fatal(err)
				}
				got, moved, err := p.FindMoved(t.Context(), device, first)
				if moved != tt.moved || !errors.Is(err, tt.err) || moved && got.Hub != "h2.azure-devices.net" {
					t.Errorf("%+v, %v, %v", got, moved, err)
				}
				time.Sleep(tt.again)
				if _, moved, err := p.FindMoved(t.Context(), device, first); moved != tt.moved || err != nil {
					t.Errorf("asked again: %v, %v", moved, err)
				}
				if s.history() != tt.calls {
					t.Errorf("calls %s, want %s", s.history(), tt.calls)
				}
			})
		})
	}
}

func TestRemember(t *testing.T) {
	t.Parallel()
	s := &scriptedDPS{}
	p, device := scripted(t, s, dps.Options{})
	if _, ok := p.Cached(device.ID); ok {
		t.Error("a new provisioner remembers a device")
	}
	a := &dps.Assignment{Hub: "h", DeviceID: "d"}
	p.Remember(device.ID, a)
	got, err := p.Assign(t.Context(), device)
	if cached, ok := p.Cached(device.ID); err != nil || got != a || cached != a || !ok || s.history() != "" {
		t.Errorf("%+v, %+v, %v, calls %q", got, cached, err, s.history())
	}
}

// The bounds of a provisioner's memory.
func TestBounds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		got, want int
	}{
		{"assignments", dps.DefaultMaxDevices, 2_000_000},
		{"refusals, operations and checked devices, each", dps.MaxRemembered, 100_000},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, tt.got, tt.want)
		}
	}
	for _, bound := range []int{1, 4} {
		p := dps.NewProvisioner(&dps.Client{IDScope: "s"}, dps.Options{MaxDevices: bound})
		for _, id := range []string{"a", "b", "c", "d", "e"} {
			p.Remember(id, &dps.Assignment{Hub: "h", DeviceID: id})
		}
		if _, ok := p.Cached("a"); ok {
			t.Errorf("five devices where %d may be", bound)
		}
	}
	p := dps.NewProvisioner(&dps.Client{IDScope: "s"}, dps.Options{})
	for i := range 10_000 {
		p.Remember(strconv.Itoa(i), &dps.Assignment{})
	}
	if _, ok := p.Cached("0"); !ok {
		t.Error("10,000 devices are too many")
	}
}
