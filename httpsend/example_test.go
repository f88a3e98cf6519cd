package httpsend_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mayfly/emulator"
	"mayfly/httpsend"
)

// device starts an emulator of IoT Hub that knows one device.
func device(id string) (*emulator.Emulator, httpsend.Target, error) {
	azure, err := emulator.New(emulator.Config{})
	if err != nil {
		return nil, httpsend.Target{}, err
	}
	azure.Provision(id, emulator.DefaultHub)
	key, err := httpsend.ParseKey(azure.DeviceKey(id))
	return azure, httpsend.Target{Hub: emulator.DefaultHub, DeviceID: id, Key: key}, err
}

// A device sends one event to the hub that it knows.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	azure, target, err := device("sensor-1")
	if err != nil {
		fmt.Println(err)
		return
	}
	hub := &httpsend.Client{Transport: azure.RoundTripper()} // without it: the real Azure

	err = hub.Send(ctx, target, httpsend.Event{
		Body:       []byte(`{"temperature":21.5}`),
		MessageID:  "2026-03-14-1", // tells a repetition from a new event
		Time:       time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC),
		Properties: map[string]string{"floor": "3"},
	})
	fmt.Println(err, len(azure.Events()))
	// Output: <nil> 1
}

// Many events of one device go as few batches, in order. At the first batch that
// fails, the error says how many events are stored.
func ExampleClient_Send_batch() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	azure, target, err := device("sensor-1")
	if err != nil {
		fmt.Println(err)
		return
	}
	hub := &httpsend.Client{Transport: azure.RoundTripper()}

	var events []httpsend.Event
	for i := range 1000 {
		events = append(events, httpsend.Event{Body: fmt.Appendf(nil, `{"n":%d}`, i), MessageID: fmt.Sprint(i)})
	}
	if err := hub.Send(ctx, target, events...); err != nil {
		failed, _ := errors.AsType[*httpsend.Error](err)
		events = events[failed.Stored:] // these are still to be sent
		fmt.Println(err, len(events))
		return
	}
	fmt.Printf("%d events in %d calls\n", len(azure.Events()), len(azure.Calls()))
	// Output: 1000 events in 1 calls
}

// What a program does about a failure depends on its kind.
func ExampleKind() {
	azure, target, err := device("sensor-1")
	if err != nil {
		fmt.Println(err)
		return
	}
	azure.DeleteFromHub("sensor-1")
	hub := &httpsend.Client{Transport: azure.RoundTripper()}

	err = hub.Send(context.Background(), target, httpsend.Event{Body: []byte("{}")})
	switch failed, _ := errors.AsType[*httpsend.Error](err); {
	case err == nil:
		fmt.Println("stored")
	case errors.Is(err, httpsend.NotHere):
		fmt.Println("ask DPS where", failed.Device, "is now")
	case errors.Is(err, httpsend.Invalid), errors.Is(err, httpsend.TooLarge):
		fmt.Println("the event cannot be sent as it is:", err)
	case failed.Retryable():
		fmt.Println("send again after", failed.RetryAfter)
	}
	// Output: ask DPS where sensor-1 is now
}
