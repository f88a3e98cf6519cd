// Package dps is a client of Azure's Device Provisioning Service over HTTPS: it
// tells which IoT hub a device is assigned to, and registers the device where
// none is.
//
// One device:
//
//	key, err := dps.ParseKey(deviceKey) // base64, or groupKey.Derive(id)
//	fleet := dps.NewProvisioner(&dps.Client{IDScope: "0ne00000000"}, dps.Options{})
//	a, err := fleet.Assign(ctx, dps.Device{ID: "sensor-1", Key: key}, time.Time{})
//	// a.Hub and a.DeviceID say where its telemetry goes
//
// A [Client] makes single calls: [Client.Lookup], [Client.Register],
// [Client.Operation]. It never waits and never retries. A [Provisioner] is the
// policy above it, for one device or a million: it remembers assignments, asks
// before it registers, polls as DPS says, slows down when DPS throttles, lets
// one flight serve all who wait for a device, and resumes a registration that
// outlived its context.
//
// Every error of a call is an [*Error] whose Kind says what a program can do
// about it, or a [*PendingError] where the registration is still under way.
// Clients and provisioners are safe for concurrent use. Nothing here logs,
// reads the environment, or shows a key.
package dps
