package emulator_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"mayfly/emulator"
)

// fakeTB records what a test reports.
type fakeTB struct {
	output strings.Builder
	failed bool
}

func (w *fakeTB) Helper()        {}
func (w *fakeTB) Cleanup(func()) {}
func (w *fakeTB) Errorf(format string, args ...any) {
	w.failed = true
	fmt.Fprintf(&w.output, format, args...)
}
func (w *fakeTB) Fatalf(format string, args ...any) { w.Errorf(format, args...) }

func TestExpect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Config{})
		d := newDevice(t, e, "dev-1")
		d.provision()
		d.send("{}")
		for name, tc := range map[string]struct {
			expect func(emulator.TB)
			want   string
		}{
			"one event":    {func(tb emulator.TB) { e.ExpectEvents(tb, 1) }, ""},
			"one of dev-1": {func(tb emulator.TB) { e.ExpectDevice(tb, "dev-1", 1) }, ""},
			"two events":   {func(tb emulator.TB) { e.ExpectEvents(tb, 2) }, "1 events, want 2"},
			"no events":    {func(tb emulator.TB) { e.ExpectEvents(tb, 0) }, "1 events, want 0"},
			"one of dev-2": {func(tb emulator.TB) { e.ExpectDevice(tb, "dev-2", 1) }, "0 events, want 1"},
			"the calls":    {func(tb emulator.TB) { e.ExpectCalls(tb, "register 202", "poll 200", "events 204") }, ""},
			"other calls": {func(tb emulator.TB) { e.ExpectCalls(tb, "events 204") },
				"dps register dev-1 -> 202, assigning"},
			"calls and no end": {func(tb emulator.TB) { e.ExpectCalls(tb) }, "got register 202"},
		} {
			w := &fakeTB{}
			tc.expect(w)
			if w.failed != (tc.want != "") || !strings.Contains(w.output.String(), tc.want) {
				t.Errorf("%s: failed %v: %s", name, w.failed, w.output.String())
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
