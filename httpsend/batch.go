package httpsend

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
)

// MaxBatch is the size of the largest batch request in bytes: what Microsoft's C
// and Java SDKs send at most (azure-iot-sdk-c, iothubtransporthttp.c).
const MaxBatch = 255<<10 - 1

// usualProperties is about what the properties of an event take in a batch.
const usualProperties = 256

// SendBatch sends several events of one device in one call. The hub stores all
// or none. Use Batches to keep each call under MaxBatch.
func (c *Client) SendBatch(ctx context.Context, t Target, events []Event) error {
	if len(events) == 1 {
		return c.Send(ctx, t, events[0])
	}
	size := 2
	for i := range events {
		size += base64.StdEncoding.EncodedLen(len(events[i].Body)) + usualProperties
	}
	body := make([]byte, 0, size)
	for i := range events {
		body = append(body, ",["[b2i(i == 0)])
		body = appendBatched(body, &events[i])
	}
	body = append(body, ']')
	return c.post(ctx, t, body, func(h http.Header) {
		h["Content-Type"] = []string{batchType}
	})
}

// Batches cuts events into runs, in order, that each fit one SendBatch. A single
// event that does not fit makes a run of its own, for Send to judge.
func Batches(events []Event) [][]Event {
	if len(events) == 1 {
		return [][]Event{events}
	}
	var runs [][]Event
	start, size := 0, 2
	for i := range events {
		own := batchedSize(&events[i])
		if i > start && size+own > MaxBatch {
			runs = append(runs, events[start:i])
			start, size = i, 2
		}
		size += own
	}
	if start < len(events) {
		runs = append(runs, events[start:])
	}
	return runs
}

// appendBatched appends one element of the documented batch format (azure-docs,
// iot-hub/iot-hub-devguide-messages-construct.md; the flag as the Java SDK
// writes it).
func appendBatched(b []byte, e *Event) []byte {
	b = append(b, `{"body":"`...)
	b = base64.StdEncoding.AppendEncode(b, e.Body)
	b = append(b, `","base64Encoded":true,"properties":{`...)
	first := true
	e.properties(func(name, value string) {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendString(b, name)
		b = append(b, ':')
		b = appendString(b, headerValue(value))
	})
	return append(b, "}}"...)
}

func appendString(b []byte, s string) []byte {
	if !plainText(s) {
		quoted, _ := json.Marshal(s) // a string always marshals
		return append(b, quoted...)
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// quotedSize is what appendString appends.
func quotedSize(s string) int {
	if !plainText(s) {
		return len(appendString(nil, s))
	}
	return len(s) + 2
}

// plainText tells whether s stands in JSON as it is.
func plainText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			return false
		}
	}
	return true
}

// batchedSize is what appendBatched writes, with a comma for each property and
// one for the event.
func batchedSize(e *Event) int {
	size := len(`{"body":"","base64Encoded":true,"properties":{}},`) + base64.StdEncoding.EncodedLen(len(e.Body))
	e.properties(func(name, value string) {
		size += quotedSize(name) + quotedSize(headerValue(value)) + 2
	})
	return size
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
