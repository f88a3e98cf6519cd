package fleet

import (
	"slices"
	"strings"
	"time"

	"mayfly/emulator/internal/mailbox"
)

// Identity is a device in a hub. An empty Hub means that it is in none.
type Identity struct {
	Hub        string
	Keys       [2][]byte
	Thumbprint string // SHA-256 of the certificate, for X.509
	CASigned   bool   // X.509 by a CA: any certificate with the device's name under it
	Group      string
	DisabledOn []string // hubs that it was moved away from and that answer DEVICE_DISABLED
}

// Identity returns a device's identity by its id in the hub. It is the zero Identity when there is no such device; ids
// in hubs are case-sensitive (azure-docs iot-hub-devguide-identity-registry.md).
func (f *Fleet) Identity(deviceID string, now time.Time) (Identity, Standing) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.find(deviceID)
	if d == nil {
		return Identity{}, ""
	}
	f.settle(d, now)
	if d.deviceID != deviceID {
		return Identity{}, ""
	}
	id := d.identity
	id.DisabledOn = slices.Clone(id.DisabledOn)
	return id, d.standing
}

// Stored notes that a hub has stored events of a device, or with n = 0 that the device was seen.
func (f *Fleet) Stored(deviceID string, n int, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if d := f.find(deviceID); d != nil {
		d.events += n
		d.lastSeen = now
	}
}

// Mailbox returns the mailbox of a device that is in a hub, or nil.
func (f *Fleet) Mailbox(id string, now time.Time) *mailbox.Mailbox {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.find(id)
	if d == nil {
		return nil
	}
	f.settle(d, now)
	if d.identity.Hub == "" {
		return nil
	}
	if d.mailbox == nil {
		d.mailbox = mailbox.New(d.deviceID, f.feedback)
	}
	return d.mailbox
}

// Hub returns a hub, or nil when there is none of that name.
func (f *Fleet) Hub(name string) *Hub {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hubs[strings.ToLower(name)]
}

// Hubs returns the names of the hubs that new devices are assigned to.
func (f *Fleet) Hubs() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.linked)
}
