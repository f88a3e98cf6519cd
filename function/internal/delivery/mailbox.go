package delivery

import (
	"context"

	"mayfly/httpsend"
	"mayfly/transform/downlink"
	"mayfly/transform/message"
)

// Mailbox is what waits for one device at its hub.
type Mailbox struct {
	hub    *httpsend.Client
	target httpsend.Target
}

// Mailbox opens what waits for the device of a message, at the hub that it was sent to. ok is false where that is not
// known: nothing is asked of DPS for this.
func (d *Deliverer) Mailbox(ctx context.Context, m *message.Message) (box *Mailbox, ok bool) {
	f := d.fleets[m.Fleet]
	if f == nil {
		return nil, false
	}
	a, known := f.provisioner.Cached(m.DeviceID)
	if !known {
		return nil, false
	}
	device, err := f.device(ctx, m)
	if err != nil {
		return nil, false
	}
	return &Mailbox{f.hub, target(device, a, batch{})}, true
}

// Receive locks the first message; nil where nothing waits.
func (b *Mailbox) Receive(ctx context.Context) (*downlink.Message, error) {
	r, err := b.hub.Receive(ctx, b.target)
	if err != nil || r == nil {
		return nil, err
	}
	return &downlink.Message{
		ID: r.MessageID, CorrelationID: r.CorrelationID, Sequence: r.SequenceNumber, DeliveryCount: r.DeliveryCount,
		Enqueued: r.Enqueued, Expiry: r.Expiry, ContentType: r.ContentType, ContentEncoding: r.ContentEncoding,
		System: r.System, Properties: r.Properties, Body: r.Body, LockToken: r.LockToken,
	}, nil
}

// Complete ends a message that was delivered.
func (b *Mailbox) Complete(ctx context.Context, lockToken string) error {
	return b.hub.Complete(ctx, b.target, lockToken)
}

// Abandon gives a message back.
func (b *Mailbox) Abandon(ctx context.Context, lockToken string) error {
	return b.hub.Abandon(ctx, b.target, lockToken)
}

// Reject ends a message that can never be delivered.
func (b *Mailbox) Reject(ctx context.Context, lockToken string) error {
	return b.hub.Reject(ctx, b.target, lockToken)
}
