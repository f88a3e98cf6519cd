package problem

import (
	"strconv"
	"time"
)

// Code names a row of the error table.
type Code string

// The rows of the error table.
const (
	MethodNotAllowed    Code = "method-not-allowed"
	BodyTooLarge        Code = "body-too-large"
	BodyTooSlow         Code = "body-too-slow"
	UnsupportedMedia    Code = "unsupported-media"
	UnsupportedHost     Code = "unsupported-host"
	SlowDown            Code = "slow-down"
	TooBusy             Code = "too-busy"
	CrossOrigin         Code = "cross-origin"
	Unauthenticated     Code = "unauthenticated"
	DeviceNotAllowed    Code = "device-not-allowed"
	MalformedBody       Code = "malformed-body"
	EnrichmentMissing   Code = "enrichment-missing"
	LookupUnreachable   Code = "lookup-unreachable"
	LookupTimeout       Code = "lookup-timeout"
	LookupRefused       Code = "lookup-refused"
	TemplateMismatch    Code = "template-mismatch"
	InvalidMessage      Code = "invalid-message"
	NoSource            Code = "no-source"
	EventTooLarge       Code = "event-too-large"
	CodecUnavailable    Code = "codec-unavailable"
	Provisioning        Code = "provisioning"
	DPSBusy             Code = "dps-busy"
	DPSUnreachable      Code = "dps-unreachable"
	RegistrationFailed  Code = "registration-failed"
	DeviceRefused       Code = "device-refused"
	DPSMisconfigured    Code = "dps-misconfigured"
	BridgeMisconfigured Code = "bridge-misconfigured"
	KeyUnavailable      Code = "key-unavailable"
	StateUnavailable    Code = "state-unavailable"
	HubBusy             Code = "hub-busy"
	HubDown             Code = "hub-down"
	HubQuota            Code = "hub-quota"
	HubNotReady         Code = "hub-not-ready"
	HubRefused          Code = "hub-refused"
	HubUnreachable      Code = "hub-unreachable"
	QueueItemTooLarge   Code = "queue-item-too-large"
	QueueUnavailable    Code = "queue-unavailable"
	QueueFull           Code = "queue-full"
	QueueRefused        Code = "queue-refused"
	NoDownlink          Code = "no-downlink"
	DownlinkRefused     Code = "downlink-refused"
	DownlinkDown        Code = "downlink-down"
	OutOfTime           Code = "out-of-time"
	Internal            Code = "internal"
)

// Error is an error of ours that knows its row.
type Error struct {
	Code   Code
	Detail string
	Allow  string // for 405
	Basic  bool   // the credential that is wanted is a user and a password
	Cause  error  // for the log, not for the caller
	Heals  bool   // a retry may help, whatever the row says

	RetryAfter time.Duration // where the row's own would be wrong
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Detail }

// ErrBusy tells a sender that there is no room for its request.
var ErrBusy = &Error{Code: TooBusy, Detail: "the bridge has as much under way as it takes"}

// MediaType is the media type of an answer that tells of a problem (RFC 9457).
const MediaType = "application/problem+json"

// ByteCount writes a number of bytes for people.
func ByteCount(n int64) string {
	if n >= 1<<10 && n%(1<<10) == 0 {
		return strconv.FormatInt(n>>10, 10) + " KiB"
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// BridgeStatus gives the status by which Microsoft's bridge (Azure/iotc-device-bridge, engine.js)
// tells of a failure: 400 for what is wrong with the message, 500 for what is wrong behind it.
func BridgeStatus(status int) int {
	switch {
	case status == 413, status == 415, status == 422:
		return 400
	case status > 500:
		return 500
	}
	return status
}
