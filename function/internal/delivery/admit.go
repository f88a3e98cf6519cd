package delivery

import (
	"context"

	"mayfly/transform/message"
)

// Admit checks messages that are stored to be delivered later: the rate of their devices, and whether DPS has refused
// a device a short while ago. Nobody is asked. There is one error for each message; nil: it may be stored.
func (d *Deliverer) Admit(ctx context.Context, messages []message.Message) []error {
	out := make([]error, len(messages))
	for _, indexes := range byDevice(messages) {
		first := &messages[indexes[0]]
		err := d.refusal(ctx, first)
		if err == nil {
			err = d.limits.admit(ctx, first, d.now(), len(indexes))
		}
		for _, i := range indexes {
			out[i] = err
		}
	}
	return out
}

func (d *Deliverer) refusal(ctx context.Context, m *message.Message) error {
	f := d.fleets[m.Fleet]
	if f == nil || !f.provisioner.HasRefusals() {
		return nil
	}
	device, err := f.device(ctx, m)
	if err != nil {
		return nil //nolint:nilerr // a key that cannot be read now may be read when the message is delivered
	}
	return f.provisioner.Refused(device)
}

// HubOf gives the hub that a device would be tried at first; empty where DPS would be asked.
func (d *Deliverer) HubOf(m *message.Message) string {
	f := d.fleets[m.Fleet]
	if f == nil {
		return ""
	}
	if a, known := f.provisioner.Cached(m.DeviceID); known {
		return a.Hub
	}
	if hub, hinted := f.hint.try(); hinted {
		return hub
	}
	return ""
}
