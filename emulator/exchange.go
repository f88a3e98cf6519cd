package emulator

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// delivery says how an answer reaches the caller.
type delivery struct {
	cut      bool          // not at all: the connection ends
	truncate bool          // half of it
	slow     time.Duration // over this long
	err      error         // the caller gave up first
}

// exchange answers one request. Both faces, the sockets and the in-memory transport, call it.
func (e *Emulator) exchange(r *http.Request) (reply, delivery) {
	c := &call{e: e, r: r, host: hostOnly(r.Host), now: e.Now()}
	c.rec = Call{Time: c.now, Method: r.Method, Path: clip(r.URL.Path, 256), RequestID: e.guid(), Op: OpUnknown}
	c.query = r.URL.Query()
	c.handler = c.route()
	rep, d := e.run(r.Context(), c)
	if d.cut || d.err != nil {
		c.rec.Status = 0
	} else {
		c.rec.Status = rep.status
	}
	rep.set("x-ms-request-id", c.rec.RequestID)
	e.record.addCall(c.rec)
	return rep, d
}

// run is the request's way past the faults.
func (e *Emulator) run(ctx context.Context, c *call) (reply, delivery) {
	f := e.pickFault(c)
	if f == nil {
		return c.handler(c), delivery{}
	}
	c.fault, c.rec.Fault = f, f.ID
	if f.Latency > 0 {
		if err := e.pause(ctx, f.Latency); err != nil {
			return reply{}, delivery{err: err}
		}
	}
	if f.Hang {
		drain(c)
		err := e.pause(ctx, -1)
		return reply{}, delivery{err: err, cut: true}
	}
	if f.Cut == CutBefore {
		return reply{}, delivery{cut: true}
	}
	e.effects(c, f)
	var rep reply
	if f.Status != 0 {
		drain(c)
		rep = c.refused(f.refusal(c.rec.Service))
		if f.RetryAfterText != "" {
			rep.set("Retry-After", f.RetryAfterText)
		}
	} else {
		rep = c.handler(c)
	}
	if f.ContentType != "" {
		rep.replace("Content-Type", f.ContentType)
	}
	return rep, delivery{cut: f.Cut == CutAfter, truncate: f.Truncate, slow: f.SlowBody}
}

// drain reads the body of a request that is not looked at: only then does net/http notice that the caller has gone.
func drain(c *call) { _ = c.readBody(maxEventBytes) }

func (r *reply) replace(name, value string) {
	for i := range r.header {
		if strings.EqualFold(r.header[i][0], name) {
			r.header[i][1] = value
			return
		}
	}
	r.set(name, value)
}

// route finds the handler and names the call.
func (c *call) route() func(*call) reply {
	seg, ok := segments(c.r.URL)
	if !ok {
		c.rec.Service = ServiceDPS
		return (*call).notFound
	}
	c.seg = seg
	kind := c.e.kindOf(c.host)
	if kind == hostLoopback {
		switch {
		case len(seg) > 1 && seg[0] == "devices":
			kind = hostHub
		case len(seg) > 1 && strings.EqualFold(seg[1], "registrations"):
			kind = hostDPS
		case len(seg) > 2 && seg[0] == blobContainer:
			kind = hostBlob
		}
	}
	switch kind {
	case hostDPS:
		c.rec.Service = ServiceDPS
		return c.routeDPS()
	case hostHub:
		c.rec.Service = ServiceHub
		return c.routeHub()
	case hostBlob:
		c.rec.Service, c.rec.Op = ServiceBlob, OpBlob
		return (*call).putBlob
	case hostOther, hostLoopback:
	}
	c.rec.Service = ServiceDPS
	c.rec.Note = "no service has this host name or path"
	return (*call).notFound
}

func (c *call) notFound() reply {
	return c.refused(refuse(http.StatusNotFound, 404000, "The requested resource does not exist."))
}

func (c *call) wrongMethod() reply {
	return c.refused(refuse(http.StatusMethodNotAllowed, 405000, "The requested resource does not support http method '%s'.", c.r.Method))
}
