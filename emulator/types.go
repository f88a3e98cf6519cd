package emulator

import (
	"mayfly/emulator/internal/blob"
	"mayfly/emulator/internal/fault"
	"mayfly/emulator/internal/fleet"
	"mayfly/emulator/internal/hub"
	"mayfly/emulator/internal/listen"
	"mayfly/emulator/internal/mailbox"
	"mayfly/emulator/internal/record"
	"mayfly/emulator/internal/wire"
)

// The record.
type (
	// Event is one device-to-cloud message as a hub stored it: device, hub, the bytes of the body, system and
	// application properties, and the time. See [record.Event] for its fields.
	Event = record.Event
	// Call is one request to DPS, a hub or the storage account, and its result: operation, device, status, Azure's
	// error code, and the reason in words. See [record.Call] for its fields.
	Call = record.Call
	// Filter selects entries of the record by Device, Hub, Since, After and Op. See [record.Filter].
	Filter = record.Filter
)

// The services of Call.Service.
const (
	ServiceDPS  = wire.ServiceDPS
	ServiceHub  = wire.ServiceHub
	ServiceBlob = wire.ServiceBlob
)

// The operations of Call.Op, which are also the endpoints of a Fault.
const (
	OpRegister = record.OpRegister // PUT .../register
	OpPoll     = record.OpPoll     // GET .../operations/{id}
	OpLookup   = record.OpLookup   // POST .../registrations/{id}
	OpEvents   = record.OpEvents   // POST .../messages/events, one event
	OpBatch    = record.OpBatch    // the same with several events
	OpReceive  = record.OpReceive  // GET .../messages/devicebound
	OpComplete = record.OpComplete
	OpReject   = record.OpReject
	OpAbandon  = record.OpAbandon
	OpUpload   = record.OpUpload // POST .../files
	OpNotify   = record.OpNotify // POST .../files/notifications
	OpBlob     = record.OpBlob   // PUT to the storage account
	OpUnknown  = record.OpUnknown
)

// Faults and refusals.
type (
	// Fault makes some calls go wrong. Endpoint, Device, Hub, Skip, Share and Count say which and how many; the rest
	// says what happens: Latency, Hang, Cut, Status, Truncate, SlowBody, State, MoveTo and others, which can be
	// combined. See [fault.Fault] for its fields, and docs/emulator.md for its JSON.
	Fault = fault.Fault
	// FaultError says which field of a Fault is wrong.
	FaultError = fault.Error
	// Refusal is an answer other than success, in Azure's terms: Status, Code, Name, Message and RetryAfter. See
	// [wire.Refusal].
	Refusal = wire.Refusal
	// TokenError says what is wrong with the text of a SAS token.
	TokenError = wire.TokenError
)

// Endpoints of a Fault besides the operations (OpRegister, ...). An empty endpoint means all.
const (
	EndpointDPS  = fault.EndpointDPS
	EndpointHub  = fault.EndpointHub
	EndpointSend = fault.EndpointSend // OpEvents and OpBatch
)

// Values of Fault.Cut.
const (
	CutBefore = fault.CutBefore // the connection ends and nothing was done
	CutAfter  = fault.CutAfter  // the request was carried out, and the connection ends before the answer
)

// Devices.
type (
	// Device is what an operator sees of a device: its standing, its registration, its hub, and counts. See
	// [fleet.Device] for its fields.
	Device = fleet.Device
	// Enrollment is an individual enrollment: RegistrationID, DeviceID, keys or a certificate, and policies. It takes
	// precedence over the group. See [fleet.Enrollment] for its fields.
	Enrollment = fleet.Enrollment
	// Standing is what an operator has decided about a device.
	Standing = fleet.Standing
	// Allocation says how DPS chooses the hub of a new device.
	Allocation = fleet.Allocation
	// Reprovision says what a new registration of a known device does.
	Reprovision = fleet.Reprovision
	// Envelope is the shape of a hub's error body. Both shapes occur in the wild, often from one hub.
	Envelope = hub.Envelope
	// File is a file that a device has uploaded, with its data. See [blob.File] for its fields.
	File = blob.File
)

// The standings.
const (
	Enrolled         = fleet.Enrolled
	AwaitingApproval = fleet.AwaitingApproval // DPS: failed, 400209
	Blocked          = fleet.Blocked          // DPS: failed, 400209; hub: 401, DEVICE_BLOCKED
	Disabled         = fleet.Disabled         // DPS: disabled; hub: 404
)

// The allocation policies. Azure's names on the wire are hashed, static and geoLatency.
const (
	EvenlyWeighted = fleet.EvenlyWeighted
	Static         = fleet.Static
	LowestLatency  = fleet.LowestLatency // here: the first hub
)

// The re-provisioning policies.
const (
	ReprovisionAndMigrate = fleet.ReprovisionAndMigrate
	ReprovisionAndReset   = fleet.ReprovisionAndReset
	ReprovisionNever      = fleet.ReprovisionNever
)

// The envelopes.
const (
	EnvelopeByCode    = hub.EnvelopeByCode    // as the published samples: 401, 403 and 429 nested, all others as text
	EnvelopeText      = hub.EnvelopeText      // {"Message":"ErrorCode:Name;text","ExceptionMessage":"Tracking ID:..."}
	EnvelopeNested    = hub.EnvelopeNested    // {"Message":"{\"errorCode\":n,...}","ExceptionMessage":""}
	EnvelopeAlternate = hub.EnvelopeAlternate // alternates between the two
)

// Cloud-to-device messages.
type (
	// Message is a cloud-to-device message: MessageID, Body, ContentType, Properties, Expiry and others. See
	// [mailbox.Message] for its fields.
	Message = mailbox.Message
	// MessageStep is what has happened to a cloud-to-device message: Device, MessageID, Command, State and others. See
	// [mailbox.Step] for its fields.
	MessageStep = mailbox.Step
	// MessageState is where a cloud-to-device message is on its way; at its end it is an Outcome.
	MessageState = mailbox.State
	// WaitingMessage is a cloud-to-device message that has not ended. See [mailbox.Waiting] for its fields.
	WaitingMessage = mailbox.Waiting
	// Outcome is how a cloud-to-device message ended.
	Outcome = mailbox.Outcome
	// Feedback is the end of a cloud-to-device message: Device, MessageID, Outcome, DeliveryCount and Time.
	Feedback = mailbox.Feedback
)

// The states of a cloud-to-device message.
const (
	MessageQueued    = mailbox.Queued
	MessageLocked    = mailbox.Locked
	MessageAbandoned = mailbox.Abandoned // the device gave it back: it is queued again
	MessageUnlocked  = mailbox.Unlocked  // the lock has expired: it is queued again
)

// The outcomes, by the names of Azure's feedback messages.
const (
	Success               = mailbox.Success
	Expired               = mailbox.Expired
	DeliveryCountExceeded = mailbox.DeliveryCountExceeded
	Rejected              = mailbox.Rejected
	Purged                = mailbox.Purged
)

// Errors of SendToDevice.
var (
	ErrNoDevice   = mailbox.ErrNoDevice
	ErrQueueFull  = mailbox.ErrQueueFull
	ErrBadMessage = mailbox.ErrBadMessage
)

// ErrListening means that Listen was called twice.
var ErrListening = listen.ErrListening

// ListenError says which port (HTTPS or console) cannot be opened.
type ListenError = listen.Error
