package answer

import (
	"strconv"
	"strings"
)

// Report is what became of a request; answers are made of it.
type Report struct {
	Class                       Class
	Delivered, Ignored, Refused int
	Accepted                    int // stored in a queue, and not delivered yet
	// Status, Code, Detail and Retryable are those of the failure that the answer tells of;
	// zero when there is none.
	Status    int
	Code      string
	Detail    string
	Retryable bool
	Parts     []Part
}

// Part is what became of one message of a request, or of a part of its body that makes
// none.
type Part struct {
	Index     int    // of the part in the body, counted from 0
	Line      int    // of a line that cannot be read, counted from 1; else 0
	DeviceID  string // empty where there is none, or where it is a secret
	MessageID string
	Values    int // the members of its measurements
	Status    int // 200 when it is stored, 202 when a queue has stored it
	Code      string
	Detail    string
	Retryable bool
}

// value is a report as $outcome shows it.
func (o *Report) value() any {
	parts := make([]any, len(o.Parts))
	for i := range o.Parts {
		p := &o.Parts[i]
		part := map[string]any{
			"index": p.Index, "deviceId": orNull(p.DeviceID), "messageId": orNull(p.MessageID), "values": p.Values,
			"status": p.Status, "stored": p.stored(), "retryable": p.Retryable,
			"code": orNull(p.Code), "detail": orNull(p.Detail), "line": nil,
		}
		if p.Line > 0 {
			part["line"] = p.Line
		}
		parts[i] = part
	}
	return map[string]any{
		"delivered": o.Delivered, "accepted": o.Accepted, "ignored": o.Ignored, "refused": o.Refused,
		"status": o.Status,
		"code":   orNull(o.Code), "detail": orNull(o.Detail), "retryable": o.Retryable, "parts": parts,
		"summary": orNull(o.summary()),
	}
}

// maxSummarized bounds how many parts a summary tells of.
const maxSummarized = 5

// summary tells in one line what is not stored, and why.
func (o *Report) summary() string {
	if len(o.Parts) < 2 {
		return o.Detail
	}
	var texts []string
	more := 0
	for i := range o.Parts {
		switch p := &o.Parts[i]; {
		case p.stored():
		case len(texts) == maxSummarized:
			more++
		case p.DeviceID != "" && !strings.Contains(p.Detail, p.DeviceID):
			texts = append(texts, p.DeviceID+": "+p.Detail)
		default:
			texts = append(texts, p.Detail)
		}
	}
	if more > 0 {
		texts = append(texts, "and "+strconv.Itoa(more)+" more")
	}
	return strings.Join(texts, "; ")
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// The statuses of parts that are stored: by the hub, or by a queue.
const (
	statusStored = 200
	statusQueued = 202
)

func (p *Part) stored() bool { return p.Status == statusStored || p.Status == statusQueued }
