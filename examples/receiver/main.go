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
	provisioner := dps.NewProvisioner(&dps.Client{IDScope: os.Getenv("ID_SCOPE")}, dps.Options{})
	assigned, err := provisioner.Assign(ctx, dps.Device{ID: id, Key: key})
	if err != nil {
		log.Fatal(err)
	}
	hub := &httpsend.Client{}
	target := httpsend.Target{Hub: assigned.Hub, DeviceID: assigned.DeviceID, Key: httpsend.Key(key)}
	for {
		m, err := hub.Receive(ctx, target)
		if err != nil {
			log.Fatal(err)
		}
		if m == nil {
			return // nothing waits
		}
		log.Printf("%d: %s %s", m.SequenceNumber, m.Properties["method-name"], m.Body)
		done := httpsend.Event{Body: []byte(`{"done":true}`), CorrelationID: m.MessageID}
		if err := hub.Send(ctx, target, done); err != nil {
			log.Fatal(err) // the message comes again when its lock ends
		}
		if err := hub.Complete(ctx, target, m.LockToken); err != nil {
			log.Fatal(err)
		}
	}
}
