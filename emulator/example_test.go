package emulator_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"mayfly/emulator"
)

// post sends one event as a device does, by the hub's production name.
func post(client *http.Client, e *emulator.Emulator, device, hub, body string) (int, error) {
	url := "https://" + hub + "/devices/" + device + "/messages/events?api-version=2021-04-12"
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", e.HubToken(device, hub, time.Hour))
	req.Header.Set("iothub-contenttype", "application/json")
	req.Header.Set("iothub-app-floor", "3")
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

func Example() {
	e, err := emulator.New(emulator.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	e.Provision("dev-1", emulator.DefaultHub) // as if it had registered before
	client := &http.Client{Transport: e.RoundTripper()}

	status, err := post(client, e, "dev-1", emulator.DefaultHub, `{"temperature":21.50}`)
	fmt.Println(status, err)
	for _, ev := range e.Events() {
		fmt.Printf("%s %s %v\n", ev.Device, ev.Body, ev.Properties)
	}
	// Output:
	// 204 <nil>
	// dev-1 {"temperature":21.50} map[floor:3]
}

func ExampleEmulator_AddFault() {
	e, err := emulator.New(emulator.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	e.Provision("dev-1", emulator.DefaultHub)
	client := &http.Client{Transport: e.RoundTripper()}

	// The first event is stored, and the device gets no answer.
	if _, err := e.AddFault(emulator.Fault{Endpoint: emulator.OpEvents, Count: 1, Cut: emulator.CutAfter}); err != nil {
		fmt.Println(err)
	}
	_, err = post(client, e, "dev-1", emulator.DefaultHub, `{"n":1}`)
	fmt.Println(err != nil, len(e.Events()))
	_, err = post(client, e, "dev-1", emulator.DefaultHub, `{"n":1}`)
	fmt.Println(err != nil, len(e.Events()))
	// Output:
	// true 1
	// false 2
}

func ExampleEmulator_Move() {
	e, err := emulator.New(emulator.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	e.Provision("dev-1", emulator.DefaultHub)
	e.Move("dev-1", "hub-2.azure-devices.net", emulator.OldHubDisabled())
	client := &http.Client{Transport: e.RoundTripper()}
	for _, hub := range []string{emulator.DefaultHub, "hub-2.azure-devices.net"} {
		status, err := post(client, e, "dev-1", hub, `{}`)
		fmt.Println(status, err)
	}
	for _, c := range e.Calls() {
		fmt.Println(c)
	}
	// Output:
	// 401 <nil>
	// 204 <nil>
	// hub events   dev-1 -> 401, hub hub-1.azure-devices.net, DEVICE_DISABLED, 401003
	// hub events   dev-1 -> 204, hub hub-2.azure-devices.net
}

func ExampleEmulator_LoadFaults() {
	e, err := emulator.New(emulator.Config{Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	ids, err := e.LoadFaults(strings.NewReader(`[
		{"endpoint": "register", "share": 0.2, "status": 429, "retryAfter": "10s"},
		{"endpoint": "send", "skip": 5, "count": 1, "hang": true}
	]`))
	fmt.Println(ids, err)
	// Output: [fault-1 fault-2] <nil>
}
