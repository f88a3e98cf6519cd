package function

import "time"

// code names a row of the error table.
type code string

// The rows of the error table.
const (
	codeMethodNotAllowed    code = "method-not-allowed"
	codeBodyTooLarge        code = "body-too-large"
	codeUnsupportedMedia    code = "unsupported-media"
	codeSlowDown            code = "slow-down"
	codeTooBusy             code = "too-busy"
	codeUnauthenticated     code = "unauthenticated"
	codeDeviceNotAllowed    code = "device-not-allowed"
	codeMalformedBody       code = "malformed-body"
	codeInvalidMessage      code = "invalid-message"
	codeNoSource            code = "no-source"
	codeEventTooLarge       code = "event-too-large"
	codeProvisioning        code = "provisioning"
	codeDPSBusy             code = "dps-busy"
	codeDPSUnreachable      code = "dps-unreachable"
	codeDeviceRefused       code = "device-refused"
	codeBridgeMisconfigured code = "bridge-misconfigured"
	codeKeyUnavailable      code = "key-unavailable"
	codeHubBusy             code = "hub-busy"
	codeHubDown             code = "hub-down"
	codeHubQuota            code = "hub-quota"
	codeHubRefused          code = "hub-refused"
	codeHubUnreachable      code = "hub-unreachable"
	codeOutOfTime           code = "out-of-time"
	codeInternal            code = "internal"
)

// refusal is an error of ours that knows its row.
type refusal struct {
	code   code
	detail string
	allow  string // for 405
	cause  error  // for the log, not for the caller

	retryAfter time.Duration // where the row's own would be wrong
}

func (e *refusal) Error() string { return string(e.code) + ": " + e.detail }

// problemType is the media type of an answer that tells of a problem (RFC 9457).
const problemType = "application/problem+json"
