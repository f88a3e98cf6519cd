package fleet

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"mayfly/emulator/internal/wire"
)

// PollWindow is the time in which an operation may be polled Settings.MaxPolls times.
const PollWindow = 10 * time.Second

// Registration is the record that DPS has of a device.
type Registration struct {
	Status, Substatus string
	Hub               string
	ErrorCode         int
	ErrorMessage      string
	Created, Updated  time.Time
	Group             string
	Certificate       *Certificate
	ReturnPayload     json.RawMessage
}

// operation is a registration that is under way.
type operation struct {
	id     string
	active bool
	polls  int // that are still answered "assigning"
	ready  time.Time
	at     Attestation
}

// Attestation is what a device has proved to DPS.
type Attestation struct {
	Enrollment  *Enrollment // nil: it belongs to a group
	Group       string
	Keys        [2][]byte // of its identity in the hub
	KeyUsed     int       // 1 or 2; 0: a certificate
	Certificate *Certificate
	Disabled    bool
}

// Request is a registration that was authenticated.
type Request struct {
	ID      string
	At      Attestation
	Payload json.RawMessage
	ModelID string
	Polls   int  // that are answered "assigning"
	AtOnce  bool // the registration is assigned without polls
	Now     time.Time
}

// State is a registration at one moment.
type State struct {
	OperationID    string
	Assigning      bool // the operation has not ended
	Resumed        bool // Register found an operation under way
	RegistrationID string
	DeviceID       string
	Standing       Standing
	Registration
}

func (d *device) state() State {
	return State{OperationID: d.operation.id, Assigning: d.operation.active, RegistrationID: d.registrationID,
		DeviceID: d.deviceID, Standing: d.standing, Registration: d.registration}
}

// Register starts a registration. While one is under way it goes on.
func (f *Fleet) Register(r Request) (State, *wire.Refusal) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, refusal := f.findOrAdd(r.ID)
	if refusal != nil {
		return State{}, refusal
	}
	if refusal := d.checkKey(r.At, f.settings.OneUseKey); refusal != nil {
		return State{}, refusal
	}
	if d.refusal != nil {
		return State{}, d.refusal
	}
	d.payload, d.modelID, d.lastSeen = slices.Clone(r.Payload), r.ModelID, r.Now
	resumed := d.operation.active
	if resumed {
		d.operation.at = r.At
	} else {
		d.operation = operation{id: f.newID(), active: true, polls: r.Polls, ready: r.Now.Add(f.settings.AssigningTime),
			at: r.At}
	}
	if r.AtOnce {
		d.operation.polls, d.operation.ready = 0, r.Now
		f.settle(d, r.Now)
	}
	st := d.state()
	st.Resumed = resumed
	return st, nil
}

// Fail ends the registration that is under way, if any, as a fault says. What the device has in a hub stays.
func (f *Fleet) Fail(id string, code int, message string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.devices[strings.ToLower(id)]
	if d == nil || !d.operation.active {
		return
	}
	d.operation.active, d.operation.at = false, Attestation{}
	r := &d.registration
	if r.Created.IsZero() {
		r.Created = now
	}
	r.Status, r.Substatus, r.Updated, r.ErrorCode, r.ErrorMessage = wire.StatusFailed, "", now, code, message
}

// checkKey is odd behaviour that two users reported: after a registration with one of the keys, the other is refused
// (azure-iot-sdk-node#721, azure-iot-sdk-c#1748).
func (d *device) checkKey(at Attestation, oneUse bool) *wire.Refusal {
	if oneUse && d.keyUsed != 0 && at.KeyUsed != 0 && d.keyUsed != at.KeyUsed {
		return wire.Refuse(http.StatusUnauthorized, 401002, "Unauthorized")
	}
	if at.KeyUsed != 0 {
		d.keyUsed = at.KeyUsed
	}
	return nil
}

// Poll returns the state of an operation. It counts as a poll unless a fault has scripted the answer.
func (f *Fleet) Poll(id, operationID string, now time.Time, scripted bool) (State, *wire.Refusal) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.devices[strings.ToLower(id)]
	if d == nil || d.operation.id == "" || d.operation.id != operationID {
		return State{}, wire.Refuse(http.StatusNotFound, 404202, "Operation not found.")
	}
	if refusal := d.throttlePolls(now, f.settings.MaxPolls); refusal != nil {
		return State{}, refusal
	}
	if scripted {
		return d.state(), nil
	}
	if op := &d.operation; op.active && (op.polls > 0 || now.Before(op.ready)) {
		op.polls = max(0, op.polls-1)
		return d.state(), nil
	}
	f.settle(d, now)
	return d.state(), nil
}

