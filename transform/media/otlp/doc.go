// Package otlp reads the binary bodies of OTLP/HTTP (OpenTelemetry protocol, "OTLP/HTTP:
// Binary Protobuf Encoding") and writes its binary answers.
//
// [Decode] gives what the JSON encoding of the same request would be: names in lower
// camel case, 64-bit integers as decimal texts, ids in hex, other bytes in base64,
// enumerations as numbers. So one mapping serves both encodings.
//
// It knows the messages of opentelemetry-proto 1.x by a table (schema.go), which a test
// holds to the published descriptors. It checks nothing but the wire format: what a metric
// means is the mapping's concern. It has no generated code.
//
// Start reading at [Decode].
package otlp
