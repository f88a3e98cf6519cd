package emulator

import (
	"encoding/base64"
	"fmt"
	"time"

	"mayfly/emulator/internal/fleet"
	"mayfly/emulator/internal/wire"
)

// Hubs returns the hubs that new devices are assigned to.
func (e *Emulator) Hubs() []string { return e.fleet.Hubs() }

// AddHub adds a hub that new devices are assigned to.
func (e *Emulator) AddHub(hub string) { e.fleet.AddHub(hub) }

// RemoveHub removes a hub with its host name, unless it is the last. Devices that were in it get another one when they
// register again.
func (e *Emulator) RemoveHub(hub string) { e.fleet.RemoveHub(hub) }

// Devices returns all devices, by id.
func (e *Emulator) Devices() []Device { return e.fleet.Devices(e.Now()) }

// Device returns one device; ok is false when there is none of that id.
func (e *Emulator) Device(id string) (dev Device, ok bool) { return e.fleet.Device(id, e.Now()) }

// DeviceKey returns the key, in base64, that the device signs its tokens with.
func (e *Emulator) DeviceKey(id string) string {
	return base64.StdEncoding.EncodeToString(e.fleet.Key(id))
}

// DPSToken returns a SAS token for the device at DPS.
func (e *Emulator) DPSToken(id string, lifetime time.Duration) string {
	return wire.MintToken(e.fleet.Key(id), e.cfg.IDScope+"/registrations/"+id, "registration", e.Now().Add(lifetime))
}

// HubToken returns a SAS token for the device at a hub.
func (e *Emulator) HubToken(id, hub string, lifetime time.Duration) string {
	return wire.MintToken(e.fleet.Key(id), hub+"/devices/"+id, "", e.Now().Add(lifetime))
}

// Provision assigns a device to a hub, as if it had registered. An empty hub is chosen by allocation.
func (e *Emulator) Provision(id, hub string) { e.fleet.Provision(id, hub, e.Now()) }

// MoveOption changes what a move looks like from outside.
type MoveOption func(*fleet.Move)

// StaleLookup makes the look-up name the old hub until the device registers again: DPS was not told of the move.
func StaleLookup() MoveOption { return func(m *fleet.Move) { m.StaleLookup = true } }

// OldHubDisabled makes the old hub answer 401 with DEVICE_DISABLED instead of 404, as IoT Central's hubs do for a
// device that was moved (azure-docs iot-central troubleshoot-connection.md).
func OldHubDisabled() MoveOption { return func(m *fleet.Move) { m.OldHubDisabled = true } }

// OnRegister leaves the device where it is until it registers again (azure-docs iot-dps
// concepts-device-reprovision.md).
func OnRegister() MoveOption { return func(m *fleet.Move) { m.OnRegister = true } }

// Move moves the device's identity to another hub: the old one does not know it any more.
func (e *Emulator) Move(id, hub string, opts ...MoveOption) {
	var m fleet.Move
	for _, o := range opts {
		o(&m)
	}
	e.fleet.Move(id, hub, m, e.Now())
}

// Disable disables the device: DPS answers disabled, its hub 404 (azure-docs iot-hub troubleshoot-error-codes.md,
// 404001).
func (e *Emulator) Disable(id string) { e.fleet.SetStanding(id, Disabled) }

// Enable reverses Disable and Block.
func (e *Emulator) Enable(id string) { e.fleet.SetStanding(id, Enrolled) }

// Block blocks the device as an operator of IoT Central does: DPS answers failed with 400209, its hub 401
// DEVICE_BLOCKED.
func (e *Emulator) Block(id string) { e.fleet.SetStanding(id, Blocked) }

// AwaitApproval makes the device wait for Approve: DPS answers failed with 400209.
func (e *Emulator) AwaitApproval(id string) { e.fleet.SetStanding(id, AwaitingApproval) }

// Approve ends the wait.
func (e *Emulator) Approve(id string) { e.Enable(id) }

// Refuse makes DPS answer this device with r and nothing else; nil ends that.
func (e *Emulator) Refuse(id string, r *Refusal) { e.fleet.Refuse(id, r) }

// Delete forgets the device, in DPS and in its hub. It may register again.
func (e *Emulator) Delete(id string) {
	if deviceID := e.fleet.Delete(id); deviceID != "" {
		e.blobs.Forget(deviceID)
	}
}

// DeleteFromHub deletes the identity only: DPS still says that the device is assigned there.
func (e *Emulator) DeleteFromHub(id string) { e.fleet.DeleteIdentity(id, e.Now()) }

// Enroll adds an individual enrollment or replaces it.
func (e *Emulator) Enroll(en Enrollment) error {
	if err := e.fleet.Enroll(en); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return nil
}

// EnrollCA adds an enrollment group: devices whose certificates lead to this one, which counts as verified.
func (e *Emulator) EnrollCA(name string, certificatePEM []byte) error {
	if err := e.fleet.EnrollCA(name, certificatePEM); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return nil
}

// DisableCA disables an X.509 group: its devices are answered disabled.
func (e *Emulator) DisableCA(name string) { e.fleet.DisableCA(name) }

// RotateGroupKey replaces the keys of the enrollment group; the secondary one may be empty. Devices that are in a hub
// keep theirs there until they register again (azure-docs iot-dps how-to-roll-credentials.md).
func (e *Emulator) RotateGroupKey(primary, secondary string) error {
	group, err := decodeKeys(primary, secondary)
	if err != nil {
		return err
	}
	e.fleet.SetGroup(group)
	return nil
}

func decodeKeys(primary, secondary string) (group [2][]byte, err error) {
	if group[0], err = wire.DecodeKey(primary); err != nil {
		return group, fmt.Errorf("%w: group key: %w", ErrConfig, err)
	}
	if secondary != "" {
		if group[1], err = wire.DecodeKey(secondary); err != nil {
			return group, fmt.Errorf("%w: secondary group key: %w", ErrConfig, err)
		}
	}
	return group, nil
}

// SendToDevice queues a cloud-to-device message. It fails with ErrNoDevice, ErrQueueFull or ErrBadMessage.
func (e *Emulator) SendToDevice(id string, m Message) error {
	now := e.Now()
	box := e.fleet.Mailbox(id, now)
	if box == nil {
		return ErrNoDevice
	}
	return box.Send(m, now, e.ids.Next)
}

// Waiting returns the cloud-to-device messages of a device that have not ended, in their order.
func (e *Emulator) Waiting(id string) []WaitingMessage {
	now := e.Now()
	if box := e.fleet.Mailbox(id, now); box != nil {
		return box.Waiting(now)
	}
	return []WaitingMessage{}
}

// Purge drops the messages that wait for a device and returns how many there were.
func (e *Emulator) Purge(id string) int {
	now := e.Now()
	if box := e.fleet.Mailbox(id, now); box != nil {
		return box.Purge(now)
	}
	return 0
}

// Feedback returns how cloud-to-device messages ended, oldest first.
func (e *Emulator) Feedback() []Feedback { return e.feedback.All() }

// Files returns the uploaded files, oldest first.
func (e *Emulator) Files() []File { return e.blobs.Files() }
