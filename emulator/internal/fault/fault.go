package fault

import (
	"fmt"
	"net/http"
	"time"

	"mayfly/emulator/internal/record"
	"mayfly/emulator/internal/wire"
)

const maxDuration = 24 * time.Hour

// Values of Fault.Cut.
const (
	CutBefore = "before" // the connection ends and nothing was done
	CutAfter  = "after"  // the request was carried out, and the connection ends before the answer
)

// Endpoints of a Fault besides the operations (record.OpRegister, ...). An empty endpoint means all.
const (
	EndpointDPS  = "dps"
	EndpointHub  = "hub"
	EndpointSend = "send" // record.OpEvents and record.OpBatch
)

// Fault makes some calls go wrong. Endpoint, Device, Hub, Skip, Share and Count say which and how many; the rest says
// what happens and can be combined: latency first, then hang or cut, then status, then what is wrong with the answer.
// Of several faults that match a call, the first that applies is used, and it alone.
type Fault struct {
	ID       string // assigned by AddFault when it is empty
	Endpoint string
	Device   string // this device only
	Hub      string // this hub only

	Skip  int     // so many matching calls pass first
	Share float64 // of the calls, 0 to 1; 0 means all of them
	Count int     // at most so many calls; 0 means no limit

	Latency        time.Duration // before anything else
	Hang           bool          // no answer until the caller gives up
	Cut            string        // CutBefore or CutAfter
	Status         int           // this HTTP status, with the code and text below or their defaults
	ErrorCode      int
	ErrorName      string // iothub-errorcode
	Message        string
	RetryAfter     time.Duration // with Status; 0: no header
	RetryAfterText string        // with Status: the header verbatim, such as a date or nonsense
	ContentType    string        // of the answer, instead of the right one
	Truncate       bool          // half of the answer's body, then the connection ends
	SlowBody       time.Duration // the answer's body takes this long

	State          string // this registration status (failed, ...); matches registrations where they are the endpoint
	AssigningPolls int    // so many polls are answered "assigning"; matches registrations only
	MoveTo         string // before the answer the device is moved to this hub
	RotateKey      bool   // before the answer the hub replaces the device's key, until it registers again

	Hits int // to how many calls it has been applied
}

// Error says what is wrong with a Fault.
type Error struct{ Field, Reason string }

func (e *Error) Error() string { return "emulator: fault: " + e.Field + ": " + e.Reason }

// matches reports whether the fault is meant for a call.
func (f *Fault) matches(c *record.Call) bool {
	if f.State != "" && c.Op != record.OpPoll && c.Op != record.OpLookup && f.Endpoint != record.OpRegister ||
		f.AssigningPolls > 0 && c.Op != record.OpRegister {
		return false
	}
	switch f.Endpoint {
	case "", "*":
	case EndpointDPS, EndpointHub:
		if c.Service != f.Endpoint {
			return false
		}
	case EndpointSend:
		if c.Op != record.OpEvents && c.Op != record.OpBatch {
			return false
		}
	default:
		if c.Op != f.Endpoint {
			return false
		}
	}
	return (f.Device == "" || f.Device == c.Device) && (f.Hub == "" || f.Hub == c.Hub)
}

// Refusal is the answer of a fault with a status, in the terms of the service that was called.
func (f *Fault) Refusal(service string) *wire.Refusal {
	r := &wire.Refusal{Status: f.Status, Code: f.ErrorCode, Name: f.ErrorName, Message: f.Message,
		RetryAfter: f.RetryAfter}
	if r.Code == 0 {
		r.Code = wire.DefaultCode(service, f.Status)
	}
	if r.Message == "" {
		r.Message = wire.DefaultText(service, r.Code)
	}
	return r
}

// Validate returns an *Error that names the first member that is wrong.
func (f *Fault) Validate() error {
	for _, check := range []func() *Error{f.checkWords, f.checkStates, f.checkNumbers} {
		if err := check(); err != nil {
			return err
		}
	}
	effect := *f
	effect.ID, effect.Endpoint, effect.Device, effect.Hub = "", "", "", ""
	effect.Skip, effect.Share, effect.Count, effect.Hits = 0, 0, 0, 0
	if effect == (Fault{}) {
		return wrong("effect", "none is set, such as status, latency or hang")
	}
	return nil
}

func wrong(field, format string, args ...any) *Error {
	return &Error{field, fmt.Sprintf(format, args...)}
}

func (f *Fault) checkWords() *Error {
	switch f.Endpoint {
	case "", "*", EndpointDPS, EndpointHub, EndpointSend, record.OpRegister, record.OpPoll, record.OpLookup,
		record.OpEvents, record.OpBatch, record.OpReceive, record.OpComplete, record.OpReject, record.OpAbandon,
		record.OpUpload, record.OpNotify, record.OpBlob:
	default:
		return wrong("endpoint", "%q is not an endpoint", f.Endpoint)
	}
	switch f.Cut {
	case "", CutBefore, CutAfter:
	default:
		return wrong("cut", "%q: want %s or %s", f.Cut, CutBefore, CutAfter)
	}
	switch f.State {
	case "", wire.StatusAssigning, wire.StatusAssigned, wire.StatusFailed, wire.StatusDisabled, wire.StatusUnassigned:
	default:
		return wrong("state", "%q is not a registration status", f.State)
	}
	if f.MoveTo != "" && !wire.IsHub(f.MoveTo) {
		return wrong("moveTo", "%q is not a hub: want NAME.azure-devices.net", f.MoveTo)
	}
	return nil
}

func (f *Fault) checkStates() *Error {
	dps := f.Endpoint == "" || f.Endpoint == "*" || f.Endpoint == EndpointDPS
	switch {
	case f.State != "" && !dps && f.Endpoint != record.OpPoll && f.Endpoint != record.OpLookup &&
		f.Endpoint != record.OpRegister:
		return wrong("state", "%s does not answer with a registration status", f.Endpoint)
	case f.AssigningPolls > 0 && !dps && f.Endpoint != record.OpRegister:
		return wrong("assigningPolls", "%s does not start an operation", f.Endpoint)
	case f.State != "" && f.AssigningPolls > 0:
		return wrong("state", "cannot be combined with assigningPolls: no call matches both")
	}
	return nil
}

func (f *Fault) checkNumbers() *Error {
	switch {
	case f.Share < 0 || f.Share > 1 || f.Share != f.Share: // the last is NaN
		return wrong("share", "want 0 to 1")
	case f.Count < 0:
		return wrong("count", "is below 0")
	case f.Skip < 0:
		return wrong("skip", "is below 0")
	case f.AssigningPolls < 0:
		return wrong("assigningPolls", "is below 0")
	case f.Status != 0 && (f.Status < http.StatusMultipleChoices || f.Status > 599):
		return wrong("status", "%d: want 300 to 599", f.Status)
	}
	for _, d := range []struct {
		field string
		value time.Duration
	}{{"latency", f.Latency}, {"slowBody", f.SlowBody}, {"retryAfter", f.RetryAfter}} {
		if d.value < 0 || d.value > maxDuration {
			return wrong(d.field, "%v: want 0 to %v", d.value, maxDuration)
		}
	}
	return nil
}
