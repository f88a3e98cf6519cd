package function

import (
	"net/http"

	"mayfly/function/internal/requestlog"
)

// Finished is what became of a request, for a person who watches.
type Finished = requestlog.Finished

// outcome tells what became of the request.
func (rec *requestRecord) outcome(r *http.Request) *Finished {
	f := &Finished{
		Method: r.Method, Path: r.URL.Path, Source: rec.source,
		Delivered: rec.delivered, Repeated: rec.repeated, Ignored: rec.ignored, Reasons: rec.reasons,
		Commands: rec.commands.Len(),
	}
	if p := rec.problem; p != nil {
		f.Devices, f.Accepted = rec.deviceIDs(r), rec.accepted
		f.Status, f.Code, f.Title, f.Detail, f.Errors = p.Status, p.Code, p.Title, p.Detail, p.Errors
	}
	return f
}
