package fleet

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"mayfly/emulator/internal/wire"
)

const maxCAGroups = 100 // azure-docs includes/iot-dps-limits.md: enrollment groups

// Enrollment is an individual enrollment. It takes precedence over the group (azure-docs iot-dps concepts-service.md).
type Enrollment struct {
	RegistrationID string
	DeviceID       string // the device's name in the hub; by default the registration id
	PrimaryKey     string // base64
	SecondaryKey   string // base64
	CertificatePEM []byte // X.509 instead of keys
	Hub            string // static allocation
	Disabled       bool
	Reprovision    Reprovision     // the emulator's by default
	ReturnPayload  json.RawMessage // what a custom allocation would return

	keys [2][]byte
	cert *Certificate
}

// Keys returns the decoded keys.
func (en *Enrollment) Keys() [2][]byte { return en.keys }

// Certificate returns the parsed certificate, or nil.
func (en *Enrollment) Certificate() *Certificate { return en.cert }

// Enroll adds an individual enrollment or replaces it.
func (f *Fleet) Enroll(en Enrollment) error {
	if !wire.ValidRegistrationID(en.RegistrationID) {
		return fmt.Errorf("enrollment: %q is not a registration id", en.RegistrationID)
	}
	var err error
	for i, k := range []string{en.PrimaryKey, en.SecondaryKey} {
		if k == "" {
			continue
		}
		if en.keys[i], err = wire.DecodeKey(k); err != nil {
			return fmt.Errorf("enrollment %s: key: %w", en.RegistrationID, err)
		}
	}
	if len(en.CertificatePEM) > 0 {
		if en.cert, err = parseCertificate(en.CertificatePEM); err != nil {
			return fmt.Errorf("enrollment %s: certificate: %w", en.RegistrationID, err)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	key := strings.ToLower(en.RegistrationID)
	if _, known := f.enrollments[key]; !known && len(f.enrollments) >= f.settings.MaxDevices {
		return fmt.Errorf("enrollment %s: there are %d already, which is the maximum", en.RegistrationID,
			len(f.enrollments))
	}
	en.Hub = strings.ToLower(en.Hub)
	f.addHub(en.Hub, false)
	f.enrollments[key] = en
	return nil
}

// Enrollment returns the individual enrollment of a registration id, or nil.
func (f *Fleet) Enrollment(id string) *Enrollment {
	f.mu.Lock()
	defer f.mu.Unlock()
	if en, ok := f.enrollments[strings.ToLower(id)]; ok {
		return &en
	}
	return nil
}

// Group returns the keys of the enrollment group.
func (f *Fleet) Group() [2][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.group
}

// SetGroup replaces the keys of the enrollment group. Devices that are in a hub keep theirs there until they register
// again (azure-docs iot-dps how-to-roll-credentials.md).
func (f *Fleet) SetGroup(group [2][]byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.group = group
}

// Key returns the primary key of a device: that of its enrollment, or one derived from the group's.
func (f *Fleet) Key(id string) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.keys(id)[0]
}

func (f *Fleet) keys(id string) [2][]byte {
	key := strings.ToLower(id)
	if alias, ok := f.aliases[id]; ok {
		key = alias
	}
	if en, ok := f.enrollments[key]; ok {
		return en.keys
	}
	return wire.DeriveKeys(f.group, id)
}

// EnrollCA adds an enrollment group: the devices whose certificates are signed by this one.
func (f *Fleet) EnrollCA(name string, certificatePEM []byte) error {
	c, err := parseCertificate(certificatePEM)
	if err != nil {
		return fmt.Errorf("group %s: %w", name, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.caGroups) >= maxCAGroups {
		return fmt.Errorf("group %s: there are %d already, which is the maximum", name, maxCAGroups)
	}
	f.caGroups = append(slices.Clone(f.caGroups), CAGroup{Name: name, Cert: c.Certificate})
	return nil
}

// DisableCA disables an X.509 group.
func (f *Fleet) DisableCA(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.caGroups {
		if f.caGroups[i].Name == name {
			f.caGroups[i].Disabled = true
		}
	}
}
