package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	maxEventBytes  = 256 << 10 // azure-docs iot-hub-devguide-quotas-throttling.md: message and batch
	meterChunk     = 4 << 10   // the same: metering
	batchMediaType = "application/vnd.microsoft.iothub.json"
	maxHubs        = 1000
)

// hub is what one hub counts. Its devices are in Emulator.devices.
type hub struct {
	sends *bucket
	day   string
	used  int // chunks of that day
}

// routeHub knows the paths of learn.microsoft.com rest/api/iothub/device.
func (c *call) routeHub() func(*call) reply {
	s := c.seg
	c.rec.Hub = c.host
	if len(s) < 3 || !strings.EqualFold(s[0], "devices") {
		return (*call).notFound
	}
	c.device, c.rec.Device = s[1], clip(s[1], maxRegistrationID)
	kind, rest := strings.ToLower(s[2]), s[3:]
	sub := ""
	if len(rest) > 0 {
		sub = strings.ToLower(rest[0])
	}
	switch {
	case kind == "messages" && sub == "events" && len(rest) == 1:
		if c.isBatch() {
			c.rec.Op = OpBatch
			return c.only(http.MethodPost, (*call).sendBatch)
		}
		c.rec.Op = OpEvents
		return c.only(http.MethodPost, (*call).sendEvent)
	case kind == "messages" && sub == "devicebound":
		return c.routeDevicebound(rest[1:])
	case kind == "files" && len(rest) == 0:
		c.rec.Op = OpUpload
		return c.only(http.MethodPost, (*call).startUpload)
	case kind == "files" && sub == "notifications" && len(rest) <= 2:
		c.rec.Op = OpNotify
		return c.only(http.MethodPost, (*call).endUpload)
	}
	return (*call).notFound
}

func (c *call) isBatch() bool {
	ct := c.r.Header.Get("Content-Type")
	if len(ct) < len(batchMediaType) {
		return false
	}
	t, _, err := mime.ParseMediaType(ct)
	return err == nil && t == batchMediaType
}

// hubCaller checks hub, version, device and token, in this order.
func (c *call) hubCaller() (*device, *Refusal) {
	if c.query.Get("api-version") == "" {
		return nil, refuse(http.StatusBadRequest, 400001, "The api-version query parameter is missing.")
	}
	e := c.e
	e.mu.Lock()
	d := e.find(c.device)
	var id identity
	var standing Standing
	if d != nil {
		e.settle(d, c.now)
		if d.deviceID != c.device { // hub ids have case (azure-docs iot-hub-devguide-identity-registry.md)
			d = nil
		} else {
			id, standing = d.id, d.standing
			id.disabledOn = slices.Clone(id.disabledOn)
		}
	}
	if e.kindOf(c.host) == hostLoopback { // called by address: whichever hub the device is on
		c.rec.Hub = id.hub
	}
	_, exists := e.hubs[c.rec.Hub]
	e.mu.Unlock()

	switch {
	case !exists && c.rec.Hub != "":
		return nil, refuse(http.StatusUnauthorized, 401001, "IoT hub %s not found", clip(c.rec.Hub, 128))
	case d != nil && slices.Contains(id.disabledOn, c.rec.Hub):
		return nil, refuse(http.StatusUnauthorized, 401003, "DEVICE_DISABLED")
	case d == nil || id.hub != c.rec.Hub || id.hub == "":
		return nil, refuse(http.StatusNotFound, 404001, "Device %s is not registered", clip(c.device, maxRegistrationID))
	case standing == Blocked:
		return nil, refuse(http.StatusUnauthorized, 401003, "DEVICE_BLOCKED")
	case standing == Disabled:
		return nil, refuse(http.StatusNotFound, 404001, "Device %s is disabled", c.device)
	}
	if why := c.authHub(id); why != "" {
		c.rec.Note = why
		return nil, refuse(http.StatusUnauthorized, 401003, "Unauthorized")
	}
	return d, nil
}

// authHub follows azure-docs iot-hub-dev-guide-sas.md; the answer is for the record.
func (c *call) authHub(id identity) (why string) {
	header := c.r.Header.Get("Authorization")
	if header == "" {
		if c.r.TLS != nil && len(c.r.TLS.PeerCertificates) > 0 {
			c.rec.Auth = "x509"
			return c.authHubX509(id)
		}
		return "no Authorization and no client certificate"
	}
	c.rec.Auth = "sas"
	t, err := parseToken(header)
	if err != nil {
		return err.Error()
	}
	path := "/" + strings.Join(c.seg, "/")
	if !covers(t.resource, c.rec.Hub+path) && !covers(t.resource, c.r.Host+path) {
		return "sr does not cover " + c.rec.Hub + clip(path, 256)
	}
	if strings.Count(strings.Trim(t.resource, "/"), "/") < 2 {
		c.lenient("sr names no device")
	}
	if t.keyName != "" {
		return "skn names a policy, and this hub has none for devices"
	}
	if !t.expiry.Add(c.e.cfg.ClockSkew).After(c.now) {
		return "token has expired"
	}
	if t.signer(id.keys) == 0 {
		return "signature is not by the device's key"
	}
	return ""
}

// sendEvent is Send Device Event: 204 when it is stored.
func (c *call) sendEvent() reply {
	d, r := c.hubCaller()
	if r != nil {
		return c.refused(r)
	}
	if r := c.readBody(maxEventBytes); r != nil {
		return c.refused(r)
	}
	if c.tooBig {
		return c.refused(tooLarge())
	}
	ev := Event{Body: json.RawMessage(c.body)}
	if ev.Body == nil {
		ev.Body = json.RawMessage{}
	}
	ev.fromHeader(c)
	if r := ev.check(c); r != nil {
		return c.refused(r)
	}
	return c.store(d, []Event{ev}, 0)
}

