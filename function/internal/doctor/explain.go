package doctor

import (
	"cmp"
	"crypto/x509"
	"errors"
	"net"
	"time"

	"mayfly/dps"
	"mayfly/function/internal/problem"
	"mayfly/httpsend"
	"mayfly/internal/upstream"
)

// explainConnection says why a host cannot be reached, and what to do. variable names it in the configuration; it is
// empty for a hub, which DPS names.
func explainConnection(err error, host, variable string) (detail, remedy string) {
	where := variable
	if where == "" {
		where = "the hub that DPS assigns, in the Azure portal"
	}
	detail = host + ": " + cmp.Or(upstream.Cause(err), err.Error())
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return detail, "look at " + where + ", and at this machine's DNS"
	} else if ok {
		return detail, "look at this machine's DNS: a private network may need a resolver that knows Azure's names"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return detail, "set the clock, or renew the certificate"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return detail, "SSL_CERT_FILE=ca.pem for the emulator or a proxy that opens TLS, else install CA certificates"
	}
	switch {
	case upstream.UntrustedCertificate(err):
		return detail, "look at " + where + ", the hosts file, and proxies that open TLS"
	case upstream.TimedOut(err):
		return detail, "let TCP 443 to it out of the firewall, or set HTTPS_PROXY"
	}
	return detail, "look at " + where + ", the port and the firewall: it has to be an https address"
}

// explainCredential says why the device's key or certificate cannot be had.
func explainCredential(err error, named bool) (detail, remedy string) {
	if p, ok := errors.AsType[*problem.Error](err); ok && p.Code == problem.DeviceRefused {
		if !named {
			return "only single devices have credentials", "name one of them with --device"
		}
		return p.Detail, "add its key to DEVICE_KEYS or its certificate to DEVICE_CERTS, or set GROUP_KEY"
	}
	return err.Error(), "look at the reference, and at the rights of this identity to read it"
}

// explainDPS says what DPS refused and what to do.
func explainDPS(err error, skew time.Duration) (detail, remedy string) {
	e, ok := errors.AsType[*dps.Error](err)
	if !ok {
		return err.Error(), "try again"
	}
	detail = e.Error()
	switch e.Kind {
	case dps.Unauthorized:
		if skew < -maxSkew {
			return detail, "set the clock first: it is " + skewText(skew)
		}
		return detail, "compare GROUP_KEY with the enrollment group's primary key, and ID_SCOPE with the DPS's " +
			"overview page; DPS answers so for either"
	case dps.UnknownScope:
		return detail, "compare ID_SCOPE with the DPS's overview page"
	case dps.NotEnrolled:
		return detail, "create an enrollment group, or an enrollment of the device, in this DPS"
	case dps.Refused:
		return detail, "approve or unblock the device; or look at the group's custom allocation"
	case dps.Misconfigured:
		return detail, e.Repair
	case dps.Failed:
		return detail, "try again in a minute: what is behind DPS, a hub or a custom allocation, is down or busy"
	case dps.Disabled:
		return detail, "enable the enrollment"
	case dps.Throttled:
		return detail, "wait a minute; DPS takes a number of calls per minute of all devices together"
	case dps.Pending:
		return detail, "try again: DPS goes on assigning meanwhile"
	case dps.Unavailable, dps.NotAssigned, dps.Invalid:
	case dps.Malformed:
		return detail, "look at DPS_ENDPOINT: something else answers there, such as a proxy"
	}
	if upstream.TimedOut(err) {
		return "DPS did not answer in time", "try again; if it stays, look at Azure's status page and at proxies"
	}
	return detail, "try again; if it stays, look at Azure's status page"
}

// explainHub says what the hub refused and what to do.
func explainHub(err error, skew time.Duration) (detail, remedy string) {
	e, ok := errors.AsType[*httpsend.Error](err)
	if !ok {
		return err.Error(), "try again"
	}
	detail = e.Error()
	switch e.Kind {
	case httpsend.NotHere, httpsend.Blocked:
		if skew < -maxSkew {
			return detail, "set the clock first: it is " + skewText(skew)
		}
		return detail, "look whether the device is enabled in the hub, and whether its key there is the one that DPS " +
			"gave it; a device that has just been created may need a minute"
	case httpsend.Unavailable, httpsend.Down, httpsend.TooLarge, httpsend.Invalid, httpsend.LockLost:
	case httpsend.Throttled, httpsend.QuotaExceeded:
		return detail, "the hub has too few units for its messages; the daily quota ends at midnight UTC"
	}
	if upstream.TimedOut(err) {
		return "the hub did not answer in time", "try again; if it stays, look at Azure's status page and at proxies"
	}
	return detail, "try again; if it stays, look at the hub's health in the portal"
}
