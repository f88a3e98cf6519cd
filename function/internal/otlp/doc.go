// Package otlp sends telemetry about the bridge itself to a receiver of OpenTelemetry's
// protocol over HTTP, in protobuf or JSON: what the exporters of traces and metrics have in
// common. The exporters of OpenTelemetry for Go are not used because they link gRPC, which
// costs a cold start 2 ms of 10, on or off; nor are the types that are generated from the protocol's
// definition, which cost half a millisecond: see message.go.
//
// [Environment] has the standard variables; what is wrong with one of them is a warning and
// never stops the bridge. A [Client] sends; a [Reporter] tells the operator of failures, once a
// minute at most.
//
// The package makes no telemetry, keeps no queue and starts no goroutine: the SDK's processors
// and readers do. It reads no OTLP; package transform/media/otlp does. Start reading at
// settings.go.
package otlp
