// Package emulator is the Device Provisioning Service and any number of IoT hubs on this machine: their device HTTPS
// APIs, as strict as Azure's, with faults on demand and a record of everything that happened. It is for tests of any
// program that speaks to Azure IoT over HTTPS, in Go or not.
//
// # In a test
//
//	e := emulator.Start(t, emulator.Config{})
//	deliver(e.Client(), e.IDScope(), e.GroupKey(), "dev-1") // your code, at Azure's own host names
//	events := e.ExpectEvents(t, 1)
//
// [Start] listens on free ports and is closed with the test; any number of emulators run side by side, because there is
// no global state. [Emulator.Transport] connects every Azure host name to the emulator and trusts its CA, so the code
// under test keeps the production names. Inside a testing/synctest bubble use [New] and [Emulator.RoundTripper], which
// need no sockets and no goroutines; waiting then takes no time.
//
// Without configuration there is one enrollment group of symmetric keys ([DefaultGroupKey]) and one hub ([DefaultHub]).
// [Emulator.Provision], [Emulator.Move], [Emulator.Block] and similar methods decide what happens to a device; a device
// that does not exist yet is created. [Emulator.AddFault] makes calls fail: a share of them or a number of them, before
// or after an event was stored. The draw is seeded by [Config.Seed] and does not depend on the order of goroutines.
//
// # The record
//
// [Emulator.Events] are the messages that hubs have stored, with the bytes of their bodies as they were sent.
// [Emulator.Calls] are all calls, refused ones too; a call says in words why it was refused, which Azure does not.
// [Emulator.WaitEvents] waits; [Emulator.ExpectEvents] and [Emulator.ExpectCalls] fail a test that did not get what it
// expected. Both lists are bounded: [Config.EventLimit], [Config.CallLimit].
//
// # Other programs
//
// The HTTPS port serves DPS and hubs by the Host header, or by the path when it is called by address. For programs
// whose host names cannot be changed, the console port is a proxy for Azure's names:
//
//	curl -s http://127.0.0.1:7080/ca.pem > ca.pem
//	HTTPS_PROXY=http://127.0.0.1:7080 SSL_CERT_FILE=ca.pem your-program
//
// The console also shows the record (GET /events?device=dev-1&count=3&wait=5s), streams it (GET /stream), and accepts
// faults, device actions, messages to devices and clock settings. GET / lists it all, and docs/emulator.md describes
// it. It answers loopback Host names only.
//
// # What it follows
//
// The behavior follows Microsoft's documentation, API specifications and SDKs; the code names the source of each fact.
// What Azure refuses is refused, with Azure's codes in Azure's envelopes. Where no document says what Azure does, the
// call is accepted and noted in [Call.Lenient].
//
// Not there: MQTT and AMQP, twins, methods, TPM attestation, certificate signing requests, custom allocation, and the
// service APIs. Throttles of hubs and the daily quota are off until they are configured; those of DPS are on, with
// Azure's limits.
//
// All methods may be called concurrently. The emulator reads no environment and logs nothing but bugs of its own
// ([Config.ErrorLog]); it touches no files except in [Config.CADir].
//
// # Where to start reading
//
// serve.go has the way of a request: find the service, pick a fault, answer, record. The packages under internal each
// have one concern; every arrow points down:
//
//	emulator           configuration, faults around a call, in-memory and HTTP transports, the console's API
//	  dps              the device API of DPS           hub      the device API of hubs
//	  blob             the storage account behind a hub's file upload
//	    exchange       one request while it is answered
//	    fleet          devices, enrollments, hubs: what a registration or an operator changes
//	    fault          which calls go wrong            record   events and calls
//	      mailbox      cloud-to-device messages        throttle, ring, wire
//	  listen           ports, certificates, tunnels
//
// The page for browsers is package console, which only uses what is exported here.
package emulator
