package emulator

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"mayfly/emulator/internal/blob"
	"mayfly/emulator/internal/exchange"
	"mayfly/emulator/internal/fault"
	"mayfly/emulator/internal/wire"
)

// delivery says how an answer reaches the caller.
type delivery struct {
	cut      bool          // it does not: the connection ends
	truncate bool          // half of it
	slow     time.Duration // spread over this long
	err      error         // the caller gave up first
}

// serve answers one request. It is called both by the HTTPS server and by the in-memory transport.
func (e *Emulator) serve(r *http.Request) (wire.Reply, delivery) {
	x := &exchange.Exchange{Request: r, Host: wire.HostOnly(r.Host), Query: r.URL.Query(), Now: e.Now()}
	x.Record = Call{Time: x.Now, Method: r.Method, Path: wire.Clip(r.URL.Path, 256), RequestID: e.ids.Next(),
		Op: OpUnknown}
	service, handler := e.route(x)
	rep, d := e.answer(r.Context(), x, service, handler)
	if !d.cut && d.err == nil {
		x.Record.Status = rep.Status
	}
	rep.Set("x-ms-request-id", x.Record.RequestID)
	e.record.AddCall(x.Record)
	return rep, d
}

// route finds the service and the handler, and names the call in the record.
func (e *Emulator) route(x *exchange.Exchange) (exchange.Service, exchange.Handler) {
	x.Record.Service = ServiceDPS
	fallback := e.services[wire.HostDPS] // answers too when no service is addressed
	segments, ok := wire.Segments(x.Request.URL)
	if !ok {
		return fallback, exchange.NotFound(fallback)
	}
	x.Segments = segments
	if segments[0] == "$iothub" { // where the SDKs open WebSockets
		x.Record.Note = "MQTT and AMQP over WebSockets are not emulated"
		return fallback, exchange.NotFound(fallback)
	}
	kind := e.kindOf(x.Host)
	if kind == wire.HostLoopback {
		x.ByAddress = true
		kind = kindOfPath(segments)
	}
	service := e.services[kind]
	if service == nil {
		x.Record.Note = "no service has this host name or path"
		return fallback, exchange.NotFound(fallback)
	}
	switch kind {
	case wire.HostHub:
		x.Record.Service = ServiceHub
	case wire.HostBlob:
		x.Record.Service = ServiceBlob
	default:
	}
	return service, service.Route(x)
}

// kindOfPath tells which service is meant when the emulator is called by address.
func kindOfPath(segments []string) wire.HostKind {
	switch {
	case len(segments) > 1 && segments[0] == "devices":
		return wire.HostHub
	case len(segments) > 1 && strings.EqualFold(segments[1], "registrations"):
		return wire.HostDPS
	case len(segments) > 2 && segments[0] == blob.Container:
		return wire.HostBlob
	}
	return wire.HostOther
}

// answer applies the fault that is armed for the call, if any, around the service's handler.
func (e *Emulator) answer(ctx context.Context, x *exchange.Exchange, s exchange.Service, h exchange.Handler) (
	wire.Reply, delivery) {
	f := e.faults.Pick(&x.Record)
	if f == nil {
		return h(x), delivery{}
	}
	x.Fault, x.Record.Fault = f, f.ID
	if f.Latency > 0 {
		if err := e.pauses.wait(ctx, f.Latency); err != nil {
			return wire.Reply{}, delivery{err: err}
		}
	}
	if f.Hang {
		x.Drain()
		err := e.pauses.wait(ctx, -1)
		return wire.Reply{}, delivery{err: err, cut: true}
	}
	if f.Cut == CutBefore {
		return wire.Reply{}, delivery{cut: true}
	}
	e.changeDevice(x, f)
	var rep wire.Reply
	if f.Status != 0 {
		x.Drain()
		rep = s.Refused(x, f.Refusal(x.Record.Service))
		if f.RetryAfterText != "" {
			rep.Set("Retry-After", f.RetryAfterText)
		}
	} else {
		rep = h(x)
	}
	if f.ContentType != "" {
		rep.Replace("Content-Type", f.ContentType)
	}
	return rep, delivery{cut: f.Cut == CutAfter, truncate: f.Truncate, slow: f.SlowBody}
}

// changeDevice applies what a fault does to the device before the answer.
func (e *Emulator) changeDevice(x *exchange.Exchange, f *fault.Fault) {
	if f.MoveTo != "" {
		e.fleet.MoveKnown(x.Device, f.MoveTo, x.Now)
	}
	if f.RotateKey {
		e.fleet.RotateKey(x.Device, x.Now)
	}
}

// kindOf classifies a host name, in lower case, with the names that this emulator was configured with.
func (e *Emulator) kindOf(host string) wire.HostKind {
	kind := wire.KindOfHost(host, e.cfg.BlobHost)
	isHost := func(name string) bool { return strings.EqualFold(name, host) }
	if kind == wire.HostOther && slices.ContainsFunc(e.cfg.Names, isHost) {
		return wire.HostLoopback
	}
	return kind
}

// resolves reports whether a name server would know a host name.
func (e *Emulator) resolves(host string) bool {
	switch e.kindOf(host) {
	case wire.HostDPS, wire.HostBlob, wire.HostLoopback:
		return true
	case wire.HostHub:
		return e.fleet.Hub(host) != nil
	case wire.HostOther:
	}
	return false
}
