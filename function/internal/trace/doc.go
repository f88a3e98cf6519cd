// Package trace makes the spans of requests: one per request, with children for its steps and
// for the calls to DPS and hubs, by OpenTelemetry's SDK. It takes a trace's context from the
// sender and hands it on.
//
// A nil [Tracer] makes nothing and costs nothing; [New] returns nil where nobody wants traces.
// Spans are exported in batches beside the requests, on Lambda before each answer. Whatever the
// receiver does, a request waits for it 200 ms at most, and only on Lambda; what does not fit
// into the queue is lost.
//
// What a sender writes into its trace context is not believed further than a library can: it is
// bounded, and who has not shown a credential can have only some requests sampled: see
// sampler.go.
//
// Spans have ids of devices, and nothing of bodies and credentials. The package sends nothing
// itself: package otlp does. Start reading at tracer.go.
package trace
