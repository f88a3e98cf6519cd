package fleet

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mayfly/emulator/internal/throttle"
	"mayfly/emulator/internal/wire"
)

// Snapshot is the hubs and the devices at one moment. What people write by hand needs no more than ids.
type Snapshot struct {
	Hubs    []string         `json:"hubs,omitempty"` // of new devices; by default those that there are
	Devices []DeviceSnapshot `json:"devices"`
}

// DeviceSnapshot is one device in a Snapshot. Queued messages and a registration that is under way are not part of it.
type DeviceSnapshot struct {
	ID             string          `json:"id"`                       // in its hub
	RegistrationID string          `json:"registrationId,omitempty"` // where it differs from the id
	Standing       Standing        `json:"standing,omitempty"`       // enrolled by default
	Hub            string          `json:"hub,omitempty"`            // where its identity is; empty: in none
	AssignedHub    string          `json:"assignedHub,omitempty"`    // what DPS says, where it is not the hub
	Status         string          `json:"status,omitempty"`         // assigned by default where there is a hub
	ErrorCode      int             `json:"errorCode,omitempty"`      // with the status failed
	ErrorMessage   string          `json:"errorMessage,omitempty"`
	NextHub        string          `json:"nextHub,omitempty"` // of its next registration
	Keys           []string        `json:"keys,omitempty"`    // in its hub, base64; those of its enrollment by default
	Thumbprint     string          `json:"thumbprint,omitempty"`
	CASigned       bool            `json:"caSigned,omitempty"`
	DisabledOn     []string        `json:"disabledOn,omitempty"` // hubs that answer DEVICE_DISABLED
	ModelID        string          `json:"modelId,omitempty"`
	Payload        json.RawMessage `json:"payload,omitempty"`
	Events         int             `json:"events,omitempty"`
	Created        time.Time       `json:"created,omitzero"`
	Updated        time.Time       `json:"updated,omitzero"`
	LastSeen       time.Time       `json:"lastSeen,omitzero"`
}

// Snapshot returns the hubs and the devices, by id.
func (f *Fleet) Snapshot(now time.Time) Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := Snapshot{Hubs: slices.Clone(f.linked), Devices: make([]DeviceSnapshot, 0, len(f.devices))}
	for _, d := range f.devices {
		f.settle(d, now)
		s.Devices = append(s.Devices, d.snapshot())
	}
	slices.SortFunc(s.Devices, func(a, b DeviceSnapshot) int { return strings.Compare(a.ID, b.ID) })
	return s
}

func (d *device) snapshot() DeviceSnapshot {
	id, r := &d.identity, &d.registration
	s := DeviceSnapshot{ID: d.deviceID, Standing: d.standing, Hub: id.Hub, Status: r.Status, ErrorCode: r.ErrorCode,
		ErrorMessage: r.ErrorMessage, NextHub: d.target, Thumbprint: id.Thumbprint, CASigned: id.CASigned,
		DisabledOn: slices.Clone(id.DisabledOn), ModelID: d.modelID, Payload: slices.Clone(d.payload),
		Events: d.events, Created: r.Created, Updated: r.Updated, LastSeen: d.lastSeen}
	if d.registrationID != d.deviceID {
		s.RegistrationID = d.registrationID
	}
	if r.Hub != id.Hub {
		s.AssignedHub = r.Hub
	}
	for _, k := range id.Keys {
		if len(k) > 0 {
			s.Keys = append(s.Keys, base64.StdEncoding.EncodeToString(k))
		}
	}
	return s
}

// Restore replaces all hubs and devices, or changes nothing and returns all that is wrong. Enrollments stay.
func (f *Fleet) Restore(s Snapshot, now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(s.Devices) > f.settings.MaxDevices {
		return fmt.Errorf("devices: there are %d; the maximum is %d", len(s.Devices), f.settings.MaxDevices)
	}
	next := &Fleet{settings: f.settings, group: f.group, enrollments: f.enrollments, hubs: map[string]*Hub{},
		devices: make(map[string]*device, len(s.Devices)), aliases: map[string]string{}}
	var errs []error
	hub := func(where, name string, linked bool) {
		if name != "" && !wire.IsHub(strings.ToLower(name)) {
			errs = append(errs, fmt.Errorf("%s: %q: want NAME.azure-devices.net", where, wire.Clip(name, 64)))
			return
		}
		next.addHub(name, linked)
	}
	linked := s.Hubs
	if len(linked) == 0 {
		linked = f.linked
	}
	for i, name := range linked {
		hub(fmt.Sprintf("hubs[%d]", i), name, true)
	}
	for i := range s.Devices {
		where, v := fmt.Sprintf("devices[%d]", i), &s.Devices[i]
		for _, name := range append([]string{v.Hub, v.AssignedHub, v.NextHub}, v.DisabledOn...) {
			hub(where, name, false)
		}
		if err := next.restore(v, now); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", where, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for name, h := range next.hubs {
		h.Sends = throttle.PerSecond(f.settings.SendsPerHub)
		if old := f.hubs[name]; old != nil {
			next.hubs[name] = old // its quota of the day goes on
		}
	}
	f.devices, f.aliases, f.hubs, f.linked = next.devices, next.aliases, next.hubs, next.linked
	return nil
}

