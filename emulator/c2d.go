package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits of azure-docs iot-hub-devguide-messages-c2d.md and iot-hub-devguide-quotas-throttling.md.
const (
	maxQueued     = 50
	maxC2DBytes   = 64 << 10
	lockTime      = time.Minute
	defaultTTL    = time.Hour
	maxTTL        = 48 * time.Hour
	feedbackLimit = 10_000
)

// Message is a cloud-to-device message.
type Message struct {
	MessageID       string            `json:"messageId,omitempty"`
	CorrelationID   string            `json:"correlationId,omitempty"`
	UserID          string            `json:"userId,omitempty"`
	Body            []byte            `json:"body"` // base64 in JSON
	ContentType     string            `json:"contentType,omitempty"`
	ContentEncoding string            `json:"contentEncoding,omitempty"`
	Properties      map[string]string `json:"properties,omitempty"`
	Ack             string            `json:"ack,omitempty"`     // none, positive, negative, full
	Expiry          time.Time         `json:"expiry,omitzero"`   // an hour from now by default
	Command         string            `json:"command,omitempty"` // IoT Central's offline command: property method-name
}

// Outcome is how a cloud-to-device message ended.
type Outcome string

// The outcomes, by the names of the feedback messages.
const (
	Success               Outcome = "Success"
	Expired               Outcome = "Expired"
	DeliveryCountExceeded Outcome = "DeliveryCountExceeded"
	Rejected              Outcome = "Rejected"
	Purged                Outcome = "Purged"
)

// Feedback is the end of a cloud-to-device message.
type Feedback struct {
	Device        string    `json:"device"`
	MessageID     string    `json:"messageId"`
	Outcome       Outcome   `json:"outcome"`
	DeliveryCount int       `json:"deliveryCount"`
	Time          time.Time `json:"time"`
}

// Errors of SendToDevice.
var (
	ErrNoDevice   = errors.New("emulator: no such device in a hub")
	ErrQueueFull  = errors.New("emulator: 50 messages wait for the device already (403004)")
	ErrBadMessage = errors.New("emulator: message")
)

// queued is a message that waits. It is invisible while its lock holds.
type queued struct {
	Message
	enqueued   time.Time
	sequence   uint64
	deliveries int // abandoned so often
	lock       string
	lockedTill time.Time
}

// queue is a device's. Guarded by Emulator.mu.
type queue struct {
	list     []*queued
	sequence uint64
}

func (q *queue) depth(now time.Time) int {
	n := 0
	for _, m := range q.list {
		if now.Before(m.Expiry) {
			n++
		}
	}
	return n
}

// SendToDevice queues a message for a device.
func (e *Emulator) SendToDevice(id string, m Message) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.Now()
	d := e.find(id)
	if d != nil {
		e.settle(d, now)
	}
	if d == nil || d.id.hub == "" {
		return ErrNoDevice
	}
	if m.Expiry.IsZero() {
		m.Expiry = now.Add(defaultTTL)
	}
	switch {
	case len(m.Body) > maxC2DBytes:
		return fmt.Errorf("%w: over %d bytes", ErrBadMessage, maxC2DBytes)
	case m.Expiry.After(now.Add(maxTTL)):
		return fmt.Errorf("%w: lives over %v", ErrBadMessage, maxTTL)
	}
	if m.MessageID == "" {
		m.MessageID = e.guid()
	}
	m.Body, m.Properties = slices.Clone(m.Body), maps.Clone(m.Properties)
	if m.Command != "" {
		if m.Properties == nil {
			m.Properties = map[string]string{}
		}
		m.Properties["method-name"] = m.Command // azure-docs iot-central concepts-telemetry-properties-commands.md
	}
	if d.queue == nil {
		d.queue = &queue{}
	}
	e.sweep(d, now)
	if len(d.queue.list) >= maxQueued {
		return ErrQueueFull
	}
	d.queue.sequence++
	d.queue.list = append(d.queue.list, &queued{Message: m, enqueued: now, sequence: d.queue.sequence})
	return nil
}

// Purge drops what waits for a device and says how much that was.
func (e *Emulator) Purge(id string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	d := e.find(id)
	if d == nil || d.queue == nil {
		return 0
	}
	n := len(d.queue.list)
	for _, m := range slices.Clone(d.queue.list) {
		e.end(d, m, Purged, e.Now())
	}
	return n
}

// Feedback lists how messages ended, the oldest first.
func (e *Emulator) Feedback() []Feedback {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]Feedback, 0, e.feedback.n)
	for i := range e.feedback.n {
		out = append(out, *e.feedback.at(i))
	}
	return out
}

// sweep ends what has expired and unlocks what was locked too long. A lock that runs out does not raise the delivery
// count (azure-docs iot-hub-devguide-messages-c2d.md).
func (e *Emulator) sweep(d *device, now time.Time) {
	for _, m := range slices.Clone(d.queue.list) {
		if m.lock != "" && !now.Before(m.lockedTill) {
			m.lock = ""
		}
		if !now.Before(m.Expiry) {
			e.end(d, m, Expired, now)
		}
	}
}

func (e *Emulator) end(d *device, m *queued, why Outcome, now time.Time) {
	d.queue.list = slices.DeleteFunc(d.queue.list, func(x *queued) bool { return x == m })
	e.feedback.push(Feedback{d.deviceID, m.MessageID, why, m.deliveries, now})
}

