// Package media reads bodies: JSON, NDJSON, forms, CSV, CBOR, MessagePack, SenML,
// CloudEvents, InfluxDB lines, XML, OTLP, text and bytes become values of one kind: nil,
// booleans, texts, numbers with every digit (json.Number), []any and
// map[string]any.
//
// It bounds how deep a body is nested and how many values it holds. It knows
// nothing of sources: what a value means is not its concern.
//
// Start reading at [Decode]. A new content type is a [Format], its media types in
// mediatype.go, and a function that Decode calls.
package media
