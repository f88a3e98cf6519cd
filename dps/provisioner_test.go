package dps_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/dps"
	"mayfly/emulator"
)

// azure is an emulator in memory with a provisioner that speaks to it.
type azure struct {
	*emulator.Emulator
	*dps.Provisioner
	key dps.Key
}

func newAzure(t *testing.T, c emulator.Config, o dps.Options) *azure {
	t.Helper()
	e, err := emulator.New(c)
	if err != nil {
		t.Fatal(err)
	}
	key, err := dps.ParseKey(e.GroupKey())
	if err != nil {
		t.Fatal(err)
	}
	client := &dps.Client{IDScope: e.IDScope(), Transport: e.RoundTripper()}
	return &azure{e, dps.NewProvisioner(client, o), key}
}

func (a *azure) device(id string) dps.Device { return dps.Device{ID: id, Key: a.key.Derive(id)} }

// count counts the calls of a kind.
func (a *azure) count(op string) int {
	n := 0
	for _, c := range a.Calls() {
		if c.Service == "dps" && c.Op == op {
			n++
		}
	}
	return n
}

func (a *azure) want(t *testing.T, lookups, registers, polls int) {
	t.Helper()
	l, r, p := a.count("lookup"), a.count("register"), a.count("poll")
	if l != lookups || r != registers || p != polls {
		t.Errorf("%d look-ups, %d registers, %d polls; want %d, %d, %d", l, r, p, lookups, registers, polls)
	}
}

func TestAssign(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name                     string
		config                   emulator.Config
		prepare                  func(*azure)
		kind                     dps.Kind // 0: assigned
		took                     time.Duration
		lookups, registers, poll int
	}{
		{name: "new device", took: 3 * time.Second, lookups: 1, registers: 1, poll: 1},
		{name: "device that DPS knows", prepare: func(a *azure) { a.Provision("dev-1", emulator.DefaultHub) },
			lookups: 1},
		{name: "assigned at once", config: emulator.Config{AssignAtOnce: true}, lookups: 1, registers: 1},
		{name: "three polls", config: emulator.Config{AssigningPolls: 2, RetryAfter: 2 * time.Second},
			took: 6 * time.Second, lookups: 1, registers: 1, poll: 3},
		{name: "no Retry-After", config: emulator.Config{RetryAfter: -1},
			took: 2 * time.Second, lookups: 1, registers: 1,
			poll: 1},
		{name: "disabled", prepare: func(a *azure) { a.Disable("dev-1") },
			kind: dps.Disabled, took: 3 * time.Second,
			lookups: 1, registers: 1, poll: 1},
		{name: "disabled after it was assigned",
			prepare: func(a *azure) { a.Provision("dev-1", emulator.DefaultHub); a.Disable("dev-1") },
			kind:    dps.Disabled,
			lookups: 1},
		{name: "blocked", prepare: func(a *azure) { a.Block("dev-1") }, kind: dps.Refused, took: 3 * time.Second,
			lookups: 1, registers: 1, poll: 1},
		{name: "waits for approval", prepare: func(a *azure) { a.AwaitApproval("dev-1") }, kind: dps.Refused,
			took: 3 * time.Second, lookups: 1, registers: 1, poll: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newAzure(t, tt.config, dps.Options{})
				if tt.prepare != nil {
					tt.prepare(a)
				}
				start := time.Now()
				got, err := a.Assign(t.Context(), a.device("dev-1"))
				var failed *dps.Error
				switch {
				case tt.kind == 0 && (err != nil || got.Hub != emulator.DefaultHub || got.DeviceID != "dev-1"):
					t.Errorf("got %+v, %v", got, err)
				case tt.kind != 0 && (!errors.As(err, &failed) || failed.Kind != tt.kind):
					t.Errorf("got %v, want %v", err, tt.kind)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				calls := len(a.Calls())
				_, again := a.Assign(t.Context(), a.device("dev-1"))
				if (again == nil) != (err == nil) || len(a.Calls()) != calls {
					t.Errorf("the second time: %v, and %d more calls", again, len(a.Calls())-calls)
				}
				a.want(t, tt.lookups, tt.registers, tt.poll)
			})
		})
	}
}

func TestOneFlightADevice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAzure(t, emulator.Config{}, dps.Options{})
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if _, err := a.Assign(t.Context(), a.device("dev-1")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		a.want(t, 1, 1, 1)
	})
}

// The bug of Microsoft's bridge: one device polling with another's token.
func TestDevicesAreNotConfused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hubs := []string{"h1.azure-devices.net", "h2.azure-devices.net", "h3.azure-devices.net"}
		a := newAzure(t, emulator.Config{Hubs: hubs}, dps.Options{})
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 20 * time.Millisecond)
				id := "dev-" + strconv.Itoa(i)
				got, err := a.Assign(t.Context(), a.device(id))
				if err != nil {
					t.Errorf("%s: %v", id, err)
					return
				}
				if at, _ := a.Device(id); at.Hub != got.Hub || got.DeviceID != id {
					t.Errorf("%s: assigned to %+v, DPS has %s", id, got, at.Hub)
				}
			})
		}
		wg.Wait()
		for _, c := range a.Calls() {
			if c.Status >= 400 && c.Status != 404 {
				t.Errorf("refused: %+v", c)
			}
		}
	})
}

