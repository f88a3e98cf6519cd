package dps

import (
	"net/http"
	"strings"

	"mayfly/emulator/internal/exchange"
	"mayfly/emulator/internal/fleet"
	"mayfly/emulator/internal/wire"
)

// attest authenticates the caller as the device in the path. The reason for a refusal goes into the record; the caller
// does not learn it.
func (s *Service) attest(x *exchange.Exchange) (fleet.Attestation, *wire.Refusal) {
	header := x.Request.Header.Get("Authorization")
	if header == "" {
		if x.Request.TLS != nil && len(x.Request.TLS.PeerCertificates) > 0 {
			x.Record.Auth = "x509"
			return s.attestX509(x)
		}
		x.Record.Note = "no Authorization and no client certificate"
		return fleet.Attestation{}, wire.Refuse(http.StatusUnauthorized, 401002, "Unauthorized")
	}
	x.Record.Auth = "sas"
	at, reason := s.attestSAS(x, header)
	if reason != "" {
		x.Record.Note = reason
		return fleet.Attestation{}, wire.Refuse(http.StatusUnauthorized, 401002, "Unauthorized")
	}
	return at, nil
}

// attestSAS follows azure-docs iot-dps-https-sym-key-support.md.
func (s *Service) attestSAS(x *exchange.Exchange, header string) (at fleet.Attestation, reason string) {
	t, err := wire.ParseToken(header)
	if err != nil {
		return at, err.Error()
	}
	if want := s.IDScope + "/registrations/" + x.Device; !strings.EqualFold(t.Resource, want) {
		return at, "sr is not " + want
	}
	if t.KeyName != "registration" {
		return at, "skn is not registration"
	}
	if !t.Expiry.Add(s.ClockSkew).After(x.Now) {
		return at, "the token has expired"
	}
	if t.Extra {
		x.Lenient("unknown field in the token")
	}
	if en := s.fleet.Enrollment(x.Device); en != nil {
		at = fleet.Attestation{Enrollment: en, Keys: en.Keys(), Disabled: en.Disabled}
		if at.KeyUsed = t.SignedBy(at.Keys); at.KeyUsed == 0 {
			return at, "not signed with a key of the enrollment"
		}
		return at, ""
	}
	group := s.fleet.Group()
	at = fleet.Attestation{Group: s.GroupName, Keys: wire.DeriveKeys(group, x.Device)}
	if at.KeyUsed = t.SignedBy(at.Keys); at.KeyUsed != 0 {
		return at, ""
	}
	// Whether DPS turns the id into lower case before it derives the key is not documented.
	if lower := strings.ToLower(x.Device); lower != x.Device {
		at.Keys = wire.DeriveKeys(group, lower)
		if at.KeyUsed = t.SignedBy(at.Keys); at.KeyUsed != 0 {
			x.Lenient("key derived from the lower-case id")
			return at, ""
		}
	}
	if t.SignedBy(group) != 0 {
		return at, "signed with the group key itself"
	}
	return at, "not signed with the device's key"
}

// attestX509 follows azure-docs iot-dps concepts-x509-attestation.md: the individual enrollment first, then the group
// of the nearest signer.
func (s *Service) attestX509(x *exchange.Exchange) (at fleet.Attestation, r *wire.Refusal) {
	chain := x.Request.TLS.PeerCertificates
	leaf := fleet.NewCertificate(chain[0])
	invalid := func(reason string) (fleet.Attestation, *wire.Refusal) {
		x.Record.Note = reason
		return fleet.Attestation{}, wire.Refuse(http.StatusUnauthorized, 401002, "Invalid certificate.")
	}
	if !leaf.Names(x.Device) {
		return invalid("the certificate's CN is not the registration id")
	}
	if !leaf.ValidAt(x.Now) {
		return invalid("the certificate is not valid now")
	}
	if en := s.fleet.Enrollment(x.Device); en != nil {
		if cert := en.Certificate(); cert == nil || cert.Thumbprint != leaf.Thumbprint {
			return invalid("the certificate is not that of the enrollment")
		}
		return fleet.Attestation{Enrollment: en, Certificate: leaf, Disabled: en.Disabled}, nil
	}
	g, ok := s.fleet.NearestGroup(chain, x.Now)
	if !ok {
		return at, wire.Refuse(http.StatusUnauthorized, 401002, "CA certificate not found.")
	}
	return fleet.Attestation{Group: g.Name, Certificate: leaf, Disabled: g.Disabled}, nil
}
