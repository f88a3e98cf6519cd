package fleet

import (
	"slices"
	"strings"
	"time"

	"mayfly/emulator/internal/throttle"
	"mayfly/emulator/internal/wire"
)

// change changes a device, which is added if need be. The bound on devices holds here too: beyond it nothing happens.
func (f *Fleet) change(id string, do func(*device)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.find(id)
	if d == nil {
		var refusal *wire.Refusal
		if d, refusal = f.findOrAdd(id); refusal != nil {
			return
		}
	}
	do(d)
}

// Provision assigns a device to a hub as if it had registered. An empty hub is chosen by allocation.
func (f *Fleet) Provision(id, hub string, now time.Time) {
	f.change(id, func(d *device) {
		if hub != "" {
			f.addHub(hub, false)
			d.target = strings.ToLower(hub)
		}
		if d.standing == AwaitingApproval {
			d.standing = Enrolled
		}
		at := Attestation{Group: f.settings.GroupName, Keys: f.keys(d.registrationID)}
		if en, ok := f.enrollments[strings.ToLower(d.registrationID)]; ok {
			at.Enrollment, at.Group = &en, ""
		}
		d.operation = operation{active: true, at: at}
		d.registration = Registration{}
		f.settle(d, now)
		d.operation = operation{}
	})
}

// Move says what a move looks like from outside.
type Move struct {
	StaleLookup    bool // the look-up names the old hub until the device registers again
	OldHubDisabled bool // the old hub answers 401 with DEVICE_DISABLED instead of 404
	OnRegister     bool // the device stays where it is until it registers again
}

// Move moves a device's identity to another hub.
func (f *Fleet) Move(id, hub string, m Move, now time.Time) {
	f.change(id, func(d *device) { f.move(d, hub, m, now) })
}

// MoveKnown is Move for a device that exists; others are not added.
func (f *Fleet) MoveKnown(id, hub string, now time.Time) {
	f.changeKnown(id, func(d *device) { f.move(d, hub, Move{}, now) })
}

func (f *Fleet) changeKnown(id string, do func(*device)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if d := f.find(id); d != nil {
		do(d)
	}
}

func (f *Fleet) move(d *device, hub string, m Move, now time.Time) {
	hub = strings.ToLower(hub)
	f.addHub(hub, false)
	f.settle(d, now)
	d.target = hub
	if m.OnRegister || hub == d.identity.Hub {
		return
	}
	if d.identity.Hub != "" {
		if m.OldHubDisabled {
			d.identity.DisabledOn = slices.DeleteFunc(d.identity.DisabledOn, func(h string) bool { return h == hub })
			d.identity.DisabledOn = append(d.identity.DisabledOn, d.identity.Hub)
		}
		d.identity.Hub = hub
	}
	if !m.StaleLookup && d.registration.Status == wire.StatusAssigned {
		d.registration.Hub, d.registration.Updated = hub, now
	}
}

// RotateKey replaces a device's keys in its hub, until it registers again.
func (f *Fleet) RotateKey(id string, now time.Time) {
	f.changeKnown(id, func(d *device) {
		f.settle(d, now)
		for i, k := range d.identity.Keys {
			if len(k) > 0 {
				d.identity.Keys[i] = wire.DeriveKey(k, "rotated")
			}
		}
	})
}

// SetStanding sets what an operator has decided about a device.
func (f *Fleet) SetStanding(id string, s Standing) { f.change(id, func(d *device) { d.standing = s }) }

// Refuse makes DPS answer a device with r and nothing else; nil ends that.
func (f *Fleet) Refuse(id string, r *wire.Refusal) {
	if r != nil {
		cp := *r
		if cp.Code == 0 {
			cp.Code = wire.DefaultCode(wire.ServiceDPS, cp.Status)
		}
		r = &cp
	}
	f.change(id, func(d *device) { d.refusal = r })
}

// Delete forgets a device and returns its id in the hub.
func (f *Fleet) Delete(id string) (deviceID string) {
	f.changeKnown(id, func(d *device) {
		deviceID = d.deviceID
		delete(f.devices, strings.ToLower(d.registrationID))
		delete(f.aliases, d.deviceID)
	})
	return deviceID
}

// DeleteIdentity deletes a device from its hub only: DPS still says that it is assigned there.
func (f *Fleet) DeleteIdentity(id string, now time.Time) {
	f.change(id, func(d *device) {
		f.settle(d, now)
		d.identity = Identity{}
	})
}

// AddHub adds a hub that new devices are assigned to.
func (f *Fleet) AddHub(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.addHub(name, true)
}

// addHub adds a hub; new devices are assigned to linked ones.
func (f *Fleet) addHub(name string, linked bool) {
	name = strings.ToLower(name)
	if name == "" || f.hubs[name] == nil && len(f.hubs) >= maxHubs {
		return
	}
	if f.hubs[name] == nil {
		f.hubs[name] = &Hub{Sends: throttle.PerSecond(f.settings.SendsPerHub)}
	}
	if linked && !slices.Contains(f.linked, name) {
		f.linked = append(f.linked, name)
	}
}

// RemoveHub removes a hub unless it is the last one that new devices are assigned to.
func (f *Fleet) RemoveHub(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name = strings.ToLower(name)
	if len(f.linked) > 1 || !slices.Contains(f.linked, name) {
		f.linked = slices.DeleteFunc(f.linked, func(h string) bool { return h == name })
		delete(f.hubs, name)
	}
}
