package httpsend_test

import (
	"context"
	"fmt"
	"time"

	"mayfly/emulator"
	"mayfly/httpsend"
)

// A device takes what waits for it. It completes a message after it has acted on it.
func ExampleClient_Receive() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	azure, target, err := device("valve-1")
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = azure.SendToDevice("valve-1", emulator.Message{Command: "open", Body: []byte("80")})
	hub := &httpsend.Client{Transport: azure.RoundTripper()} // without it: the real Azure

	m, err := hub.Receive(ctx, target)
	if err != nil || m == nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d: %s %s\n", m.SequenceNumber, m.Properties["method-name"], m.Body)
	fmt.Println(hub.Complete(ctx, target, m.LockToken))
	// Output:
	// 1: open 80
	// <nil>
}
