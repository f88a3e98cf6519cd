package accepted

import (
	"encoding/json"
	"strconv"

	"mayfly/function/internal/results"
	"mayfly/transform"
)

// Answer is what the sender is told.
type Answer struct {
	Delivered int
	Accepted  int // stored in the queue, and not delivered yet
	Ignored   int
	Reduced   int      // readings that are in other messages, or have not changed
	Notes     []string // what was left out of the body, a sentence each
	Refused   int      // messages that can never be stored
	Results   []results.Result
	Commands  []byte // JSON: what waited for the device; nil: nothing did
}

// Text is the answer as JSON, a line of it.
func (a *Answer) Text() []byte {
	var b []byte
	if a.Delivered > 0 || a.Accepted == 0 {
		b = strconv.AppendInt([]byte(`{"delivered":`), int64(a.Delivered), 10)
	}
	switch {
	case a.Accepted > 0 && b == nil:
		b = strconv.AppendInt([]byte(`{"accepted":`), int64(a.Accepted), 10)
	case a.Accepted > 0:
		b = strconv.AppendInt(append(b, `,"accepted":`...), int64(a.Accepted), 10)
	}
	if a.Ignored > 0 {
		b = strconv.AppendInt(append(b, `,"ignored":`...), int64(a.Ignored), 10)
	}
	if a.Reduced > 0 {
		b = strconv.AppendInt(append(b, `,"reduced":`...), int64(a.Reduced), 10)
	}
	if len(a.Notes) > 0 {
		notes, _ := json.Marshal(a.Notes) // texts always marshal
		b = append(append(b, `,"notes":`...), notes...)
	}
	if a.Refused > 0 {
		b = strconv.AppendInt(append(b, `,"refused":`...), int64(a.Refused), 10)
		list, _ := json.Marshal(a.Results) // texts and numbers always marshal
		b = append(append(b, `,"results":`...), list...)
	}
	if a.Commands != nil {
		b = append(append(b, `,"commands":`...), a.Commands...)
	}
	return append(b, "}\n"...)
}

// Notes gives what the sender should know of what was delivered.
func Notes(notes []transform.Note) []string {
	var texts []string
	for _, n := range notes {
		if n.Kind.ForSender() {
			texts = append(texts, n.Text)
		}
	}
	return texts
}
