package emulator_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"mayfly/emulator"
)

// witness is a test that is watched.
type witness struct {
	said   strings.Builder
	failed bool
}

func (w *witness) Helper()        {}
func (w *witness) Cleanup(func()) {}
func (w *witness) Errorf(format string, args ...any) {
	w.failed = true
	fmt.Fprintf(&w.said, format, args...)
}
func (w *witness) Fatalf(format string, args ...any) { w.Errorf(format, args...) }

func TestExpect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Config{})
		d := newDevice(t, e, "dev-1")
		d.provision()
		d.send("{}")
		for name, tc := range map[string]struct {
			expect func(emulator.TB)
			says   string
		}{
			"one event":        {func(tb emulator.TB) { e.ExpectEvents(tb, 1) }, ""},
			"one of dev-1":     {func(tb emulator.TB) { e.ExpectDevice(tb, "dev-1", 1) }, ""},
			"two events":       {func(tb emulator.TB) { e.ExpectEvents(tb, 2) }, "1 events, want 2"},
			"no events":        {func(tb emulator.TB) { e.ExpectEvents(tb, 0) }, "1 events, want 0"},
			"one of dev-2":     {func(tb emulator.TB) { e.ExpectDevice(tb, "dev-2", 1) }, "0 events, want 1"},
			"the calls":        {func(tb emulator.TB) { e.ExpectCalls(tb, "register 202", "poll 200", "events 204") }, ""},
			"other calls":      {func(tb emulator.TB) { e.ExpectCalls(tb, "events 204") }, "dps register dev-1 -> 202, assigning"},
			"calls and no end": {func(tb emulator.TB) { e.ExpectCalls(tb) }, "got register 202"},
		} {
			w := &witness{}
			tc.expect(w)
			if w.failed != (tc.says != "") || !strings.Contains(w.said.String(), tc.says) {
				t.Errorf("%s: failed %v: %s", name, w.failed, w.said.String())
			}
		}
	})
}

func TestPortInUseIsNamed(t *testing.T) {
	t.Parallel()
	first := emulator.Start(t, emulator.Config{})
	for port, cfg := range map[string]emulator.Config{
		"HTTPS": {Listen: first.Addr()}, "console": {Console: first.Addr()},
	} {
		err := newEmulator(t, cfg).Listen(t.Context())
		if err == nil || !strings.Contains(err.Error(), port+" port at "+first.Addr()) {
			t.Errorf("%v", err)
		}
	}
}