// routeDevicebound: GET, DELETE .../{lock}[?reject], POST .../{lock}/abandon (learn.microsoft.com rest/api/iothub/device),
// and the older POST .../{lock}?abandon.
func (c *call) routeDevicebound(rest []string) func(*call) reply {
	switch {
	case len(rest) == 0:
		c.rec.Op = OpReceive
		return c.only(http.MethodGet, (*call).receive)
	case len(rest) == 1 && c.r.Method == http.MethodPost && c.query.Has("abandon"),
		len(rest) == 2 && strings.EqualFold(rest[1], "abandon"):
		c.rec.Op = OpAbandon
		return c.only(http.MethodPost, (*call).settleMessage)
	case len(rest) == 1 && c.query.Has("reject"):
		c.rec.Op = OpReject
		return c.only(http.MethodDelete, (*call).settleMessage)
	case len(rest) == 1:
		c.rec.Op = OpComplete
		return c.only(http.MethodDelete, (*call).settleMessage)
	}
	return (*call).notFound
}

// receive locks the first message that is free and hands it out; 204 is none.
func (c *call) receive() reply {
	d, r := c.hubCaller()
	if r != nil {
		return c.refused(r)
	}
	lock, r := c.lockTime()
	if r != nil {
		return c.refused(r)
	}
	e := c.e
	e.mu.Lock()
	defer e.mu.Unlock()
	d.lastSeen = c.now
	if d.queue == nil {
		return c.noContent()
	}
	e.sweep(d, c.now)
	for _, m := range d.queue.list {
		if m.lock == "" {
			m.lock, m.lockedTill = e.guid(), c.now.Add(lock)
			c.rec.Messages = 1
			return m.reply(c.device)
		}
	}
	return c.noContent()
}

// lockTime reads what the SDKs ask for: a header (azure-iot-cli-extension, azure-iot-sdk-java) or a query parameter
// (azure-iot-sdk-csharp). The documents say that it is a minute and cannot be changed.
func (c *call) lockTime() (time.Duration, *Refusal) {
	text := c.r.Header.Get("IotHub-MessageLockTimeout")
	if text == "" {
		text = c.query.Get("iothub-messagelocktimeout")
	}
	if text == "" {
		return lockTime, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 || n > 300 {
		return 0, refuse(http.StatusBadRequest, 400004, "The message lock timeout %q is invalid.", clip(text, 16))
	}
	if d := time.Duration(n) * time.Second; d != lockTime {
		c.lenient("lock time other than a minute")
		return d, nil
	}
	return lockTime, nil
}

// reply writes a message with its properties as headers (azure-iot-cli-extension c2d tests, azure-iot-sdk-csharp,
// azure-iot-sdk-c iothubtransporthttp.c). The ETag is quoted: Node takes off its first and last character.
func (m *queued) reply(device string) reply {
	rep := reply{status: http.StatusOK, body: m.Body}
	rep.set("ETag", `"`+m.lock+`"`)
	for _, kv := range [][2]string{
		{"iothub-messageid", m.MessageID}, {"iothub-correlationid", m.CorrelationID}, {"iothub-userid", m.UserID},
		{"iothub-ack", m.Ack}, {"iothub-contenttype", m.ContentType}, {"iothub-contentencoding", m.ContentEncoding},
		{"ContentType", m.ContentType}, {"ContentEncoding", m.ContentEncoding},
		{"iothub-to", "/devices/" + device + "/messages/deviceBound"},
		{"iothub-sequencenumber", strconv.FormatUint(m.sequence, 10)},
		{"iothub-deliverycount", strconv.Itoa(m.deliveries)},
		{"iothub-enqueuedtime", m.enqueued.UTC().Format(http.TimeFormat)},
		{"iothub-expiry", m.Expiry.UTC().Format(http.TimeFormat)},
	} {
		if kv[1] != "" {
			rep.header = append(rep.header, kv)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(m.Properties)) {
		rep.set(appPrefix+k, m.Properties[k])
	}
	rep.set("Content-Type", "application/octet-stream")
	return rep
}

// settleMessage is complete, reject and abandon.
func (c *call) settleMessage() reply {
	d, r := c.hubCaller()
	if r != nil {
		return c.refused(r)
	}
	lock := c.seg[4]
	// Node sends the lock in If-Match without quotes, others with; nobody needs it.
	if m := strings.Trim(c.r.Header.Get("If-Match"), `"`); m != "" && m != "*" && m != lock {
		c.lenient("If-Match is not the lock")
	}
	e := c.e
	e.mu.Lock()
	defer e.mu.Unlock()
	if d.queue != nil {
		e.sweep(d, c.now)
		for _, m := range d.queue.list {
			if m.lock != lock {
				continue
			}
			e.settleLocked(c, d, m)
			return c.noContent()
		}
	}
	return c.refused(refuse(http.StatusPreconditionFailed, 412002, "The message lock is lost."))
}

func (e *Emulator) settleLocked(c *call, d *device, m *queued) {
	switch c.rec.Op {
	case OpComplete:
		e.end(d, m, Success, c.now)
	case OpReject:
		e.end(d, m, Rejected, c.now)
	default:
		m.lock = ""
		if m.deliveries++; m.deliveries >= defaultC2DDelivery {
			e.end(d, m, DeliveryCountExceeded, c.now)
		}
	}
}

// UnmarshalJSON takes a body as base64, or as text or any JSON under other names, which a person can type.
func (m *Message) UnmarshalJSON(b []byte) error {
	type plain Message
	var j struct {
		plain
		Text *string         `json:"text"`
		JSON json.RawMessage `json:"json"`
	}
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*m = Message(j.plain)
	switch {
	case j.Text != nil:
		m.Body = []byte(*j.Text)
	case len(j.JSON) > 0:
		m.Body = j.JSON
		if m.ContentType == "" {
			m.ContentType, m.ContentEncoding = "application/json", "utf-8"
		}
	}
	return nil
}
