package hub

import (
	"context"
	"mime"
	"net/http"
	"strings"
	"time"

	"mayfly/emulator/internal/blob"
	"mayfly/emulator/internal/exchange"
	"mayfly/emulator/internal/fleet"
	"mayfly/emulator/internal/record"
	"mayfly/emulator/internal/wire"
)

const (
	maxEventBytes  = exchange.MaxBody // azure-docs iot-hub-devguide-quotas-throttling.md: message and batch
	meterChunk     = 4 << 10          // the same: metering
	batchMediaType = "application/vnd.microsoft.iothub.json"
)

// Settings are fixed for the life of a Service.
type Settings struct {
	Envelope   Envelope
	Backlog    time.Duration // how long a send over the hub's rate may be queued before it is refused
	DailyQuota int           // chunks of 4 KB that a hub stores in one UTC day; 0 is no limit
	ClockSkew  time.Duration // how long a token is accepted after it has expired
	BlobHost   string
	Now        func() time.Time
	// Pause waits, and returns an error when the context or the emulator ends first.
	Pause func(context.Context, time.Duration) error
}

// Service answers the device API of all hubs.
type Service struct {
	Settings
	fleet     *fleet.Fleet
	record    *record.Record
	blobs     *blob.Store
	ids       *wire.IDs
	envelopes alternation
}

// New returns the API over a fleet. It stores events in a record and files in blobs, and draws ids from ids.
func New(s Settings, f *fleet.Fleet, r *record.Record, blobs *blob.Store, ids *wire.IDs) *Service {
	return &Service{Settings: s, fleet: f, record: r, blobs: blobs, ids: ids}
}

// Route implements exchange.Service. The paths are those of learn.microsoft.com rest/api/iothub/device.
func (s *Service) Route(x *exchange.Exchange) exchange.Handler {
	seg := x.Segments
	x.Record.Hub = x.Host
	if len(seg) < 3 || !strings.EqualFold(seg[0], "devices") {
		return exchange.NotFound(s)
	}
	x.SetDevice(seg[1])
	kind, rest := strings.ToLower(seg[2]), seg[3:]
	sub := ""
	if len(rest) > 0 {
		sub = strings.ToLower(rest[0])
	}
	switch {
	case kind == "messages" && sub == "events" && len(rest) == 1:
		if isBatch(x.Request.Header.Get("Content-Type")) {
			x.Record.Op = record.OpBatch
			return exchange.Only(x, s, http.MethodPost, s.sendBatch)
		}
		x.Record.Op = record.OpEvents
		return exchange.Only(x, s, http.MethodPost, s.sendEvent)
	case kind == "messages" && sub == "devicebound":
		return s.routeDevicebound(x, rest[1:])
	case kind == "files" && len(rest) == 0:
		x.Record.Op = record.OpUpload
		return exchange.Only(x, s, http.MethodPost, s.startUpload)
	case kind == "files" && sub == "notifications" && len(rest) <= 2:
		x.Record.Op = record.OpNotify
		return exchange.Only(x, s, http.MethodPost, s.endUpload)
	}
	return exchange.NotFound(s)
}

func isBatch(contentType string) bool {
	if len(contentType) < len(batchMediaType) { // most requests: spare them the parsing
		return false
	}
	t, _, err := mime.ParseMediaType(contentType)
	return err == nil && t == batchMediaType
}

// sendEvent is Send Device Event: 204 when the event is stored.
func (s *Service) sendEvent(x *exchange.Exchange) wire.Reply {
	if r := s.authenticate(x); r != nil {
		return s.Refused(x, r)
	}
	if r := x.ReadBody(maxEventBytes); r != nil {
		return s.Refused(x, r)
	}
	if x.TooBig {
		return s.Refused(x, tooLarge())
	}
	ev := record.Event{Body: x.Body}
	if ev.Body == nil {
		ev.Body = []byte{}
	}
	readHeader(&ev, x)
	if r := check(&ev, x.Lenient); r != nil {
		return s.Refused(x, r)
	}
	return s.store(x, []record.Event{ev}, 0)
}

// store meters events and stores them, all or none. batch is their number if they were sent as a batch, else 0.
func (s *Service) store(x *exchange.Exchange, events []record.Event, batch int) wire.Reply {
	// A batch was seen metered as one message (azure-iot-sdk-csharp#121).
	bytes := 0
	for i := range events {
		bytes += size(&events[i])
	}
	chunks := max(1, (bytes+meterChunk-1)/meterChunk)
	if r := s.meter(x, len(events), chunks); r != nil {
		return s.Refused(x, r)
	}
	now := s.Now()
	for i := range events {
		ev := &events[i]
		ev.Device, ev.Hub, ev.AuthMethod = x.Device, x.Record.Hub, x.Record.Auth
		ev.RequestID, ev.Batch, ev.EnqueuedTime = x.Record.RequestID, batch, now
	}
	s.fleet.Stored(x.Device, len(events), now)
	s.record.AddEvents(events)
	x.Record.Messages = len(events)
	return wire.NoContent()
}

// meter applies the daily quota and the rate of the hub. A hub queues what comes too fast, and refuses only when the
// queue is long (azure-docs iot-hub-devguide-quotas-throttling.md).
func (s *Service) meter(x *exchange.Exchange, messages, chunks int) *wire.Refusal {
	h := s.fleet.Hub(x.Record.Hub)
	if h == nil {
		return wire.Refuse(http.StatusNotFound, 404012, "The hub is gone.")
	}
	if used, ok := h.Quota.Use(x.Now, chunks, s.DailyQuota); !ok {
		return wire.Refuse(http.StatusForbidden, 403002, "Total number of messages on IotHub '%s' exceeded the "+
			"allocated quota. Max allowed message count: '%d', current message count: '%d'.",
			strings.SplitN(x.Record.Hub, ".", 2)[0], s.DailyQuota, used)
	}
	wait, ok := h.Sends.Borrow(x.Now, messages, s.Backlog)
	if !ok {
		h.Quota.Return(chunks)
		r := wire.Refuse(http.StatusTooManyRequests, 429003, "%s", wire.DefaultText(wire.ServiceHub, 429003))
		r.RetryAfter = wire.RoundUp(wait - s.Backlog)
		return r
	}
	if wait > 0 {
		x.Record.Note = "queued for " + wait.Round(time.Millisecond).String()
		if err := s.Pause(x.Request.Context(), wait); err != nil {
			return wire.Refuse(http.StatusRequestTimeout, 408000, "%v", context.Cause(x.Request.Context()))
		}
	}
	return nil
}

func tooLarge() *wire.Refusal {
	return wire.Refuse(http.StatusRequestEntityTooLarge, 413001, "The message is over %d bytes.", maxEventBytes)
}
