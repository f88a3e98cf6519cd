package delivery

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"mayfly/dps"
	"mayfly/function/internal/metrics"
	"mayfly/httpsend"
	"mayfly/internal/secret"
)

// measured counts what a fleet does.
type measured struct {
	fleet   string // its name in metrics
	metrics *metrics.Set
}

func newMeasured(fleet string, set *metrics.Set) measured {
	return measured{cmp.Or(fleet, "default"), set}
}

// assign finds the hub of a device that is not known.
func (f *fleet) assign(ctx context.Context, d dps.Device, b batch) (*dps.Assignment, error) {
	began := f.now()
	a, err := f.provisioner.AssignBy(ctx, d, b.answerBy)
	outcome := "found"
	switch {
	case err != nil:
		outcome = failureName(err)
	case a.Registered():
		outcome = "registered"
	}
	f.metrics.Add(metrics.Provisionings, 1, f.fleet, outcome)
	f.metrics.Observe(metrics.ProvisionDuration, f.now().Sub(began), f.fleet)
	return a, err
}

// reassign finds another hub for a device that its hub does not know.
func (f *fleet) reassign(ctx context.Context, d dps.Device, stale *dps.Assignment, b batch) (
	a *dps.Assignment, ok bool, err error,
) {
	began := f.now()
	a, ok, err = f.provisioner.Reassign(ctx, d, stale, b.answerBy)
	switch {
	case err != nil:
		f.metrics.Add(metrics.Provisionings, 1, f.fleet, failureName(err))
	case ok && a.Hub == stale.Hub:
		f.metrics.Add(metrics.Provisionings, 1, f.fleet, "registered")
	case ok:
		f.metrics.Add(metrics.Provisionings, 1, f.fleet, "moved")
	default:
		return a, ok, err // DPS was not asked
	}
	f.metrics.Observe(metrics.ProvisionDuration, f.now().Sub(began), f.fleet)
	return a, ok, err
}

// findMoved asks whether a device whose hub is silent has another one by now.
func (f *fleet) findMoved(ctx context.Context, d dps.Device, silent *dps.Assignment) (*dps.Assignment, bool) {
	// Where DPS cannot tell, the hub's silence stands as the failure.
	a, moved, _ := f.provisioner.FindMoved(ctx, d, silent)
	if moved {
		f.metrics.Add(metrics.Provisionings, 1, f.fleet, "moved")
	}
	return a, moved
}

// hinted counts a try at the hub where the others are.
func (f *fleet) hinted(err error) {
	outcome := "hit"
	switch {
	case notHere(err):
		outcome = "miss"
	case err != nil:
		outcome = failureName(err)
	}
	f.metrics.Add(metrics.HintTries, 1, f.fleet, outcome)
}

// sent counts a batch that went to a hub.
func (f *fleet) sent(hub string, took time.Duration, err error) {
	outcome := "stored"
	if err != nil {
		outcome = failureName(err)
	}
	f.metrics.Add(metrics.Sends, 1, hub, outcome)
	f.metrics.Observe(metrics.SendDuration, took, hub)
}

// failureName names a failure of DPS or of a hub, of which there are as many as kinds.
func failureName(err error) string {
	var fromDPS *dps.Error
	var fromHub *httpsend.Error
	var key *secret.Error
	switch {
	case errors.As(err, &fromHub):
		return kindName(fromHub.Kind)
	case errors.As(err, &fromDPS):
		return kindName(fromDPS.Kind)
	case errors.As(err, &key):
		return "key-unavailable"
	case errors.Is(err, context.DeadlineExceeded):
		return "out-of-time"
	}
	return "failed"
}

// kindName gives the text of a kind in the form of the other values: daily-quota-exceeded.
func kindName(kind error) string { return strings.ToLower(strings.ReplaceAll(kind.Error(), " ", "-")) }

// collect has the sizes of all fleets read when somebody asks for them.
func (d *Deliverer) collect(set *metrics.Set) {
	set.Collect(metrics.CacheEntries, func(to metrics.Setter) {
		for _, f := range d.fleets {
			p := f.provisioner.Stats()
			to(float64(p.Assignments), "assignments", f.fleet)
			to(float64(p.Refusals), "refusals", f.fleet)
			to(float64(p.Pending), "pending", f.fleet)
			to(float64(p.Checked), "checked", f.fleet)
			to(float64(f.hub.Stats().Tokens), "tokens", f.fleet)
			if f.dedup != nil {
				to(float64(f.dedup.stored.Len()), "message-ids", f.fleet)
			}
		}
		if d.limits != nil {
			to(float64(d.limits.buckets.Len()), "device-limits", "")
		}
	})
	set.Collect(metrics.TokensSigned, func(to metrics.Setter) {
		for _, f := range d.fleets {
			to(float64(f.hub.Stats().TokensSigned), f.fleet)
		}
	})
	set.Collect(metrics.CircuitOpen, func(to metrics.Setter) {
		open := map[string]float64{} // of fleets that share a hub, one is enough
		for _, f := range d.fleets {
			for hub, is := range f.hub.Stats().Open {
				if open[hub] += 0; is {
					open[hub] = 1
				}
			}
		}
		for hub, is := range open {
			to(is, hub)
		}
	})
}
