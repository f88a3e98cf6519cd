// Package dps is a client of Azure's Device Provisioning Service (DPS) over
// HTTPS: it finds the IoT hub that a device is assigned to, and registers the
// device where there is none.
//
// A [Provisioner] is what most programs want, for one device or a million. It
// remembers assignments, looks a device up before it registers it, polls as DPS
// asks, slows down when DPS throttles, shares one registration between all who
// wait for the same device, and resumes a registration that outlived its
// context:
//
//	key, err := dps.ParseKey(text) // base64; of a group: groupKey.Derive(id)
//	fleet := dps.NewProvisioner(&dps.Client{IDScope: "0ne00000000"}, dps.Options{})
//	a, err := fleet.Assign(ctx, dps.Device{ID: "sensor-1", Key: key})
//	// a.Hub and a.DeviceID say where its telemetry goes
//
// A [Client] makes the single calls: [Client.Lookup], [Client.Register] and
// [Client.Operation]. It never waits and never retries.
//
// # Errors
//
// Every error of a call is an [*Error]. Its [Kind] says what a program can do
// about it and works with errors.Is, as in errors.Is(err, dps.Refused);
// [Error.Retryable] and RetryAfter say whether and when the same call is worth
// another try. The example of Kind shows what to do about which.
//
// # Hooks for a long-running service
//
// A service that forwards the messages of many devices learns things that DPS
// does not tell: that a hub accepted an event, or does not know the device any
// more. It reports them by [Provisioner.Remember], [Assignment.Confirm],
// [Provisioner.FindMoved], [Provisioner.Settling] and [Provisioner.Reassign], and
// bounds its waits by [Provisioner.AssignBy]. A device program needs none of these.
//
// # Limits
//
// The package sends no telemetry: see package httpsend, whose Key converts from
// [Key]. It neither logs nor reads the environment, and no error, log or
// document shows a key. Clients and provisioners are safe for concurrent use.
//
// To read the source, start at provisioner.go; poll.go waits for a registration,
// gate.go paces calls when DPS throttles, client.go and answer.go speak the
// protocol, judge.go tells whose fault a failed registration is.
package dps