// A registration that outlives its request is resumed by the next one.
func TestResume(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAzure(t, emulator.Config{AssigningPolls: 1}, dps.Options{})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		_, err := a.Assign(ctx, a.device("dev-1"))
		var pending *dps.Error
		if !errors.Is(err, dps.Pending) || !errors.As(err, &pending) || pending.RetryAfter != 3*time.Second {
			t.Fatalf("got %v, want Pending and 3 s", err)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("gave up after %v; there was nothing to wait for after 3 s", took)
		}
		if _, err := a.Assign(t.Context(), a.device("dev-1")); err != nil {
			t.Fatal(err)
		}
		a.want(t, 1, 1, 2)
		if took := time.Since(start); took != 6*time.Second {
			t.Errorf("took %v in all, want 6 s", took)
		}
	})
}

func TestRefusalsAreRememberedBriefly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAzure(t, emulator.Config{}, dps.Options{RefusalTTL: 30 * time.Second})
		a.AwaitApproval("dev-1")
		for range 100 {
			if _, err := a.Assign(t.Context(), a.device("dev-1")); err == nil {
				t.Fatal("assigned without approval")
			}
		}
		a.want(t, 1, 1, 1)
		a.Approve("dev-1")
		time.Sleep(31 * time.Second)
		if _, err := a.Assign(t.Context(), a.device("dev-1")); err != nil {
			t.Errorf("after the approval: %v", err)
		}
	})
}

func TestSecondaryKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAzure(t, emulator.Config{}, dps.Options{})
		wrong := groupKey(t)
		for i := range 5 {
			id := "dev-" + strconv.Itoa(i)
			got, err := a.Assign(t.Context(), dps.Device{ID: id, Key: wrong.Derive(id), SecondaryKey: a.key.Derive(id)})
			if err != nil {
				t.Fatal(err)
			}
			if !got.Secondary {
				t.Error("the assignment does not say that the secondary key works")
			}
		}
		refused := 0
		for _, c := range a.Calls() {
			if c.Status == 401 {
				refused++
			}
		}
		if refused != 1 {
			t.Errorf("%d calls with the wrong key; want 1, then the key that works", refused)
		}
		_, err := a.Assign(t.Context(), dps.Device{ID: "x", Key: wrong.Derive("x"), SecondaryKey: wrong.Derive("y")})
		var failed *dps.Error
		if !errors.As(err, &failed) || failed.Kind != dps.Unauthorized {
			t.Errorf("two wrong keys: %v", err)
		}
	})
}

// Throttling is for the fleet: every device gets through, and DPS sees few
// calls that it must refuse.
func TestThrottledFleet(t *testing.T) {
	t.Parallel()
	faults := map[string]emulator.Fault{
		"429 with Retry-After":    {Share: 0.2, Status: 429, RetryAfter: 2 * time.Second},
		"429 without Retry-After": {Share: 0.2, Status: 429},
		"500":                     {Share: 0.2, Status: 500},
		"cut before":              {Share: 0.2, Cut: emulator.CutBefore},
		"hang":                    {Share: 0.05, Hang: true},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newAzure(t, emulator.Config{Seed: 7}, dps.Options{})
				for _, endpoint := range []string{"register", "poll", "lookup"} {
					f := fault
					f.Endpoint = endpoint
					if _, err := a.AddFault(f); err != nil {
						t.Fatal(err)
					}
				}
				places := make(chan struct{}, 10)
				var wg sync.WaitGroup
				for i := range 100 {
					places <- struct{}{}
					wg.Go(func() {
						defer func() { <-places }()
						ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
						defer cancel()
						device := a.device("dev-" + strconv.Itoa(i))
						if _, err := a.AssignBy(ctx, device, time.Now().Add(5*time.Second)); err != nil {
							t.Errorf("%s: %v", device.ID, err)
						}
					})
				}
				wg.Wait()
			})
		})
	}
}

// Ten thousand cold devices at once: DPS's limit of 1,000 registrations a
// minute holds, and what does not fit is told so and comes again.
func TestNoStorm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAzure(t, emulator.Config{CallLimit: 100_000}, dps.Options{})
		var wg sync.WaitGroup
		for i := range 3000 {
			wg.Go(func() {
				id := fmt.Sprintf("dev-%d", i)
				for {
					ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
					_, err := a.Assign(ctx, a.device(id))
					cancel()
					if err == nil {
						return
					}
					var failed *dps.Error
					if !errors.As(err, &failed) || !failed.Retryable() {
						t.Errorf("%s: %v", id, err)
						return
					}
					time.Sleep(10 * time.Second)
				}
			})
		}
		wg.Wait()
		throttled, all := 0, 0
		for _, c := range a.Calls() {
			all++
			if c.Status == 429 {
				throttled++
			}
		}
		t.Logf("%d calls, %d throttled", all, throttled)
		if throttled*3 > all {
			t.Errorf("%d of %d calls were throttled", throttled, all)
		}
	})
}
