package emulator

import (
	"context"
	"fmt"
	"strings"
	"time"
)

const expectTimeout = 5 * time.Second

// TB is the part of testing.TB that Start and the Expect methods need, so that programs that embed an emulator do not
// link package testing.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// ExpectEvents waits up to five seconds for n stored events. It ends the test, with a list of the calls that were made,
// when there are fewer or more.
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
	ctx, cancel := context.WithTimeout(context.Background(), expectTimeout)
	defer cancel()
	events, err := e.WaitEventsWhere(ctx, f, n)
	if err != nil || len(events) != n {
		tb.Fatalf("emulator: %d events, want %d\ncalls:\n%s", len(events), n, e.transcript())
	}
	return events
}

// ExpectCalls compares all calls so far with want: each is an operation and a status, such as "register 202". A call
// that got no answer has status 0.
func (e *Emulator) ExpectCalls(tb TB, want ...string) {
	tb.Helper()
	calls := e.Calls()
	got := make([]string, len(calls))
	for i := range calls {
		got[i] = fmt.Sprintf("%s %d", calls[i].Op, calls[i].Status)
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		tb.Errorf("emulator: calls\n got %s\nwant %s\n%s", strings.Join(got, ", "), strings.Join(want, ", "),
			e.transcript())
	}
}

// transcript lists the calls for people.
func (e *Emulator) transcript() string {
	var b strings.Builder
	for _, c := range e.Calls() {
		b.WriteString("  " + c.String() + "\n")
	}
	return b.String()
}
