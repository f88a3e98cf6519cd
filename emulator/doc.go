// Package emulator is the Device Provisioning Service and any number of IoT hubs on this machine: their device HTTPS
// APIs, as strict as Azure's, with faults on demand and a record of all that happened. It is for tests of whatever
// speaks to Azure IoT over HTTPS, in Go or not.
//
// # In a test
//
//	e := emulator.Start(t, emulator.Config{})
//	deliver(e.Client(), e.IDScope(), e.GroupKey(), "dev-1") // your code, at Azure's own host names
//	events := e.ExpectEvents(t, 1)
//
// [Start] listens on free ports and is closed with the test; any number of emulators run side by side, for there is no
// global state. [Emulator.Transport] leads every Azure host name to the emulator and trusts its CA, so the code under
// test keeps the production names. Inside a testing/synctest bubble use [New] and [Emulator.RoundTripper], which need no
// sockets and no goroutines; waiting then costs no time.
//
// Without configuration there is one enrollment group of symmetric keys ([DefaultGroupKey]) and one hub ([DefaultHub]).
// [Emulator.Provision], [Emulator.Move], [Emulator.Block] and their like decide what becomes of a device; those that do
// not exist yet are made. [Emulator.AddFault] lets calls fail: a share of them or some, before or after an event was
// stored. The draw is seeded by [Config.Seed] and does not depend on how goroutines take turns.
//
// # The record
//
// [Emulator.Events] are the messages that hubs have stored, with the bytes of their bodies as they came.
// [Emulator.Calls] are all calls, refusals too; a call says in words why it was refused, which Azure does not.
// [Emulator.WaitEvents] waits, [Emulator.ExpectEvents] and [Emulator.ExpectCalls] end a test that did not get what it
// wanted. Both lists are rings: [Config.EventLimit], [Config.CallLimit].
//
// # Other programs
//
// The HTTPS port serves DPS and hubs by the Host header, or by the path when it is called by address. For programs whose
// host names cannot be changed, the console port is a proxy for Azure's names:
//
//	curl -s http://127.0.0.1:7080/ca.pem > ca.pem
//	HTTPS_PROXY=http://127.0.0.1:7080 SSL_CERT_FILE=ca.pem your-program
//
// The console also shows the record (GET /events?device=dev-1&count=3&wait=5s), streams it (GET /stream), and takes
// faults, device actions, messages to devices and clock settings; GET / lists it all. It answers loopback Host names only.
//
// # What it holds to
//
// The behaviour follows Microsoft's documentation, API specifications and SDKs; the code names the source of each fact.
// What Azure refuses is refused, with Azure's codes in Azure's envelopes. Where no document says what Azure does, the
// call passes and is marked in [Call.Lenient].
//
// Not there: MQTT and AMQP, twins, methods, TPM attestation, certificate signing requests, custom allocation, and the
// service APIs. Throttles of hubs and the daily quota are off until they are configured; those of DPS are on, with
// Azure's figures.
//
// All methods may be called concurrently. The emulator reads no environment and logs nothing but its own bugs
// ([Config.ErrorLog]); of the file system it touches [Config.CADir] only.
package emulator
