package downlink

import (
	"context"

	"mayfly/transform/downlink"
)

// Outcome is what becomes of a message that was handed to a [Deliverer].
type Outcome int

// The outcomes.
const (
	// Delivered: the message is where it was to go. The hub is told that it is complete.
	Delivered Outcome = iota + 1
	// Reject: the message can never go there. The hub is told so, and so is the message's sender.
	Reject
	// Retry: it may go there later. The message is given back to the hub.
	Retry
)

// Result is an outcome with what the log tells of it.
type Result struct {
	Outcome Outcome
	Reason  string // of another outcome than Delivered; without payloads and secrets
}

// Deliverer takes a locked message to where it goes. It has to end with ctx.
type Deliverer interface {
	Deliver(ctx context.Context, m *downlink.Message) Result
}

// Due tells whether the hub is to be asked for a device now, and remembers that it is.
func (d *Dispatcher) Due(ask *Ask) bool { return d.due(ask) }

// Push delivers what waits for a device, one message after the other, as far as it is due and there is time. It stops
// at a message that has to be delivered again, so that order is kept, and tells how many were delivered.
func (d *Dispatcher) Push(ctx context.Context, ask *Ask, to Deliverer) (delivered int) {
	if !d.due(ask) {
		return 0
	}
	release, ok := d.turns.enter(ctx, ask)
	if !ok {
		return 0
	}
	defer release()
	rejected := 0
	for delivered < max(ask.Max, 1) && rejected < maxRejected {
		m := d.receive(ctx, ask)
		if m == nil {
			break
		}
		result := to.Deliver(ctx, m)
		settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
		d.settle(settling, ask, m, result)
		cancel()
		switch result.Outcome {
		case Delivered:
			delivered++
		case Reject:
			rejected++
		default:
			return delivered
		}
	}
	return delivered
}
