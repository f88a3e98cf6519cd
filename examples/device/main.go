package main

import (
	"context"
	"log"
	"os"
	"time"

	"mayfly/dps"
	"mayfly/httpsend"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	id := os.Getenv("DEVICE_ID")
	key, err := dps.ParseKey(os.Getenv("DEVICE_KEY"))
	if err != nil {
		log.Fatal("DEVICE_KEY: ", err)
	}

	// A program that sends more than once keeps both: they remember assignments and connections.
	provisioner := dps.NewProvisioner(&dps.Client{IDScope: os.Getenv("ID_SCOPE")}, dps.Options{})
	hub := &httpsend.Client{}

	assigned, err := provisioner.Assign(ctx, dps.Device{ID: id, Key: key})
	if err != nil {
		log.Fatal(err)
	}
	target := httpsend.Target{Hub: assigned.Hub, DeviceID: assigned.DeviceID, Key: httpsend.Key(key)}
	event := httpsend.Event{Body: []byte(`{"temperature":21.5}`), Time: time.Now()}
	if err := hub.Send(ctx, target, event); err != nil {
		log.Fatal(err)
	}
	log.Printf("stored by %s", assigned.Hub)
}
