// Package connect makes what the packages below need of the configuration: the transports to DPS,
// the hubs and the receiver of telemetry, and the TLS of the plain server; the log and the tracer;
// the options of auth and delivery.
//
// It sends nothing. Start reading at Transports.
package connect
