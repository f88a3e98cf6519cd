package function

import (
	"cmp"
	"context"
	"net/http"

	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/trace"
)

// startSpan begins the span of a request, once it is known whether its sender has a credential.
func (s *Service) startSpan(r *http.Request, rec *requestRecord) *http.Request {
	r, rec.span = s.tracer.Start(r, rec.arrived, rec.caller != nil || s.config.Auth == policy.ModePlatform)
	return r
}

// endSpan ends the span of a request, and gives the context of its log record.
func (s *Service) endSpan(ctx context.Context, rec *requestRecord, r *http.Request) context.Context {
	if s.tracer == nil || rec.silent() {
		return ctx
	}
	o := &trace.Outcome{
		Status: cmp.Or(rec.status.Code, http.StatusOK), Source: rec.source,
		Delivered: rec.delivered, Accepted: rec.queued, Ignored: rec.ignored, Refused: rec.refused,
		Repeated: rec.repeated,
	}
	if rec.caller != nil {
		o.Caller = rec.caller.Name
	}
	if rec.problem != nil {
		o.Code, o.Devices = string(rec.problem.Code), rec.deviceIDs(r)
	}
	ctx, rec.span = s.tracer.End(ctx, rec.span, r, rec.arrived, o)
	return ctx
}
