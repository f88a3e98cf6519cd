package function

import (
	"net/http"

	"mayfly/function/internal/failure"
	"mayfly/function/internal/requestlog"
	"mayfly/function/internal/results"
)

// Problem is the answer to a request that failed (RFC 9457).
type Problem = failure.Problem

// Result is how one message of a batch fared.
type Result = results.Result

// Finished is what became of a request, for a person who watches.
type Finished = requestlog.Finished

// outcome tells what became of the request.
func (rec *requestRecord) outcome(r *http.Request) *Finished {
	f := &Finished{
		Method: r.Method, Path: r.URL.Path, Source: rec.source,
		Delivered: rec.delivered, Queued: rec.queued, Repeated: rec.repeated, Ignored: rec.ignored,
		Reasons: rec.reasons, Commands: rec.commands.Len(), Messages: len(rec.messages), Devices: rec.deviceIDs(r),
		Notes: rec.noted,
	}
	if rec.caller != nil {
		f.Caller = rec.caller.Name
	}
	if p := rec.problem; p != nil {
		f.Accepted = rec.accepted
		f.Status, f.Code, f.Title, f.Detail, f.Errors = p.Status, p.Code, p.Title, p.Detail, p.Errors
	}
	return f
}
