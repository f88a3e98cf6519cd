package emulator

import (
	"context"
	"io"
	"time"

	"mayfly/emulator/internal/fault"
)

// Stats counts since the start or since ResetRecord.
type Stats struct {
	Devices      int                    `json:"devices"`
	Hubs         []string               `json:"hubs"`
	EventsStored uint64                 `json:"eventsStored"`
	EventsKept   int                    `json:"eventsKept"`
	CallsMade    uint64                 `json:"callsMade"`
	CallsKept    int                    `json:"callsKept"`
	Calls        map[string]map[int]int `json:"calls"` // by operation, then by status; 0: no answer
	Faults       int                    `json:"faults"`
	Time         time.Time              `json:"time"` // by the emulator's clock
}

// Stats counts.
func (e *Emulator) Stats() Stats {
	c := e.record.Counts()
	return Stats{Devices: e.fleet.Len(), Hubs: e.fleet.Hubs(), EventsStored: c.EventsStored, EventsKept: c.EventsKept,
		CallsMade: c.CallsMade, CallsKept: c.CallsKept, Calls: c.Calls, Faults: e.faults.Len(), Time: e.Now()}
}

// Events returns the stored events, oldest first.
func (e *Emulator) Events() []Event { return e.EventsWhere(Filter{}) }

// EventsWhere returns the events that a filter selects.
func (e *Emulator) EventsWhere(f Filter) []Event { return e.record.Events(f) }

// Calls returns the calls to DPS, hubs and the storage account, refused ones too, oldest first.
func (e *Emulator) Calls() []Call { return e.CallsWhere(Filter{}) }

// CallsWhere returns the calls that a filter selects.
func (e *Emulator) CallsWhere(f Filter) []Call { return e.record.Calls(f) }

// WaitEvents waits until n events are stored and returns all that are.
func (e *Emulator) WaitEvents(ctx context.Context, n int) ([]Event, error) {
	return e.WaitEventsWhere(ctx, Filter{}, n)
}

// WaitDevice waits until n events of one device are stored.
func (e *Emulator) WaitDevice(ctx context.Context, id string, n int) ([]Event, error) {
	return e.WaitEventsWhere(ctx, Filter{Device: id}, n)
}

// WaitEventsWhere waits until the record has n events that the filter selects. When ctx ends first, it returns those
// that there are and an error.
func (e *Emulator) WaitEventsWhere(ctx context.Context, f Filter, n int) ([]Event, error) {
	return e.record.Wait(ctx, f, n)
}

// ResetRecord forgets events, calls and counts. Devices stay; sequence numbers go on.
func (e *Emulator) ResetRecord() { e.record.Reset() }

// AddFault arms a fault and returns its id. The error is a *FaultError.
func (e *Emulator) AddFault(f Fault) (string, error) { return e.faults.Add(f) }

// RemoveFault disarms a fault and reports whether it was armed.
func (e *Emulator) RemoveFault(id string) bool { return e.faults.Remove(id) }

// ClearFaults disarms all faults.
func (e *Emulator) ClearFaults() { e.faults.Clear() }

// Faults returns the armed faults with their hits.
func (e *Emulator) Faults() []Fault { return e.faults.All() }

// ParseFaults reads a fault script: a JSON array of faults, or one fault. The error names every fault that is wrong.
func ParseFaults(r io.Reader) ([]Fault, error) { return fault.Parse(r) }

// LoadFaults arms the faults of a script, all or none, and returns their ids.
func (e *Emulator) LoadFaults(r io.Reader) ([]string, error) {
	list, err := fault.Parse(r)
	if err != nil {
		return nil, err
	}
	return e.faults.AddAll(list)
}
