package function

import (
	"net/http"

	"mayfly/function/internal/problem"
	"mayfly/transform/message"
)

// Finished is what became of a request, for a person who watches: unlike the log it shows
// what the body held. Its texts are as the sender wrote them, control characters included.
type Finished struct {
	Method, Path string
	Source       string   // empty where none was found
	Devices      []string // that a problem is about, the first ones
	Delivered    int
	Repeated     int // stored before, and not sent again
	Ignored      int
	Reasons      []string // why parts were ignored

	Status   int // of the problem; 0 without one
	Code     problem.Code
	Title    string // of the code
	Detail   string
	Errors   []message.FieldError
	Accepted bool // the problem was answered 2xx
}

// outcome tells what became of the request.
func (rec *requestRecord) outcome(r *http.Request) *Finished {
	f := &Finished{
		Method: r.Method, Path: r.URL.Path, Source: rec.source,
		Delivered: rec.delivered, Repeated: rec.repeated, Ignored: rec.ignored, Reasons: rec.reasons,
	}
	if p := rec.problem; p != nil {
		f.Devices, f.Accepted = rec.deviceIDs(r), rec.accepted
		f.Status, f.Code, f.Title, f.Detail, f.Errors = p.Status, p.Code, p.Title, p.Detail, p.Errors
	}
	return f
}
