package emulator

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	maxFaults        = 1000
	maxFaultDevices  = 1 << 16
	maxFaultDuration = 24 * time.Hour
)

// Values of Fault.Cut.
const (
	CutBefore = "before" // the connection ends and nothing was done
	CutAfter  = "after"  // the request was carried out, and the connection ends before the answer
)

// Endpoints of a Fault besides the operations (OpRegister, ...). Empty means all.
const (
	EndpointDPS  = "dps"
	EndpointHub  = "hub"
	EndpointSend = "send" // OpEvents and OpBatch
)

// Fault makes some calls go wrong. Where and how often is said by Endpoint, Device, Hub, Skip, Share and Count; what
// happens by the rest, which combine: latency, then hang or cut, then status, then what is wrong with the answer.
// Of several faults that match a call, the first that fires has its way.
type Fault struct {
	ID       string // given by AddFault when it is empty
	Endpoint string
	Device   string // this device only
	Hub      string // this hub only

	Skip  int     // so many matching calls pass first
	Share float64 // of the calls, 0 to 1; 0 is all of them
	Count int     // at most so many calls; 0 is no end

	Latency        time.Duration // before all else
	Hang           bool          // no answer, until the caller gives up
	Cut            string        // CutBefore, CutAfter
	Status         int           // this HTTP status, with the code and text below or those usual for it
	ErrorCode      int
	ErrorName      string // iothub-errorcode
	Message        string
	RetryAfter     time.Duration // with Status; 0: no header
	RetryAfterText string        // with Status: the header as it stands, say a date or nonsense
	ContentType    string        // of the answer instead of the right one
	Truncate       bool          // half of the answer's body, then the connection ends
	SlowBody       time.Duration // the answer's body takes this long

	State          string // this registration status (assigning, failed, disabled, unassigned); only polls and look-ups match
	AssigningPolls int    // so many polls say assigning; only registrations match
	MoveTo         string // before it answers: the device moves to this hub
	RotateKey      bool   // before it answers: the device's key in its hub becomes another until it registers again

	Hits int // how often it had its way so far
}

// FaultError says what is wrong with a Fault.
type FaultError struct{ Field, Reason string }

func (e *FaultError) Error() string { return "emulator: fault: " + e.Field + ": " + e.Reason }

// faults is the list with what it has counted. Guarded by Emulator.mu.
type faults struct {
	list []*armed
	next int
}

type armed struct {
	Fault
	seen    int
	ordinal map[string]uint64 // of each device's matching calls, so that a run repeats whatever the interleaving
	salt    uint64
}

// AddFault arms a fault and returns its id.
func (e *Emulator) AddFault(f Fault) (string, error) {
	if err := f.validate(); err != nil {
		return "", err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.faults.list) >= maxFaults {
		return "", &FaultError{"faults", "over " + strconv.Itoa(maxFaults)}
	}
	e.faults.next++
	if f.ID == "" {
		f.ID = "fault-" + strconv.Itoa(e.faults.next)
	}
	if slices.ContainsFunc(e.faults.list, func(a *armed) bool { return a.ID == f.ID }) {
		return "", &FaultError{"id", "is taken: " + f.ID}
	}
	f.Hits = 0
	e.faults.list = append(e.faults.list, &armed{Fault: f, ordinal: map[string]uint64{}, salt: mix(e.cfg.Seed ^ mix(uint64(e.faults.next)))})
	return f.ID, nil
}

// RemoveFault disarms a fault; false: there is none of that id.
func (e *Emulator) RemoveFault(id string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := len(e.faults.list)
	e.faults.list = slices.DeleteFunc(e.faults.list, func(a *armed) bool { return a.ID == id })
	return len(e.faults.list) < n
}

// ClearFaults disarms all.
func (e *Emulator) ClearFaults() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults.list = nil
}

// Faults lists them with their hits.
func (e *Emulator) Faults() []Fault {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]Fault, 0, len(e.faults.list))
	for _, a := range e.faults.list {
		out = append(out, a.Fault)
	}
	return out
}

// pickFault returns a copy of the first fault that fires for a call.
func (e *Emulator) pickFault(c *call) *Fault {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, a := range e.faults.list {
		if a.matches(&c.rec) && a.fires(c.rec.Device) {
			a.Hits++
			f := a.Fault
			return &f
		}
	}
	return nil
}

