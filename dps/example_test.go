package dps_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mayfly/dps"
	"mayfly/emulator"
	"mayfly/httpsend"
)

// A device finds its hub, with a key that is derived from its group's, and sends
// one event there.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	azure, err := emulator.New(emulator.Config{AssignAtOnce: true}) // instead of the real one
	if err != nil {
		fmt.Println(err)
		return
	}

	group, err := dps.ParseKey(azure.GroupKey())
	if err != nil {
		fmt.Println(err)
		return
	}
	// A program that sends more than once keeps both: they remember.
	fleet := dps.NewProvisioner(&dps.Client{IDScope: azure.IDScope(), Transport: azure.RoundTripper()}, dps.Options{})
	hub := &httpsend.Client{Transport: azure.RoundTripper()}

	device := dps.Device{ID: "sensor-1", Key: group.Derive("sensor-1")}
	a, err := fleet.Assign(ctx, device)
	if err != nil {
		fmt.Println(err)
		return
	}
	target := httpsend.Target{Hub: a.Hub, DeviceID: a.DeviceID, Key: httpsend.Key(device.Key)}
	if err := hub.Send(ctx, target, httpsend.Event{Body: []byte(`{"temperature":21.5}`)}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("stored by", a.Hub)
	// Output: stored by hub-1.azure-devices.net
}

// A device with a certificate has no key. Both clients need an *http.Transport
// then, because the certificate belongs to the connection.
func ExampleDevice_certificate() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	azure, certificate, err := azureWithCertificate(ctx, "sensor-1") // instead of tls.LoadX509KeyPair
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = azure.Close() }()

	transport := azure.Transport() // instead of http.DefaultTransport
	defer transport.CloseIdleConnections()
	fleet := dps.NewProvisioner(&dps.Client{IDScope: azure.IDScope(), Transport: transport}, dps.Options{})
	a, err := fleet.Assign(ctx, dps.Device{ID: "sensor-1", Certificate: certificate})
	if err != nil {
		fmt.Println(err)
		return
	}
	hub := &httpsend.Client{Transport: transport}
	target := httpsend.Target{Hub: a.Hub, DeviceID: a.DeviceID, Certificate: certificate}
	fmt.Println(hub.Send(ctx, target, httpsend.Event{Body: []byte(`{"temperature":21.5}`)}))
	// Output: <nil>
}

// What a program does about a failure depends on its kind.
func ExampleKind() {
	azure, err := emulator.New(emulator.Config{AssignAtOnce: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	azure.Block("sensor-1")
	fleet := dps.NewProvisioner(&dps.Client{IDScope: azure.IDScope(), Transport: azure.RoundTripper()}, dps.Options{})
	group, err := dps.ParseKey(azure.GroupKey())
	if err != nil {
		fmt.Println(err)
		return
	}

	_, err = fleet.Assign(context.Background(), dps.Device{ID: "sensor-1", Key: group.Derive("sensor-1")})
	switch failed, _ := errors.AsType[*dps.Error](err); {
	case err == nil:
		fmt.Println("assigned")
	case errors.Is(err, dps.Refused), errors.Is(err, dps.Disabled), errors.Is(err, dps.NotEnrolled):
		fmt.Println("approve, enable or enroll", failed.Device)
	case errors.Is(err, dps.Unauthorized), errors.Is(err, dps.UnknownScope):
		fmt.Println("check the key, the ID scope and the clock")
	case errors.Is(err, dps.Misconfigured):
		fmt.Println("tell the operator of DPS:", failed.Repair)
	case failed.Retryable():
		fmt.Println("try again after", failed.RetryAfter)
	}
	// Output: approve, enable or enroll sensor-1
}
