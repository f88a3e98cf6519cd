package otlp

import (
	"encoding/json"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// MediaType is that of the binary encoding.
const MediaType = "application/x-protobuf"

// Response writes the answer to an export request in protobuf: ExportMetricsServiceResponse,
// and those of traces and logs, which differ in names only. text is the answer in JSON. What
// is not of this answer is left out; a text that is not an object makes an empty answer, which
// means full success.
func Response(text []byte) []byte {
	var answer struct {
		PartialSuccess *struct {
			DataPoints   json.RawMessage `json:"rejectedDataPoints"`
			Spans        json.RawMessage `json:"rejectedSpans"`
			LogRecords   json.RawMessage `json:"rejectedLogRecords"`
			ErrorMessage string          `json:"errorMessage"`
		} `json:"partialSuccess"`
	}
	if json.Unmarshal(text, &answer) != nil || answer.PartialSuccess == nil {
		return nil
	}
	var partial []byte
	for _, count := range []json.RawMessage{
		answer.PartialSuccess.DataPoints, answer.PartialSuccess.Spans, answer.PartialSuccess.LogRecords,
	} {
		if n := number(count); n > 0 {
			partial = protowire.AppendTag(partial, 1, protowire.VarintType)
			partial = protowire.AppendVarint(partial, uint64(n))
			break
		}
	}
	if answer.PartialSuccess.ErrorMessage != "" {
		partial = protowire.AppendTag(partial, 2, protowire.BytesType)
		partial = protowire.AppendString(partial, answer.PartialSuccess.ErrorMessage)
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), partial)
}

// number reads an integer as JSON has it: a number, or a text of one.
func number(raw json.RawMessage) int64 {
	digits := string(raw)
	if text, err := strconv.Unquote(digits); err == nil {
		digits = text
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Status writes a failure in protobuf, as google.rpc.Status: httpStatus is that of the
// answer, text says what is wrong (OTLP specification, "OTLP/HTTP Response": failures).
func Status(httpStatus int, text string) []byte {
	out := protowire.AppendTag(nil, 1, protowire.VarintType)
	out = protowire.AppendVarint(out, rpcCode(httpStatus))
	out = protowire.AppendTag(out, 2, protowire.BytesType)
	return protowire.AppendString(out, text)
}

// rpcCode gives the code of google.rpc (google/rpc/code.proto) for an HTTP status.
func rpcCode(status int) uint64 {
	switch status {
	case 401:
		return 16 // UNAUTHENTICATED
	case 403:
		return 7 // PERMISSION_DENIED
	case 404:
		return 5 // NOT_FOUND
	case 405:
		return 12 // UNIMPLEMENTED
	case 429:
		return 8 // RESOURCE_EXHAUSTED
	case 502, 503:
		return 14 // UNAVAILABLE
	case 504:
		return 4 // DEADLINE_EXCEEDED
	}
	if status >= 500 {
		return 13 // INTERNAL
	}
	return 3 // INVALID_ARGUMENT
}
