package problem

import "time"

// Row is one row of the error table. The table in docs/errors.md is made from it.
type Row struct {
	Where     string // the step that fails
	What      string // what happened
	Status    int
	Code      Code
	Retryable bool
	Advice    string        // what the reader of the answer can do
	Wait      time.Duration // the least Retry-After
}

var rows = [...]Row{
	{
		"admit", "the route has no such method",
		405, MethodNotAllowed, false, "use the method that the Allow header names", 0,
	},
	{
		"admit", "body over the limit (1 MiB by default, after decompression)",
		413, BodyTooLarge, false, "send less at a time, or raise BODY_LIMIT", 0,
	},
	{
		"admit", "the body stopped coming, or came too slowly",
		408, BodyTooSlow, true, "send the whole body at once", time.Second,
	},
	{
		"admit", "media type, charset or encoding not known",
		415, UnsupportedMedia, false, "send application/json, plain or gzip", 0,
	},
	{
		"admit", "the Azure Functions host does not hand requests over as they came",
		501, UnsupportedHost, false, "the operator updates the Functions host to 4.1041 or newer", 0,
	},
	{
		"admit", "the caller or the device sends more than it may",
		429, SlowDown, true, "wait as Retry-After says", time.Second,
	},
	{
		"admit", "as much under way as the instance takes (MAX_IN_FLIGHT)",
		503, TooBusy, true, "wait as Retry-After says", time.Second,
	},
	{
		"admit", "a page of another origin sends, through a browser",
		403, CrossOrigin, false, "send from a program; browsers' pages cannot", 0,
	},
	{
		"authenticate", "no or wrong credential",
		401, Unauthenticated, false, "send a key that the bridge knows", 0,
	},
	{
		"authenticate", "the store that instances share (STATE) does not answer, and the request is signed",
		503, StateUnavailable, true, "send again later", 5 * time.Second,
	},
	{
		"authorize", "this caller may not speak for this device or source",
		403, DeviceNotAllowed, false, "ask the operator of the bridge", 0,
	},
	{
		"decode", "not parseable (the detail has line and offset)",
		400, MalformedBody, false, "correct the body at the position named", 0,
	},
	{
		"decode", "parsed, but fields are wrong or missing",
		422, InvalidMessage, false, "correct the fields that errors[] names", 0,
	},
	{
		"decode", "no such source or route",
		404, NoSource, false, "see the list of sources", 0,
	},
	{
		"decode", "one message over 256 KB",
		413, EventTooLarge, false, "split the message", 0,
	},
	{
		"decode", "the codec of the source cannot be run at present",
		503, CodecUnavailable, true, "send again later", 2 * time.Second,
	},
	{
		"enrich", "a table or a look-up has nothing for the message (missing: refuse)",
		422, EnrichmentMissing, false, "the operator adds the row; then send again", 0,
	},
	{
		"enrich", "a look-up cannot be reached, answers 5xx or 429, or has failed before (failed: refuse)",
		502, LookupUnreachable, true, "send again later", 5 * time.Second,
	},
	{
		"enrich", "a look-up does not answer in time (failed: refuse)",
		504, LookupTimeout, true, "send again", 2 * time.Second,
	},
	{
		"enrich", "a look-up refuses, or gives what cannot be used (failed: refuse)",
		502, LookupRefused, false, "the operator looks at the look-up that the detail names", 0,
	},
	{
		"fit", "the message does not fit the device template (template: require)",
		422, TemplateMismatch, false, "correct the members that errors[] names, or the template", 0,
	},
	{
		"assign", "DPS was still assigning the device at the deadline",
		503, Provisioning, true, "send again: the registration goes on where it stopped", 2 * time.Second,
	},
	{
		"assign", "DPS throttles",
		503, DPSBusy, true, "wait as Retry-After says", 5 * time.Second,
	},
	{
		"assign", "DPS does not answer, or answers 5xx; retries used up",
		502, DPSUnreachable, true, "send again later", 5 * time.Second,
	},
	{
		"assign", "the registration failed for a reason that passes: a throttle, an outage behind DPS",
		503, RegistrationFailed, true, "wait as Retry-After says: the device is registered anew",
		5 * time.Second,
	},
	{
		"assign", "device disabled, blocked, not approved, or without enrollment",
		403, DeviceRefused, false, "approve, enable or enroll the device", 0,
	},
	{
		"assign", "DPS cannot give devices a hub: its allocation, its link to the hub or a quota",
		502, DPSMisconfigured, false, "the operator of DPS repairs what the detail names", 0,
	},
	{
		"assign", "our key, ID scope or clock is wrong",
		502, BridgeMisconfigured, false, "the operator checks ID_SCOPE, GROUP_KEY and the clock", 0,
	},
	{
		"assign", "the store of a key (Key Vault, Secrets Manager, SSM, a JWK Set) does not answer",
		503, KeyUnavailable, true, "send again later", 5 * time.Second,
	},
	{
		"send", "hub throttles",
		503, HubBusy, true, "wait as Retry-After says", 5 * time.Second,
	},
	{
		"send", "hub is down; nothing was sent to it",
		503, HubDown, true, "wait as Retry-After says", 5 * time.Second,
	},
	{
		"send", "hub's daily quota is used up",
		503, HubQuota, true, "wait for the next UTC day, or add units to the hub", 0,
	},
	{
		"send", "the hub does not know the device yet, which DPS has just registered",
		503, HubNotReady, true, "wait as Retry-After says", 5 * time.Second,
	},
	{
		"send", "still refused after one re-provisioning",
		502, HubRefused, false, "look at upstream: the hub says why", 0,
	},
	{
		"send", "hub does not answer, or answers 5xx; retries used up",
		502, HubUnreachable, true, "send again later", 5 * time.Second,
	},
	{
		"queue", "the message has to wait in the queue, and is larger than the queue takes (48 KiB or 256 KiB)",
		413, QueueItemTooLarge, false, "split the message", 5 * time.Second,
	},
	{
		"queue", "the message has to wait in the queue, and the queue does not answer",
		503, QueueUnavailable, true, "send again later", 5 * time.Second,
	},
	{
		"queue", "the message has to wait in the queue, and the queue or its disk is full",
		503, QueueFull, true, "send again later; the operator looks why the queue does not drain", 30 * time.Second,
	},
	{
		"queue", "the message has to wait in the queue, which is missing, read-only, or denies access",
		503, QueueRefused, true, "send again later; the operator mends what the detail names", 30 * time.Second,
	},
	{
		"push", "the source, or the device, has no way for messages to it",
		404, NoDownlink, false, "set downlink.push of the source, or send when the device has sent", 0,
	},
	{
		"push", "the cloud of the device refuses the message",
		502, DownlinkRefused, false, "look at the detail: the device may be unknown there, or the key lack a right", 0,
	},
	{
		"push", "the cloud of the device does not answer, throttles, or answers 5xx",
		503, DownlinkDown, true, "wait as Retry-After says", 5 * time.Second,
	},
	{
		"any", "out of time",
		504, OutOfTime, true, "send again", 2 * time.Second,
	},
	{
		"any", "a bug",
		500, Internal, true, "tell the maintainers, with the request id", 10 * time.Second,
	},
}

// Rows gives the error table.
func Rows() []Row { return rows[:] }

// RowOf gives the row of a code.
func RowOf(c Code) *Row {
	for i := range rows {
		if rows[i].Code == c {
			return &rows[i]
		}
	}
	return RowOf(Internal)
}
