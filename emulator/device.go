package emulator

import (
	"encoding/json"
	"hash/fnv"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Standing is what an operator has decided about a device.
type Standing string

// The standings.
const (
	Enrolled         Standing = "enrolled"
	AwaitingApproval Standing = "awaitingApproval" // DPS: failed, 400209
	Blocked          Standing = "blocked"          // DPS: failed, 400209; hub: 401, DEVICE_BLOCKED
	Disabled         Standing = "disabled"         // DPS: disabled; hub: 404
)

// device is all that is known of one: the entry of DPS and the identity in a hub.
type device struct {
	registrationID string // as it was written first
	deviceID       string // its name in the hub: the same, unless an enrollment says otherwise
	standing       Standing
	refusal        *Refusal // scripted: DPS answers this and nothing else
	reg            registration
	op             operation
	id             identity
	target         string // where the next registration leads; empty: by allocation
	payload        json.RawMessage
	modelID        string
	polls          []time.Time // the last few
	queue          *queue
	uploads        map[string]upload
	lastSeen       time.Time
	events         int
	keyUsed        int // 1, 2: the key that DPS has seen; 0: none
}

// registration is the record of DPS.
type registration struct {
	status, substatus string
	hub               string
	code              int
	message           string
	created, updated  time.Time
	group             string
	cert              *certificate
	returned          json.RawMessage
}

// operation is a registration under way.
type operation struct {
	id     string
	active bool
	polls  int // that still say assigning
	ready  time.Time
	at     attestation
}

// identity is the device in a hub. An empty hub is none.
type identity struct {
	hub        string
	keys       [2][]byte
	thumb      string // SHA-256 of the certificate, for X.509
	caSigned   bool   // X.509 by a CA: any certificate of that name under it
	group      string
	disabledOn []string // hubs it was moved from that answer DEVICE_DISABLED
}

// known finds a device or makes it. The caller holds e.mu.
func (e *Emulator) known(id string) (*device, *Refusal) {
	key := strings.ToLower(id)
	if d := e.devices[key]; d != nil {
		return d, nil
	}
	if len(e.devices) >= e.cfg.DeviceLimit {
		return nil, refuse(http.StatusForbidden, 403000, "The limit of %d registrations is reached.", e.cfg.DeviceLimit)
	}
	d := &device{registrationID: id, deviceID: id, standing: Enrolled}
	if e.cfg.NeedApproval {
		d.standing = AwaitingApproval
	}
	if en := e.enrollments[key]; en != nil && en.DeviceID != "" {
		d.deviceID = en.DeviceID
		e.aliases[en.DeviceID] = key
	}
	e.devices[key] = d
	return d, nil
}

// checkKeyUse is the odd behaviour that two users reported: after a registration with the one key, the other is
// refused (azure-iot-sdk-node#721, azure-iot-sdk-c#1748).
func (d *device) checkKeyUse(at attestation, oneUse bool) *Refusal {
	if oneUse && d.keyUsed != 0 && at.keyUsed != 0 && d.keyUsed != at.keyUsed {
		return refuse(http.StatusUnauthorized, 401002, "Unauthorized")
	}
	if at.keyUsed != 0 {
		d.keyUsed = at.keyUsed
	}
	return nil
}

// begin starts a registration. The caller holds e.mu.
func (e *Emulator) begin(d *device, at attestation, payload json.RawMessage, c *call) {
	d.payload, d.modelID = slices.Clone(payload), c.rec.ModelID
	d.lastSeen = c.now
	if d.op.active {
		c.lenient("registered again while assigning: the same operation goes on")
		d.op.at = at
		return
	}
	d.op = operation{id: e.operationID(), active: true, polls: e.cfg.AssigningPolls, ready: c.now.Add(e.cfg.AssigningTime), at: at}
	if c.fault != nil && c.fault.AssigningPolls > 0 {
		d.op.polls = c.fault.AssigningPolls
	}
}

// settle ends an operation whose time has come. The caller holds e.mu.
func (e *Emulator) settle(d *device, now time.Time) {
	op := &d.op
	if !op.active || op.polls > 0 || now.Before(op.ready) {
		return
	}
	op.active = false
	at := op.at
	r := registration{status: statusAssigned, created: d.reg.created, updated: now, group: at.group, cert: at.cert}
	if r.created.IsZero() {
		r.created = now
	}
	switch {
	case d.standing == Disabled, at.disabled:
		r.status = statusDisabled
	case d.standing == AwaitingApproval, d.standing == Blocked:
		// iotc-device-bridge engine.js takes 400209 for "unassociated or blocked"; the text is not known.
		r.status, r.code, r.message = statusFailed, 400209, "The device is not approved or it is blocked."
	default:
		e.assign(d, &r)
	}
	d.reg = r
	op.at = attestation{}
}

// assign chooses the hub and puts the identity there.
func (e *Emulator) assign(d *device, r *registration) {
	at, old := d.op.at, d.reg.hub
	r.hub, r.substatus = e.allocate(d), "initialAssignment"
	policy := e.cfg.Reprovision
	if at.enrollment != nil {
		if at.enrollment.Reprovision != "" {
			policy = at.enrollment.Reprovision
		}
		r.returned = at.enrollment.ReturnPayload
	}
	if old != "" && old != r.hub {
		switch policy {
		case ReprovisionNever:
			r.hub = old
		case ReprovisionAndReset:
			r.substatus = "deviceDataReset"
			d.queue = nil
		case ReprovisionAndMigrate:
			r.substatus = "deviceDataMigrated"
		}
	}
	d.target = ""
	left := slices.DeleteFunc(d.id.disabledOn, func(h string) bool { return h == r.hub })
	d.id = identity{hub: r.hub, keys: at.keys, group: at.group, disabledOn: left}
	if at.cert != nil {
		d.id.thumb, d.id.caSigned = at.cert.sha256, at.enrollment == nil
	}
}

// allocate is the allocation policy (azure-docs iot-dps concepts-service.md).
func (e *Emulator) allocate(d *device) string {
	if d.target != "" {
		return d.target
	}
	if en := d.op.at.enrollment; en != nil && en.Hub != "" {
		return en.Hub
	}
	if d.reg.hub != "" && slices.Contains(e.linked, d.reg.hub) {
		return d.reg.hub
	}
	if e.cfg.Allocation == EvenlyWeighted && len(e.linked) > 1 {
		return e.linked[hashOf(d.registrationID)%uint64(len(e.linked))]
	}
	return e.linked[0]
}

// pollTooOften allows 5 polls in 10 s for each device (azure-docs includes/iot-dps-limits.md).
func (d *device) pollTooOften(now time.Time, limit int) *Refusal {
	if limit < 0 {
		return nil
	}
	for len(d.polls) > 0 && now.Sub(d.polls[0]) >= pollWindow {
		d.polls = d.polls[1:]
	}
	if len(d.polls) < limit {
		d.polls = append(d.polls, now)
		return nil
	}
	r := refuse(http.StatusTooManyRequests, 429001, "%s", usualText(ServiceDPS, 429001))
	r.RetryAfter = roundUp(pollWindow - now.Sub(d.polls[0]))
	return r
}

func roundUp(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}

// hashOf spreads ids evenly and the same way in every run.
func hashOf(id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strings.ToLower(id)))
	return mix(h.Sum64())
}
