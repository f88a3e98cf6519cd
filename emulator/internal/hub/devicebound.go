package hub

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"mayfly/emulator/internal/exchange"
	"mayfly/emulator/internal/mailbox"
	"mayfly/emulator/internal/record"
	"mayfly/emulator/internal/wire"
)

const maxLockSeconds = 300

// routeDevicebound knows GET, DELETE .../{lock}[?reject] and POST .../{lock}/abandon (learn.microsoft.com
// rest/api/iothub/device), and the older POST .../{lock}?abandon.
func (s *Service) routeDevicebound(x *exchange.Exchange, rest []string) exchange.Handler {
	switch {
	case len(rest) == 0:
		x.Record.Op = record.OpReceive
		return exchange.Only(x, s, http.MethodGet, s.receive)
	case len(rest) == 1 && x.Request.Method == http.MethodPost && x.Query.Has("abandon"),
		len(rest) == 2 && strings.EqualFold(rest[1], "abandon"):
		x.Record.Op = record.OpAbandon
		return exchange.Only(x, s, http.MethodPost, s.settle)
	case len(rest) == 1 && x.Query.Has("reject"):
		x.Record.Op = record.OpReject
		return exchange.Only(x, s, http.MethodDelete, s.settle)
	case len(rest) == 1:
		x.Record.Op = record.OpComplete
		return exchange.Only(x, s, http.MethodDelete, s.settle)
	}
	return exchange.NotFound(s)
}

// receive locks the first message that is visible and returns it; 204 when there is none.
func (s *Service) receive(x *exchange.Exchange) wire.Reply {
	if r := s.authenticate(x); r != nil {
		return s.Refused(x, r)
	}
	lock, r := lockTime(x)
	if r != nil {
		return s.Refused(x, r)
	}
	s.fleet.Stored(x.Device, 0, x.Now)
	box := s.fleet.Mailbox(x.Device, x.Now)
	if box == nil {
		return wire.NoContent()
	}
	d, ok := box.Receive(x.Now, lock, s.ids.Next)
	if !ok {
		return wire.NoContent()
	}
	x.Record.Messages = 1
	return messageReply(d, x.Device)
}

// lockTime reads what the SDKs send: a header (azure-iot-cli-extension, azure-iot-sdk-java) or a query parameter
// (azure-iot-sdk-csharp). The documents say that it is a minute and cannot be changed.
func lockTime(x *exchange.Exchange) (time.Duration, *wire.Refusal) {
	text := x.Request.Header.Get("IotHub-MessageLockTimeout")
	if text == "" {
		text = x.Query.Get("iothub-messagelocktimeout")
	}
	if text == "" {
		return mailbox.LockTime, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 || n > maxLockSeconds {
		return 0, wire.Refuse(http.StatusBadRequest, 400004, "The message lock timeout %q is invalid.",
			wire.Clip(text, 16))
	}
	d := time.Duration(n) * time.Second
	if d != mailbox.LockTime {
		x.Lenient("lock time other than a minute")
	}
	return d, nil
}

// messageReply writes a message with its properties as headers (azure-iot-cli-extension c2d tests,
// azure-iot-sdk-csharp, azure-iot-sdk-c iothubtransporthttp.c). The ETag is quoted: the Node SDK removes its first and
// last character.
func messageReply(d mailbox.Delivery, device string) wire.Reply {
	rep := wire.Reply{Status: http.StatusOK, Body: d.Body}
	rep.Set("ETag", `"`+d.Lock+`"`)
	for _, kv := range [][2]string{
		{"iothub-messageid", d.MessageID}, {"iothub-correlationid", d.CorrelationID}, {"iothub-userid", d.UserID},
		{"iothub-ack", d.Ack}, {"iothub-contenttype", d.ContentType}, {"iothub-contentencoding", d.ContentEncoding},
		{"ContentType", d.ContentType}, {"ContentEncoding", d.ContentEncoding},
		{"iothub-to", "/devices/" + device + "/messages/deviceBound"},
		{"iothub-sequencenumber", strconv.FormatUint(d.Sequence, 10)},
		{"iothub-deliverycount", strconv.Itoa(d.Deliveries)},
		{"iothub-enqueuedtime", d.Enqueued.UTC().Format(http.TimeFormat)},
		{"iothub-expiry", d.Expiry.UTC().Format(http.TimeFormat)},
	} {
		if kv[1] != "" {
			rep.Header = append(rep.Header, kv)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(d.Properties)) {
		rep.Set(appPrefix+k, d.Properties[k])
	}
	rep.Set("Content-Type", "application/octet-stream")
	return rep
}

// settle is complete, reject and abandon.
func (s *Service) settle(x *exchange.Exchange) wire.Reply {
	if r := s.authenticate(x); r != nil {
		return s.Refused(x, r)
	}
	lock := x.Segments[4]
	// The Node SDK sends the lock in If-Match without quotes, others with them; it is not needed.
	if m := strings.Trim(x.Request.Header.Get("If-Match"), `"`); m != "" && m != "*" && m != lock {
		x.Lenient("If-Match is not the lock")
	}
	settled := false
	if box := s.fleet.Mailbox(x.Device, x.Now); box != nil {
		switch x.Record.Op {
		case record.OpComplete:
			settled = box.Settle(lock, mailbox.Success, x.Now)
		case record.OpReject:
			settled = box.Settle(lock, mailbox.Rejected, x.Now)
		default:
			settled = box.Abandon(lock, x.Now)
		}
	}
	if !settled {
		return s.Refused(x, wire.Refuse(http.StatusPreconditionFailed, 412002, "The message lock is lost."))
	}
	return wire.NoContent()
}
