// Package mtls makes an HTTP transport present a device's client certificate.
//
// With X.509 the identity belongs to the connection, so such a connection serves
// one device and is closed after the call. The server may ask for the certificate
// in the first handshake or, once, by renegotiation. The package reads no
// certificates and verifies none. Start reading at [Transport].
package mtls
