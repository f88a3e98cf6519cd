// Package downlink is a cloud-to-device message as the senders of telemetry can take it: what it is called, its
// payload as JSON, its bytes, its LoRaWAN port.
//
// It is pure: package httpsend receives such messages, and whoever starts from there decides where they go. A codec's
// encoder is in package codec. Start reading at [Message].
package downlink
