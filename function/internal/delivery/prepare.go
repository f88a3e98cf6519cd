package delivery

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"mayfly/function/internal/requestlog"
	"mayfly/transform/message"
)

// Preparation finds the hubs of devices while their messages are not ready to be sent yet.
type Preparation struct {
	*Deliverer
	cancel context.CancelFunc
	wg     sync.WaitGroup
	over   atomic.Bool
}

// Prepare begins to find the hubs of the devices that Deliver would ask DPS for. What fails, fails again in Deliver,
// which tells. answerBy is when the sender of the messages stops waiting. End has to be called.
func (d *Deliverer) Prepare(ctx context.Context, messages []*message.Message, answerBy time.Time) *Preparation {
	ctx, cancel := context.WithCancel(ctx)
	p := &Preparation{Deliverer: d, cancel: cancel}
	devices := unknownDevices(d, messages)
	if len(devices) == 0 {
		return p
	}
	p.wg.Go(func() {
		var wg sync.WaitGroup
		defer wg.Wait()
		places := make(chan struct{}, maxDevicesAtOnce)
		for _, m := range devices {
			select {
			case places <- struct{}{}:
			case <-ctx.Done():
				return
			}
			wg.Go(func() {
				defer func() { <-places }()
				p.assign(ctx, d.fleets[m.Fleet], m, answerBy)
			})
		}
	})
	return p
}

// unknownDevices gives what of a message says whose it is, once for each device without a known hub. The messages
// themselves change meanwhile.
func unknownDevices(d *Deliverer, messages []*message.Message) []*message.Message {
	var devices []*message.Message
	seen := map[string]bool{}
	for _, m := range messages {
		if id := m.Fleet + "\x00" + m.DeviceID; !seen[id] && d.fleets[m.Fleet].unknown(m.DeviceID) {
			seen[id] = true
			devices = append(devices, &message.Message{
				DeviceID: m.DeviceID, Fleet: m.Fleet, ModelID: m.ModelID, GatewayID: m.GatewayID,
			})
		}
	}
	return devices
}

// unknown tells whether a device has no hub that would be tried without a call to DPS.
func (f *fleet) unknown(id string) bool {
	_, known := f.provisioner.Cached(id)
	_, hinted := f.hint.try()
	return !known && !hinted
}

func (p *Preparation) assign(ctx context.Context, f *fleet, m *message.Message, answerBy time.Time) {
	defer func() {
		if v := recover(); v != nil { // nobody else would catch it here
			requestlog.Panic(ctx, p.log, v)
		}
	}()
	d, err := f.device(ctx, m)
	if err != nil {
		return
	}
	a, err := f.provisioner.AssignBy(ctx, d, answerBy)
	if err == nil && !p.over.Load() { // else Deliver has waited for the same, and has learned
		f.hint.learn(a.Hub, !a.Registered())
	}
}

// Over says that Deliver comes now.
func (p *Preparation) Over() { p.over.Store(true) }

// End gives up what has not been found.
func (p *Preparation) End() {
	p.cancel()
	p.wg.Wait()
}