// restore adds one device to a fleet that nobody sees yet.
func (f *Fleet) restore(s *DeviceSnapshot, now time.Time) error {
	d := &device{registrationID: s.RegistrationID, deviceID: s.ID, standing: s.Standing,
		target: strings.ToLower(s.NextHub), payload: slices.Clone(s.Payload), modelID: s.ModelID, events: s.Events,
		lastSeen: s.LastSeen}
	if d.registrationID == "" {
		d.registrationID = d.deviceID
	}
	switch {
	case !wire.ValidRegistrationID(d.registrationID):
		return fmt.Errorf("%q is not a registration id", wire.Clip(d.registrationID, 64))
	case d.deviceID == "":
		return errors.New("id is missing")
	}
	switch d.standing {
	case "":
		d.standing = Enrolled
	case Enrolled, AwaitingApproval, Blocked, Disabled:
	default:
		return fmt.Errorf("standing %q: want %s, %s, %s or %s", wire.Clip(string(d.standing), 32), Enrolled,
			AwaitingApproval, Blocked, Disabled)
	}
	key := strings.ToLower(d.registrationID)
	if f.devices[key] != nil {
		return fmt.Errorf("%s is there twice", d.registrationID)
	}
	if err := f.restoreRegistration(d, s, now); err != nil {
		return err
	}
	f.devices[key] = d
	if d.deviceID != d.registrationID {
		f.aliases[d.deviceID] = key
	}
	return nil
}

// restoreRegistration gives a device its registration in DPS and its identity in a hub.
func (f *Fleet) restoreRegistration(d *device, s *DeviceSnapshot, now time.Time) error {
	r := Registration{Status: s.Status, Hub: strings.ToLower(s.AssignedHub), ErrorCode: s.ErrorCode,
		ErrorMessage: s.ErrorMessage, Created: s.Created, Updated: s.Updated, Group: f.settings.GroupName}
	if r.Hub == "" {
		r.Hub = strings.ToLower(s.Hub)
	}
	if r.Status == "" && r.Hub != "" {
		r.Status = wire.StatusAssigned
	}
	switch r.Status {
	case "":
	case wire.StatusAssigned, wire.StatusFailed, wire.StatusDisabled, wire.StatusUnassigned:
		if r.Created.IsZero() {
			r.Created, r.Updated = now, now
		}
		d.registration = r
	default:
		return fmt.Errorf("status %q: want %s, %s, %s or %s", wire.Clip(r.Status, 32), wire.StatusAssigned,
			wire.StatusFailed, wire.StatusDisabled, wire.StatusUnassigned)
	}
	if s.Hub == "" && len(s.DisabledOn) == 0 {
		return nil
	}
	id := Identity{Hub: strings.ToLower(s.Hub), Thumbprint: s.Thumbprint, CASigned: s.CASigned,
		Group: f.settings.GroupName}
	for _, name := range s.DisabledOn {
		id.DisabledOn = append(id.DisabledOn, strings.ToLower(name))
	}
	if len(s.Keys) > len(id.Keys) {
		return fmt.Errorf("keys: there are %d; a device has two at most", len(s.Keys))
	}
	for i, text := range s.Keys {
		var err error
		if id.Keys[i], err = wire.DecodeKey(text); err != nil {
			return fmt.Errorf("keys[%d]: %w", i, err)
		}
	}
	if len(s.Keys) == 0 && s.Thumbprint == "" && !s.CASigned {
		id.Keys = f.keys(d.registrationID)
	}
	d.identity = id
	return nil
}
