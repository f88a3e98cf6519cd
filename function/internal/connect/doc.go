// Package connect makes the connections of the process: the transports to DPS and the hubs, and
// the TLS of the plain server; and its log.
//
// It sends nothing. Start reading at Transports.
package connect
