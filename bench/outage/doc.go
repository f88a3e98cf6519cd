// Command outage drills durable mode with the built binary: the hub is down for a time, processes are killed meanwhile,
// and each sender sends every message once. It fails when a message is lost that was acknowledged, when one comes twice
// with another id, when the order of a device is not kept, or when a poisoned message does not become a dead letter.
//
//	go run ./bench/outage [-queue file|nats] [-mode fallback|always] [-instances 1] [-n 20000] [-devices 500]
//	  [-senders 32] [-down 60s] [-throttle 200] [-faults cut,503,429,hang] [-kills 20] [-poison 3] [-seed 17]
//
// Kills hit the processes at random, with -queue nats the server of the queue as well. Sending takes as long as the hub
// is down, and a ninth more. It measures no load: see bench/durable for that.
//
// Start reading at run.
package main
