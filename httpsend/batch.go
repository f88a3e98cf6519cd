package httpsend

import (
	"encoding/base64"
	"encoding/json"
)

// MaxBatch is the size of the largest batch request in bytes: what Microsoft's C
// and Java SDKs send at most (azure-iot-sdk-c, iothubtransporthttp.c).
const MaxBatch = 255<<10 - 1

// Batches cuts events into runs, in order, that each fit one SendBatch. A single
// event that does not fit makes a run of its own, for Send to judge.
func Batches(events []Event) [][]Event {
	if len(events) == 1 {
		return [][]Event{events}
	}
	var runs [][]Event
	start, size := 0, len("]")
	for i := range events {
		own := batchedSize(&events[i])
		if i > start && size+own > MaxBatch {
			runs = append(runs, events[start:i])
			start, size = i, len("]")
		}
		size += own
	}
	if start < len(events) {
		runs = append(runs, events[start:])
	}
	return runs
}

// appendBatch appends the documented batch format (azure-docs,
// iot-hub/iot-hub-devguide-messages-construct.md; the flag as the Java SDK
// writes it).
func appendBatch(b []byte, events []Event) []byte {
	separator := byte('[')
	for i := range events {
		b = append(b, separator)
		b = appendBatched(b, &events[i])
		separator = ','
	}
	return append(b, ']')
}

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

// batchedSize is the size of one element in bytes, with the bracket or comma
// before it.
func batchedSize(e *Event) int {
	size := len(`,{"body":"","base64Encoded":true,"properties":{}}`) + base64.StdEncoding.EncodedLen(len(e.Body))
	size-- // the first property has no comma, and each event has properties
	e.properties(func(name, value string) {
		size += len(`:,`) + quotedSize(name) + quotedSize(headerValue(value))
	})
	return size
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

// quotedSize is the size of what appendString appends.
func quotedSize(s string) int {
	if !plainText(s) {
		return len(appendString(nil, s))
	}
	return len(s) + len(`""`)
}

// plainText reports whether s needs no escapes in a JSON string.
func plainText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			return false
		}
	}
	return true
}