// store meters the events and keeps them, all or none.
func (c *call) store(d *device, events []Event, batch int) reply {
	// A batch was seen metered as one message (azure-iot-sdk-csharp#121).
	size := 0
	for i := range events {
		size += events[i].size()
	}
	chunks := max(1, (size+meterChunk-1)/meterChunk)
	if r := c.admit(len(events), chunks); r != nil {
		return c.refused(r)
	}
	e, now := c.e, c.e.Now()
	for i := range events {
		ev := &events[i]
		ev.Device, ev.Hub, ev.AuthMethod, ev.RequestID, ev.Batch, ev.EnqueuedTime = c.device, c.rec.Hub, c.rec.Auth, c.rec.RequestID, batch, now
	}
	e.mu.Lock()
	d.events += len(events)
	d.lastSeen = now
	e.mu.Unlock()
	e.record.addEvents(events)
	c.rec.Messages = len(events)
	return c.noContent()
}

// admit is traffic shaping, then the daily quota. A hub first queues what comes too fast, and refuses only when the
// queue is long (azure-docs iot-hub-devguide-quotas-throttling.md).
func (c *call) admit(messages, chunks int) *Refusal {
	e := c.e
	if e.cfg.HubSendsPerSecond <= 0 && e.cfg.DailyQuota <= 0 {
		return nil
	}
	e.mu.Lock()
	h := e.hubs[c.rec.Hub]
	if h == nil {
		e.mu.Unlock()
		return refuse(http.StatusNotFound, 404012, "The hub is gone.")
	}
	if day := c.now.UTC().Format(time.DateOnly); h.day != day {
		h.day, h.used = day, 0
	}
	if q := e.cfg.DailyQuota; q > 0 && h.used+chunks > q {
		e.mu.Unlock()
		return refuse(http.StatusForbidden, 403002, "Total number of messages on IotHub '%s' exceeded the allocated quota. Max allowed message count: '%d', current message count: '%d'.",
			strings.SplitN(c.rec.Hub, ".", 2)[0], q, h.used)
	}
	delay, ok := h.sends.wait(c.now, messages, e.cfg.HubBacklog)
	if ok {
		h.used += chunks
	}
	e.mu.Unlock()
	if !ok {
		r := refuse(http.StatusTooManyRequests, 429003, "%s", usualText(ServiceHub, 429003))
		r.RetryAfter = roundUp(delay - e.cfg.HubBacklog)
		return r
	}
	if delay > 0 {
		c.rec.Note = "queued for " + delay.Round(time.Millisecond).String()
		if err := e.pause(c.r.Context(), delay); err != nil {
			return refuse(http.StatusRequestTimeout, 408000, "%v", context.Cause(c.r.Context()))
		}
	}
	return nil
}

// noContent is a hub's success (transcript in azure-docs iot-dps-https-sym-key-support.md).
func (c *call) noContent() reply {
	rep := reply{status: http.StatusNoContent}
	rep.set("Vary", "Origin")
	rep.set("Server", "Microsoft-HTTPAPI/2.0")
	return rep
}

// hubError is the error body of a hub, in one of its two shapes (iot-edge-opc-proxy#26; azure-iot-sdk-node
// parseErrorBody), with the name in a header (azure-iot-sdk-csharp HttpTransportHandler.cs).
func (e *Emulator) hubError(r *Refusal, now time.Time) reply {
	name, message := r.Name, r.Message
	if name == "" {
		if name = codeName(r.Code); name == "" {
			name = strings.ReplaceAll(http.StatusText(r.Status), " ", "")
		}
	}
	if message == "" {
		message = usualText(ServiceHub, r.Code)
	}
	nested := e.cfg.Envelope == EnvelopeNested
	switch e.cfg.Envelope {
	case EnvelopeAlternate:
		nested = e.turn.Add(1)%2 == 0
	case EnvelopeByCode:
		nested = r.Status == http.StatusUnauthorized || r.Status == http.StatusForbidden || r.Status == http.StatusTooManyRequests
	case EnvelopeText, EnvelopeNested:
	}
	tracking := e.tracking()
	var b struct{ Message, ExceptionMessage string }
	if nested {
		inner, _ := json.Marshal(struct {
			ErrorCode  int    `json:"errorCode"`
			TrackingID string `json:"trackingId"`
			Message    string `json:"message"`
			Timestamp  string `json:"timestampUtc"`
		}{r.Code, fmt.Sprintf("%s-G:32-TimeStamp:%s", tracking, now.UTC().Format("01/02/2006 15:04:05")), message, now.UTC().Format(dpsTime)})
		b.Message = string(inner)
	} else {
		b.Message = "ErrorCode:" + name + ";" + message
		b.ExceptionMessage = fmt.Sprintf("Tracking ID:%s-G:5-TimeStamp:%s", tracking, now.UTC().Format("01/02/2006 15:04:05"))
	}
	body, _ := marshal(b)
	rep := reply{status: r.Status, body: body}
	rep.set("Content-Type", "application/json; charset=utf-8")
	rep.set("iothub-errorcode", name)
	rep.set("Server", "Microsoft-HTTPAPI/2.0")
	return rep
}

func (e *Emulator) tracking() string { return strings.ReplaceAll(e.guid(), "-", "") }

// link makes a hub known; listed hubs also take new devices. The caller holds e.mu.
func (e *Emulator) link(name string, listed bool) {
	name = strings.ToLower(name)
	if name == "" || len(e.hubs) >= maxHubs {
		return
	}
	if e.hubs[name] == nil {
		e.hubs[name] = &hub{sends: perSecond(e.cfg.HubSendsPerSecond)}
	}
	if listed && !slices.Contains(e.linked, name) {
		e.linked = append(e.linked, name)
	}
}
