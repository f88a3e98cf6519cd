package emulator

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Enrollment is an individual enrollment. It goes before the group (azure-docs iot-dps concepts-service.md).
type Enrollment struct {
	RegistrationID string
	DeviceID       string // the device's name in the hub; the same by default
	PrimaryKey     string // base64
	SecondaryKey   string // base64
	CertificatePEM []byte // X.509 instead of keys
	Hub            string // static allocation
	Disabled       bool
	Reprovision    Reprovision     // the emulator's by default
	ReturnPayload  json.RawMessage // what a custom allocation would hand back

	keys [2][]byte
	cert *certificate
}

// Enroll adds an individual enrollment or replaces it.
func (e *Emulator) Enroll(en Enrollment) error {
	if !validRegistrationID(en.RegistrationID) {
		return fmt.Errorf("%w: enrollment: registration id %q", ErrConfig, en.RegistrationID)
	}
	for i, k := range []string{en.PrimaryKey, en.SecondaryKey} {
		if k == "" {
			continue
		}
		if err := checkKey(k); err != nil {
			return fmt.Errorf("%w: enrollment %s: key: %w", ErrConfig, en.RegistrationID, err)
		}
		en.keys[i], _ = base64.StdEncoding.DecodeString(k)
	}
	if len(en.CertificatePEM) > 0 {
		cert, err := parseCertificate(en.CertificatePEM)
		if err != nil {
			return fmt.Errorf("%w: enrollment %s: certificate: %w", ErrConfig, en.RegistrationID, err)
		}
		en.cert = cert
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	key := strings.ToLower(en.RegistrationID)
	if e.enrollments[key] == nil && len(e.enrollments) >= e.cfg.DeviceLimit {
		return fmt.Errorf("%w: over %d enrollments", ErrConfig, e.cfg.DeviceLimit)
	}
	en.Hub = strings.ToLower(en.Hub)
	e.link(en.Hub, false)
	e.enrollments[key] = &en
	return nil
}

// attestation is who a device has proved to be.
type attestation struct {
	enrollment *Enrollment // nil: by the group
	group      string
	keys       [2][]byte // of the identity in the hub
	keyUsed    int
	cert       *certificate
	disabled   bool
}

// keysOf are the keys of a device. The caller holds e.mu.
func (e *Emulator) keysOf(id string) [2][]byte {
	key := strings.ToLower(id)
	if alias, ok := e.aliases[id]; ok {
		key = alias
	}
	if en := e.enrollments[key]; en != nil {
		return en.keys
	}
	return derived(e.group, id)
}

func derived(group [2][]byte, id string) (keys [2][]byte) {
	for i, g := range group {
		if len(g) > 0 {
			keys[i] = deriveKey(g, id)
		}
	}
	return keys
}

// attest checks who calls DPS for the device id.
func (c *call) attest(id string) (attestation, *Refusal) {
	header := c.r.Header.Get("Authorization")
	if header == "" {
		if c.r.TLS != nil && len(c.r.TLS.PeerCertificates) > 0 {
			c.rec.Auth = "x509"
			return c.attestX509(id)
		}
		c.rec.Note = "no Authorization and no client certificate"
		return attestation{}, refuse(http.StatusUnauthorized, 401002, "Unauthorized")
	}
	c.rec.Auth = "sas"
	at, why := c.attestSAS(header, id)
	if why != "" {
		c.rec.Note = why
		return attestation{}, refuse(http.StatusUnauthorized, 401002, "Unauthorized")
	}
	return at, nil
}

// attestSAS follows azure-docs iot-dps-https-sym-key-support.md; why is for the record, never for the caller.
func (c *call) attestSAS(header, id string) (at attestation, why string) {
	t, err := parseToken(header)
	if err != nil {
		return at, err.Error()
	}
	if want := c.e.cfg.IDScope + "/registrations/" + id; !strings.EqualFold(t.resource, want) {
		return at, "sr is not " + want
	}
	if t.keyName != "registration" {
		return at, "skn is not registration"
	}
	if !t.expiry.Add(c.e.cfg.ClockSkew).After(c.now) {
		return at, "token has expired"
	}
	if t.extra {
		c.lenient("unknown field in the token")
	}
	e := c.e
	e.mu.Lock()
	en, group := e.enrollments[strings.ToLower(id)], e.group
	e.mu.Unlock()
	if en != nil {
		at = attestation{enrollment: en, keys: en.keys, disabled: en.Disabled}
		if at.keyUsed = t.signer(at.keys); at.keyUsed == 0 {
			return at, "signature is not by a key of the enrollment"
		}
		return at, ""
	}
	at = attestation{group: e.cfg.GroupName, keys: derived(group, id)}
	if at.keyUsed = t.signer(at.keys); at.keyUsed != 0 {
		return at, ""
	}
	// Whether DPS lowers the id before it derives the key is not documented.
	if lower := strings.ToLower(id); lower != id {
		at.keys = derived(group, lower)
		if at.keyUsed = t.signer(at.keys); at.keyUsed != 0 {
			c.lenient("key derived from the lower-case id")
			return at, ""
		}
	}
	if t.signer(group) != 0 {
		return at, "signed with the group key itself"
	}
	return at, "signature is not by the device's key"
}

// signer tells which key signed: 1, 2 or 0 for none.
func (t *sasToken) signer(keys [2][]byte) int {
	for i, k := range keys {
		if t.signedBy(k) {
			return i + 1
		}
	}
	return 0
}
