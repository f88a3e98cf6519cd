package emulator

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Device is what an operator sees of a device.
type Device struct {
	ID             string          `json:"id"`
	RegistrationID string          `json:"registrationId,omitempty"` // where it is not the ID
	Standing       Standing        `json:"standing"`
	Status         string          `json:"status,omitempty"` // of the registration
	Hub            string          `json:"hub,omitempty"`    // where its identity is
	AssignedHub    string          `json:"assignedHub,omitempty"`
	ModelID        string          `json:"modelId,omitempty"`
	Payload        json.RawMessage `json:"payload,omitempty"`
	Events         int             `json:"events"`
	Queued         int             `json:"queued"` // cloud-to-device messages
	LastSeen       time.Time       `json:"lastSeen,omitzero"`
}

// Devices lists all devices by registration id.
func (e *Emulator) Devices() []Device {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.Now()
	out := make([]Device, 0, len(e.devices))
	for _, d := range e.devices {
		out = append(out, e.view(d, now))
	}
	slices.SortFunc(out, func(a, b Device) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// Device shows one device; ok is false when nobody has heard of it.
func (e *Emulator) Device(id string) (dev Device, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	d := e.find(id)
	if d == nil {
		return Device{}, false
	}
	return e.view(d, e.Now()), true
}

func (e *Emulator) view(d *device, now time.Time) Device {
	e.settle(d, now)
	v := Device{ID: d.deviceID, Standing: d.standing, Status: d.reg.status, Hub: d.id.hub, AssignedHub: d.reg.hub, ModelID: d.modelID,
		Payload: slices.Clone(d.payload), Events: d.events, LastSeen: d.lastSeen}
	if d.op.active {
		v.Status = statusAssigning
	}
	if d.registrationID != d.deviceID {
		v.RegistrationID = d.registrationID
	}
	if d.queue != nil {
		v.Queued = d.queue.depth(now)
	}
	return v
}

// find looks a device up by its registration id or its id in the hub. The caller holds e.mu.
func (e *Emulator) find(id string) *device {
	if d := e.devices[strings.ToLower(id)]; d != nil {
		return d
	}
	return e.devices[e.aliases[id]]
}

// script changes a device, which it makes if need be.
func (e *Emulator) script(id string, change func(*device)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	d := e.find(id)
	if d == nil {
		var r *Refusal
		if d, r = e.known(id); r != nil {
			return // the bound on devices holds for scripts too
		}
	}
	change(d)
}

// DeviceKey returns the key, in base64, that the device signs its tokens with.
func (e *Emulator) DeviceKey(id string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return base64.StdEncoding.EncodeToString(e.keysOf(id)[0])
}

// DPSToken returns a SAS token for the device at DPS.
func (e *Emulator) DPSToken(id string, lifetime time.Duration) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return mintToken(e.keysOf(id)[0], e.cfg.IDScope+"/registrations/"+id, "registration", e.Now().Add(lifetime))
}

// HubToken returns a SAS token for the device at a hub.
func (e *Emulator) HubToken(id, hub string, lifetime time.Duration) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return mintToken(e.keysOf(id)[0], hub+"/devices/"+id, "", e.Now().Add(lifetime))
}

// Provision lets a device be on a hub, as if DPS had assigned it before. An empty hub is chosen by allocation.
func (e *Emulator) Provision(id, hub string) {
	e.script(id, func(d *device) {
		now := e.Now()
		if hub != "" {
			e.link(hub, false)
			d.target = strings.ToLower(hub)
		}
		if d.standing == AwaitingApproval {
			d.standing = Enrolled
		}
		d.op = operation{active: true, at: attestation{group: e.cfg.GroupName, keys: e.keysOf(d.registrationID)}}
		if en := e.enrollments[strings.ToLower(d.registrationID)]; en != nil {
			d.op.at.enrollment, d.op.at.group = en, ""
		}
		d.reg = registration{}
		e.settle(d, now)
		d.op = operation{}
	})
}

// MoveOption changes what a move looks like from outside.
type MoveOption func(*move)

type move struct{ stale, disabled, later bool }

// StaleLookup lets the look-up name the old hub until the device registers again: nobody has told DPS of the move.
func StaleLookup() MoveOption { return func(m *move) { m.stale = true } }

