package fault

import (
	"fmt"
	"slices"
	"strconv"
	"sync"

	"mayfly/emulator/internal/record"
	"mayfly/emulator/internal/wire"
)

const (
	maxFaults  = 1000
	maxDevices = 1 << 16 // whose calls are counted apart, per fault
)

// List holds the faults that are armed. It may be used by several goroutines.
type List struct {
	seed uint64

	mu    sync.Mutex
	armed []*armed
	last  int // number of the last fault that was added
}

type armed struct {
	Fault
	seen    int
	ordinal map[string]uint64 // of each device's matching calls
	salt    uint64
}

// NewList returns an empty list whose draws are seeded.
func NewList(seed uint64) *List { return &List{seed: seed} }

// Add arms a fault and returns its id.
func (l *List) Add(f Fault) (string, error) {
	if err := f.Validate(); err != nil {
		return "", err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.add(f)
}

func (l *List) add(f Fault) (string, error) {
	if len(l.armed) >= maxFaults {
		return "", wrong("faults", "%d are armed already, which is the maximum", maxFaults)
	}
	l.last++
	if f.ID == "" {
		f.ID = "fault-" + strconv.Itoa(l.last)
	}
	if slices.ContainsFunc(l.armed, func(a *armed) bool { return a.ID == f.ID }) {
		return "", wrong("id", "%q is already used", f.ID)
	}
	f.Hits = 0
	salt := wire.Mix(l.seed ^ wire.Mix(uint64(l.last)))
	l.armed = append(l.armed, &armed{Fault: f, ordinal: map[string]uint64{}, salt: salt})
	return f.ID, nil
}

// AddAll arms faults, all or none, and returns their ids.
func (l *List) AddAll(faults []Fault) ([]string, error) {
	for i := range faults {
		if err := faults[i].Validate(); err != nil {
			return nil, fmt.Errorf("fault %d: %w", i+1, err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	before := len(l.armed)
	ids := make([]string, 0, len(faults))
	for _, f := range faults {
		id, err := l.add(f)
		if err != nil {
			l.armed = l.armed[:before:before]
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// Replace disarms all faults and arms others, whose hits go on where they were. It changes nothing when one is wrong.
func (l *List) Replace(faults []Fault) error {
	next := NewList(l.seed)
	if _, err := next.AddAll(faults); err != nil {
		return err
	}
	for i, a := range next.armed {
		if a.Hits = faults[i].Hits; a.Hits > 0 {
			a.seen = a.Skip + a.Hits
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.armed, l.last = next.armed, max(l.last, next.last)
	return nil
}

// Remove disarms a fault and reports whether it was armed.
func (l *List) Remove(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.armed)
	l.armed = slices.DeleteFunc(l.armed, func(a *armed) bool { return a.ID == id })
	return len(l.armed) < n
}

// Clear disarms all faults.
func (l *List) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.armed = nil
}

// All returns the armed faults with their hits.
func (l *List) All() []Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Fault, 0, len(l.armed))
	for _, a := range l.armed {
		out = append(out, a.Fault)
	}
	return out
}

// Len returns how many faults are armed.
func (l *List) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.armed)
}

// Pick counts a call and returns a copy of the fault that applies to it, or nil.
func (l *List) Pick(c *record.Call) *Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.armed {
		if a.matches(c) && a.applies(c.Device) {
			a.Hits++
			f := a.Fault
			return &f
		}
	}
	return nil
}

// applies counts a matching call and decides. The draw depends on the seed, the fault, the device and the number of
// this call among the device's, and on nothing that the order of goroutines changes.
func (a *armed) applies(device string) bool {
	if a.Count > 0 && a.Hits >= a.Count {
		return false
	}
	a.seen++
	if a.seen <= a.Skip {
		return false
	}
	if a.Share == 0 || a.Share == 1 {
		return true
	}
	if _, ok := a.ordinal[device]; !ok && len(a.ordinal) >= maxDevices {
		device = "" // all devices beyond the bound are counted together
	}
	n := a.ordinal[device]
	a.ordinal[device] = n + 1
	draw := wire.Mix(a.salt ^ wire.Hash(device) ^ wire.Mix(n))
	return float64(draw>>11)/(1<<53) < a.Share
}