func (f *Fault) matches(c *Call) bool {
	if f.State != "" && c.Op != OpPoll && c.Op != OpLookup || f.AssigningPolls > 0 && c.Op != OpRegister {
		return false
	}
	switch f.Endpoint {
	case "", "*":
	case EndpointDPS, EndpointHub:
		if c.Service != f.Endpoint {
			return false
		}
	case EndpointSend:
		if c.Op != OpEvents && c.Op != OpBatch {
			return false
		}
	default:
		if c.Op != f.Endpoint {
			return false
		}
	}
	return (f.Device == "" || f.Device == c.Device) && (f.Hub == "" || f.Hub == c.Hub)
}

// fires counts the call and decides. The draw depends on the seed, the fault, the device and the how-manieth call of that
// device this is, and on nothing that goroutines may change.
func (a *armed) fires(device string) bool {
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
	if _, ok := a.ordinal[device]; !ok && len(a.ordinal) >= maxFaultDevices {
		device = "" // all that are too many share one row
	}
	n := a.ordinal[device]
	a.ordinal[device] = n + 1
	draw := mix(a.salt ^ hashOf(device) ^ mix(n))
	return float64(draw>>11)/(1<<53) < a.Share
}

// effects changes the device before the call is answered.
func (e *Emulator) effects(c *call, f *Fault) {
	if f.MoveTo == "" && !f.RotateKey {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	d := e.find(c.device)
	if d == nil {
		return
	}
	if f.MoveTo != "" {
		e.moveDevice(d, f.MoveTo, move{})
	}
	if f.RotateKey {
		e.settle(d, c.now)
		for i, k := range d.id.keys {
			if len(k) > 0 {
				d.id.keys[i] = deriveKey(k, "rotated")
			}
		}
	}
}

func (f *Fault) refusal(service string) *Refusal {
	r := &Refusal{Status: f.Status, Code: f.ErrorCode, Name: f.ErrorName, Message: f.Message, RetryAfter: f.RetryAfter}
	if r.Code == 0 {
		r.Code = usualCode(service, f.Status)
	}
	if r.Message == "" {
		r.Message = usualText(service, r.Code)
	}
	return r
}

func (f *Fault) validate() error {
	bad := func(field, format string, args ...any) error { return &FaultError{field, fmt.Sprintf(format, args...)} }
	switch f.Endpoint {
	case "", "*", EndpointDPS, EndpointHub, EndpointSend, OpRegister, OpPoll, OpLookup, OpEvents, OpBatch, OpReceive, OpComplete,
		OpReject, OpAbandon, OpUpload, OpNotify, OpBlob:
	default:
		return bad("endpoint", "%q is none", f.Endpoint)
	}
	switch f.Cut {
	case "", CutBefore, CutAfter:
	default:
		return bad("cut", "%q: want %s or %s", f.Cut, CutBefore, CutAfter)
	}
	switch f.State {
	case "", statusAssigning, statusAssigned, statusFailed, statusDisabled, "unassigned":
	default:
		return bad("state", "%q is no registration status", f.State)
	}
	dps := f.Endpoint == "" || f.Endpoint == "*" || f.Endpoint == EndpointDPS
	switch {
	case f.State != "" && !dps && f.Endpoint != OpPoll && f.Endpoint != OpLookup:
		return bad("state", "%s answers with none", f.Endpoint)
	case f.AssigningPolls > 0 && !dps && f.Endpoint != OpRegister:
		return bad("assigningPolls", "%s starts no operation", f.Endpoint)
	case f.State != "" && f.AssigningPolls > 0:
		return bad("state", "and assigningPolls have no call in common")
	case f.Share < 0 || f.Share > 1 || f.Share != f.Share:
		return bad("share", "want 0 to 1")
	case f.Count < 0 || f.Skip < 0 || f.AssigningPolls < 0:
		return bad("count", "is below 0")
	case f.Status != 0 && (f.Status < http.StatusMultipleChoices || f.Status > 599):
		return bad("status", "%d: want 300 to 599", f.Status)
	case f.MoveTo != "" && kindOfHost(f.MoveTo, "") != hostHub:
		return bad("moveTo", "%q is no hub", f.MoveTo)
	}
	for _, d := range []time.Duration{f.Latency, f.SlowBody, f.RetryAfter} {
		if d < 0 || d > maxFaultDuration {
			return bad("duration", "%v: want 0 to %v", d, maxFaultDuration)
		}
	}
	what := *f
	what.ID, what.Endpoint, what.Device, what.Hub, what.Skip, what.Share, what.Count, what.Hits = "", "", "", "", 0, 0, 0, 0
	if what == (Fault{}) {
		return bad("fault", "does nothing")
	}
	return nil
}
