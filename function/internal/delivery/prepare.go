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
func (d *Deliverer) Prepare(ctx context.Context, messages []message.Message, answerBy time.Time) *Preparation {
	ctx, cancel := context.WithCancel(ctx)
	p := &Preparation{Deliverer: d, cancel: cancel}
	p.wg.Go(func() {
		var wg sync.WaitGroup
		defer wg.Wait()
		places := make(chan struct{}, maxDevicesAtOnce)
		for _, indexes := range byDevice(messages) {
			m := &messages[indexes[0]]
			f := d.fleets[m.Fleet]
			if !f.unknown(m.DeviceID) {
				continue
			}
			select {
			case places <- struct{}{}:
			case <-ctx.Done():
				return
			}
			wg.Go(func() {
				defer func() { <-places }()
				p.assign(ctx, f, m, answerBy)
			})
		}
	})
	return p
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
