package hub

import (
	"net/http"
	"slices"
	"strings"

	"mayfly/emulator/internal/exchange"
	"mayfly/emulator/internal/fleet"
	"mayfly/emulator/internal/wire"
)

// authenticate checks the version, the hub, the device and the caller, in this order.
func (s *Service) authenticate(x *exchange.Exchange) *wire.Refusal {
	if x.Query.Get("api-version") == "" {
		return wire.Refuse(http.StatusBadRequest, 400001, "The api-version query parameter is missing.")
	}
	id, standing := s.fleet.Identity(x.Device, x.Now)
	if x.ByAddress { // whichever hub the device is in
		x.Record.Hub = id.Hub
	}
	switch name := wire.Clip(x.Device, wire.MaxRegistrationID); {
	case x.Record.Hub != "" && s.fleet.Hub(x.Record.Hub) == nil:
		return wire.Refuse(http.StatusUnauthorized, 401001, "IoT hub %s not found", wire.Clip(x.Record.Hub, 128))
	case slices.Contains(id.DisabledOn, x.Record.Hub):
		return wire.Refuse(http.StatusUnauthorized, 401003, "DEVICE_DISABLED")
	case id.Hub != x.Record.Hub || id.Hub == "":
		return wire.Refuse(http.StatusNotFound, 404001, "Device %s is not registered", name)
	case standing == fleet.Blocked:
		return wire.Refuse(http.StatusUnauthorized, 401003, "DEVICE_BLOCKED")
	case standing == fleet.Disabled:
		return wire.Refuse(http.StatusNotFound, 404001, "Device %s is disabled", name)
	}
	reason := ""
	switch header := x.Request.Header.Get("Authorization"); {
	case header != "":
		x.Record.Auth = "sas"
		reason = s.checkToken(x, header, id)
	case x.Request.TLS != nil && len(x.Request.TLS.PeerCertificates) > 0:
		x.Record.Auth = "x509"
		reason = s.checkCertificate(x, id)
	default:
		reason = "no Authorization and no client certificate"
	}
	if reason != "" {
		x.Record.Note = reason // Azure does not tell the caller
		return wire.Refuse(http.StatusUnauthorized, 401003, "Unauthorized")
	}
	return nil
}

// checkToken follows azure-docs iot-hub-dev-guide-sas.md. It returns what is wrong with the token, or "".
func (s *Service) checkToken(x *exchange.Exchange, header string, id fleet.Identity) (reason string) {
	t, err := wire.ParseToken(header)
	if err != nil {
		return err.Error()
	}
	path := "/" + strings.Join(x.Segments, "/")
	if !wire.Covers(t.Resource, x.Record.Hub+path) && !wire.Covers(t.Resource, x.Request.Host+path) {
		return "sr does not cover " + x.Record.Hub + wire.Clip(path, 256)
	}
	if strings.Count(strings.Trim(t.Resource, "/"), "/") < 2 {
		x.Lenient("sr does not name a device")
	}
	if t.KeyName != "" {
		return "skn names a policy, and this hub does not have policies for devices"
	}
	if !t.Expiry.Add(s.ClockSkew).After(x.Now) {
		return "the token has expired"
	}
	if t.SignedBy(id.Keys) == 0 {
		return "not signed with the device's key"
	}
	return ""
}

// checkCertificate compares the certificate of the connection with that of the registration. It returns what is wrong
// with it, or "".
func (s *Service) checkCertificate(x *exchange.Exchange, id fleet.Identity) (reason string) {
	chain := x.Request.TLS.PeerCertificates
	leaf := fleet.NewCertificate(chain[0])
	if !leaf.ValidAt(x.Now) {
		return "the certificate is not valid now"
	}
	switch {
	case id.Thumbprint == "":
		return "the device does not authenticate with a certificate"
	case id.Thumbprint == leaf.Thumbprint:
		return ""
	case id.CASigned && leaf.Names(x.Device):
		if g, ok := s.fleet.NearestGroup(chain, x.Now); ok && g.Name == id.Group {
			// Whether a hub accepts another leaf than the one that DPS has seen is not documented.
			x.Lenient("another certificate of the same CA")
			return ""
		}
	}
	return "the certificate is not the device's"
}
