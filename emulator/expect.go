package emulator

import (
	"context"
	"fmt"
	"strings"
	"time"
)

const expectWait = 5 * time.Second

// TB is the part of testing.TB that Start and the Expect methods need, so that programs that embed an emulator do not
// link package testing.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// ExpectEvents waits up to five seconds for n stored events and ends the test, with the calls that were made, when there
// are fewer or more.
func (e *Emulator) ExpectEvents(tb TB, n int) []Event {
	tb.Helper()
	return e.expect(tb, Filter{}, n)
}

// ExpectDevice is ExpectEvents for the events of one device.
func (e *Emulator) ExpectDevice(tb TB, id string, n int) []Event {
	tb.Helper()
	return e.expect(tb, Filter{Device: id}, n)
}

func (e *Emulator) expect(tb TB, f Filter, n int) []Event {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), expectWait)
	defer cancel()
	events, err := e.WaitEventsWhere(ctx, f, n)
	if err != nil || len(events) != n {
		tb.Fatalf("emulator: %d events, want %d\ncalls:\n%s", len(events), n, e.transcript())
	}
	return events
}

// ExpectCalls holds all calls so far against want, each an operation and a status such as "register 202". A call that
// got no answer has status 0.
func (e *Emulator) ExpectCalls(tb TB, want ...string) {
	tb.Helper()
	calls := e.Calls()
	got := make([]string, len(calls))
	for i := range calls {
		got[i] = fmt.Sprintf("%s %d", calls[i].Op, calls[i].Status)
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		tb.Errorf("emulator: calls\n got %s\nwant %s\n%s", strings.Join(got, ", "), strings.Join(want, ", "), e.transcript())
	}
}

// transcript shows the calls as a person reads them.
func (e *Emulator) transcript() string {
	var b strings.Builder
	for _, c := range e.Calls() {
		b.WriteString("  " + c.String() + "\n")
	}
	return b.String()
}

// String is one line for people.
func (c Call) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s %-8s %s -> %d", c.Service, c.Op, c.Device, c.Status)
	for _, p := range []struct{ name, value string }{{"", c.State}, {"hub ", c.Hub}, {"fault ", c.Fault}, {"", c.Note}} {
		if p.value != "" {
			s.WriteString(", " + p.name + p.value)
		}
	}
	if c.ErrorCode != 0 {
		fmt.Fprintf(&s, ", %d", c.ErrorCode)
	}
	if len(c.Lenient) > 0 {
		s.WriteString(", lenient: " + strings.Join(c.Lenient, "; "))
	}
	return s.String()
}
