package results

import (
	"encoding/json"
	"strconv"

	"mayfly/function/internal/problem"
)

// Result is how one message of a batch fared.
type Result struct {
	DeviceID  string       `json:"deviceId,omitempty"` // empty where there is none, and in very long answers
	Line      int          `json:"line,omitempty"`     // of the body, where that line cannot be read
	Status    int          `json:"status"`             // 200 when it is stored, 202 when the queue has it
	Code      problem.Code `json:"code,omitempty"`
	Retryable bool         `json:"retryable,omitempty"`
	Detail    string       `json:"detail,omitempty"`
}

// maxResults bounds the results of an answer, in bytes. Load balancers of AWS take 1 MB
// from a function, in which every quote of the answer is two bytes (Elastic Load
// Balancing, "Lambda functions as targets"); Lambda itself takes 6 MB.
const maxResults = 400 << 10

// Shorten keeps the results of a batch below maxResults. Every message keeps its place
// and its status; of the others first the messages that are stored lose their device ids,
// then the last of those that are not stored their details, ids and codes.
func Shorten(results []Result) []Result {
	size := 0
	for i := range results {
		size += encodedSize(&results[i])
	}
	if size <= maxResults {
		return results
	}
	short := make([]Result, len(results))
	left := maxResults
	for i := range results {
		short[i] = Result{Status: results[i].Status}
		left -= encodedSize(&short[i])
	}
	for _, add := range []func(from, to *Result){
		func(from, to *Result) { to.Code, to.Retryable, to.Line = from.Code, from.Retryable, from.Line },
		func(from, to *Result) {
			if from.Code != "" {
				to.DeviceID = from.DeviceID
			}
		},
		func(from, to *Result) { to.Detail = from.Detail },
		func(from, to *Result) { to.DeviceID = from.DeviceID },
	} {
		for i := range results {
			longer := short[i]
			add(&results[i], &longer)
			if more := encodedSize(&longer) - encodedSize(&short[i]); more > 0 && more <= left {
				short[i] = longer
				left -= more
			}
		}
	}
	return short
}

// encodedSize is how long a result is as JSON, with the comma after it.
func encodedSize(r *Result) int {
	if r.Code == "" && r.Detail == "" && r.Line == 0 { // nearly all
		size := len(`{"status":},`) + len(strconv.Itoa(r.Status))
		if r.DeviceID != "" {
			size += len(`"deviceId":"",`) + len(r.DeviceID)
		}
		return size
	}
	text, _ := json.Marshal(r) // texts and numbers always marshal
	return len(text) + 1
}

// Members counts the members of a JSON object.
func Members(object []byte) int {
	var m map[string]json.RawMessage
	_ = json.Unmarshal(object, &m) // what is not an object has none
	return len(m)
}