// throttlePolls allows 5 polls in 10 s for each device (azure-docs includes/iot-dps-limits.md).
func (d *device) throttlePolls(now time.Time, limit int) *wire.Refusal {
	if limit < 0 {
		return nil
	}
	for len(d.polls) > 0 && now.Sub(d.polls[0]) >= PollWindow {
		d.polls = d.polls[1:]
	}
	if len(d.polls) < limit {
		d.polls = append(d.polls, now)
		return nil
	}
	return wire.Throttled(PollWindow - now.Sub(d.polls[0]))
}

// Lookup returns the state of a registration, without changing it when a fault has scripted the answer.
func (f *Fleet) Lookup(id string, now time.Time, scripted bool) (State, *wire.Refusal) {
	f.mu.Lock()
	defer f.mu.Unlock()
	notFound := wire.Refuse(http.StatusNotFound, 404202, "Registration not found.")
	d := f.devices[strings.ToLower(id)]
	if d == nil {
		return State{}, notFound
	}
	if d.refusal != nil {
		return State{}, d.refusal
	}
	if scripted {
		return d.state(), nil
	}
	f.settle(d, now)
	if d.registration.Status == "" && !d.operation.active {
		return State{}, notFound
	}
	return d.state(), nil
}

// settle ends an operation whose time has come.
func (f *Fleet) settle(d *device, now time.Time) {
	op := &d.operation
	if !op.active || op.polls > 0 || now.Before(op.ready) {
		return
	}
	op.active = false
	at := op.at
	r := Registration{Status: wire.StatusAssigned, Created: d.registration.Created, Updated: now, Group: at.Group,
		Certificate: at.Certificate}
	if r.Created.IsZero() {
		r.Created = now
	}
	switch {
	case d.standing == Disabled, at.Disabled:
		r.Status = wire.StatusDisabled
	case d.standing == AwaitingApproval, d.standing == Blocked:
		// iotc-device-bridge engine.js takes 400209 for "unassociated or blocked"; Azure's text is not known.
		r.Status, r.ErrorCode = wire.StatusFailed, 400209
		r.ErrorMessage = "The device is not approved or it is blocked."
	default:
		f.assign(d, &r)
	}
	d.registration = r
	op.at = Attestation{}
}

// assign chooses the hub and creates the identity there.
func (f *Fleet) assign(d *device, r *Registration) {
	at, old := d.operation.at, d.registration.Hub
	r.Hub, r.Substatus = f.allocate(d), "initialAssignment"
	policy := f.settings.Reprovision
	if at.Enrollment != nil {
		if at.Enrollment.Reprovision != "" {
			policy = at.Enrollment.Reprovision
		}
		r.ReturnPayload = at.Enrollment.ReturnPayload
	}
	if old != "" && old != r.Hub {
		switch policy {
		case ReprovisionNever:
			r.Hub = old
		case ReprovisionAndReset:
			r.Substatus = "deviceDataReset"
			d.mailbox = nil
		case ReprovisionAndMigrate:
			r.Substatus = "deviceDataMigrated"
		}
	}
	d.target = ""
	left := slices.DeleteFunc(d.identity.DisabledOn, func(h string) bool { return h == r.Hub })
	d.identity = Identity{Hub: r.Hub, Keys: at.Keys, Group: at.Group, DisabledOn: left}
	if at.Certificate != nil {
		d.identity.Thumbprint, d.identity.CASigned = at.Certificate.Thumbprint, at.Enrollment == nil
	}
}

// allocate is the allocation policy (azure-docs iot-dps concepts-service.md).
func (f *Fleet) allocate(d *device) string {
	if d.target != "" {
		return d.target
	}
	if en := d.operation.at.Enrollment; en != nil && en.Hub != "" {
		return en.Hub
	}
	if d.registration.Hub != "" && slices.Contains(f.linked, d.registration.Hub) {
		return d.registration.Hub
	}
	if f.settings.Allocation == EvenlyWeighted && len(f.linked) > 1 {
		return f.linked[wire.Hash(d.registrationID)%uint64(len(f.linked))]
	}
	return f.linked[0]
}