// OldHubDisabled lets the old hub answer 401 with DEVICE_DISABLED, which is what IoT Central's hubs say of a device
// that was moved (azure-docs iot-central troubleshoot-connection.md), instead of 404.
func OldHubDisabled() MoveOption { return func(m *move) { m.disabled = true } }

// OnRegister leaves the device where it is until it registers again (azure-docs iot-dps concepts-device-reprovision.md).
func OnRegister() MoveOption { return func(m *move) { m.later = true } }

// Move lets the device's identity live on another hub: the old one does not know it any more.
func (e *Emulator) Move(id, hub string, opts ...MoveOption) {
	var m move
	for _, o := range opts {
		o(&m)
	}
	e.script(id, func(d *device) { e.moveDevice(d, hub, m) })
}

func (e *Emulator) moveDevice(d *device, hub string, m move) {
	hub = strings.ToLower(hub)
	e.link(hub, false)
	e.settle(d, e.Now())
	d.target = hub
	if m.later || hub == d.id.hub {
		return
	}
	if d.id.hub != "" {
		if m.disabled {
			d.id.disabledOn = append(slices.DeleteFunc(d.id.disabledOn, func(h string) bool { return h == hub }), d.id.hub)
		}
		d.id.hub = hub
	}
	if !m.stale && d.reg.status == statusAssigned {
		d.reg.hub, d.reg.updated = hub, e.Now()
	}
}

// Disable disables the device: DPS answers disabled, its hub 404 (azure-docs iot-hub troubleshoot-error-codes.md, 404001).
func (e *Emulator) Disable(id string) { e.script(id, func(d *device) { d.standing = Disabled }) }

// Enable takes back Disable and Block.
func (e *Emulator) Enable(id string) { e.script(id, func(d *device) { d.standing = Enrolled }) }

// Block blocks the device as an operator of IoT Central does: DPS answers failed with 400209, its hub 401 DEVICE_BLOCKED.
func (e *Emulator) Block(id string) { e.script(id, func(d *device) { d.standing = Blocked }) }

// AwaitApproval lets the device wait for Approve: DPS answers failed with 400209.
func (e *Emulator) AwaitApproval(id string) {
	e.script(id, func(d *device) { d.standing = AwaitingApproval })
}

// Approve ends the wait.
func (e *Emulator) Approve(id string) { e.Enable(id) }

// Refuse lets DPS answer this device with r and nothing else; nil takes it back.
func (e *Emulator) Refuse(id string, r *Refusal) {
	if r != nil {
		cp := *r
		if cp.Code == 0 {
			cp.Code = usualCode(ServiceDPS, cp.Status)
		}
		r = &cp
	}
	e.script(id, func(d *device) { d.refusal = r })
}

// Delete forgets the device, at DPS and in its hub. It may register again.
func (e *Emulator) Delete(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if d := e.find(id); d != nil {
		delete(e.devices, strings.ToLower(d.registrationID))
		delete(e.aliases, d.deviceID)
	}
}

// DeleteFromHub deletes the identity only: DPS still says that the device is assigned there.
func (e *Emulator) DeleteFromHub(id string) {
	e.script(id, func(d *device) {
		e.settle(d, e.Now())
		d.id = identity{}
	})
}

// AddHub links another hub to DPS.
func (e *Emulator) AddHub(hub string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.link(hub, true)
}

// RemoveHub takes a hub away, name and all, unless it is the last. Devices that were on it get another when they
// register again.
func (e *Emulator) RemoveHub(hub string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	hub = strings.ToLower(hub)
	if len(e.linked) > 1 || !slices.Contains(e.linked, hub) {
		e.linked = slices.DeleteFunc(e.linked, func(h string) bool { return h == hub })
		delete(e.hubs, hub)
	}
}

// RotateGroupKey gives the enrollment group other keys. Devices that are in a hub keep theirs there until they register
// again (azure-docs iot-dps how-to-roll-credentials.md).
func (e *Emulator) RotateGroupKey(primary, secondary string) error {
	var group [2][]byte
	for i, k := range []string{primary, secondary} {
		if k == "" && i == 1 {
			continue
		}
		if err := checkKey(k); err != nil {
			return err
		}
		group[i], _ = base64.StdEncoding.DecodeString(k)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.group = group
	return nil
}
