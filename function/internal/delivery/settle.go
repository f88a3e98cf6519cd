package delivery

import (
	"context"
	"errors"
	"net/http"
	"time"

	"mayfly/dps"
	"mayfly/httpsend"
	"mayfly/internal/backoff"
)

const (
	// A hub may hear of a device some seconds after DPS has registered it. A refused
	// batch is sent again for so long after the registration.
	settleTime     = 10 * time.Second
	minSettleDelay = 500 * time.Millisecond
	maxSettleDelay = 4 * time.Second
	// A try just in time leaves this much for its answer and ours.
	answerMargin = 300 * time.Millisecond
)

// NotReady is the refusal of a hub that may not have heard of a device yet: DPS
// has registered the device a moment ago. It passes.
type NotReady struct {
	Refused *httpsend.Error
	age     time.Duration // of the registration
}

func (e *NotReady) Error() string { return "just registered: " + e.Refused.Error() }

// Unwrap returns the hub's refusal.
func (e *NotReady) Unwrap() error { return e.Refused }

// unknownThere returns the error of a hub that does not know a device or its
// credential, or nil. A hub without an address is no such hub, and one where the
// device is disabled (403) knows it.
func unknownThere(err error) *httpsend.Error {
	failed, ok := errors.AsType[*httpsend.Error](err)
	if !ok || failed.Kind != httpsend.NotHere ||
		failed.Status != http.StatusUnauthorized && failed.Status != http.StatusNotFound {
		return nil
	}
	return failed
}

// settle sends a batch again until the hub knows its device, which DPS has just
// assigned to it, or the time for that is over.
func (f *fleet) settle(ctx context.Context, d dps.Device, a *dps.Assignment, b batch, refused *NotReady) (
	hub string, err error,
) {
	since := f.now().Add(-refused.age)
	for n := 0; ; n++ {
		pause := settleDelay(n, b.answerBy.Sub(f.now()))
		if f.now().Add(pause).Sub(since) > settleTime || !backoff.Sleep(ctx, pause) {
			return "", refused
		}
		switch err = f.post(ctx, d, a, b); {
		case err == nil:
			a.Confirm()
			return a.Hub, nil
		case unknownThere(err) == nil:
			return "", err
		}
		refused.Refused = unknownThere(err)
	}
}

// settleDelay is the pause before try n, where the sender still waits for left:
// none that would end just after that.
func settleDelay(n int, left time.Duration) time.Duration {
	pause := backoff.Ceiling(n, minSettleDelay, maxSettleDelay)
	if inTime := left - answerMargin; inTime >= minSettleDelay && pause > inTime {
		return inTime
	}
	return pause
}
