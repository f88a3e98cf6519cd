package function

import (
	"errors"
	"net/http"

	"mayfly/transform/message"
)

// resultsOf tells how each message of a batch fared.
func resultsOf(d *decoded, problems []*Problem) []Result {
	out := make([]Result, len(problems))
	for i, p := range problems {
		it := &d.items[i]
		one := Result{Line: it.line, Status: http.StatusOK}
		if it.message >= 0 {
			one.DeviceID = d.messages[it.message].DeviceID
		}
		if it.queued {
			one.Status = http.StatusAccepted
		}
		if p != nil {
			one.Status, one.Code, one.Retryable, one.Detail = p.Status, p.Code, p.Retryable, p.Detail
			if wrong, ok := errors.AsType[*message.Error](it.err); ok {
				one.Detail = message.Shorten(wrong.Error())
			}
		}
		out[i] = one
	}
	return out
}

// fieldErrors puts the fields that are wrong in the messages of a batch into one list,
// and the lines that cannot be read.
func fieldErrors(problems []*Problem) []message.FieldError {
	var fields []message.FieldError
	for _, p := range problems {
		if p != nil {
			fields = append(fields, p.Errors...)
		}
	}
	return fields[:min(len(fields), message.MaxFieldErrors)]
}
