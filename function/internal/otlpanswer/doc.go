// Package otlpanswer writes the answers to senders of OTLP in protobuf where they asked in
// protobuf.
//
// It makes no answers: it turns those that are JSON. Start reading at Writer.
package otlpanswer
