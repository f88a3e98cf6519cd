package reverse

import (
	"context"
	"errors"
	"sync"

	"mayfly/function/internal/problem"
	"mayfly/function/internal/push"
	"mayfly/transform"
	"mayfly/transform/downlink"
	"mayfly/transform/message"
)

// maxDevices is to how many devices one request is pushed at a time.
const maxDevices = 8

// Push pushes messages that Read has read, those of one device one after the other. It gives an error for each that was
// not pushed; after one of a device the next ones are not tried, so that order is kept.
func Push(ctx context.Context, client *push.Client, source *transform.Source, messages []message.Message) []error {
	errs := make([]error, len(messages))
	order := make([]string, 0, len(messages))
	devices := map[string][]int{}
	for i := range messages {
		key := messages[i].Fleet + "\x00" + messages[i].DeviceID
		if devices[key] == nil {
			order = append(order, key)
		}
		devices[key] = append(devices[key], i)
	}
	way := &push.Way{Source: source.Name, Pusher: source.Pusher(), Uplink: downlink.Uplink{Encoder: source.Encoder()}}
	one := func(list []int) {
		var failed error
		for _, i := range list {
			if failed == nil {
				failed = problemOf(client.Push(ctx, way, downlink.FromEvent(&messages[i])))
			}
			errs[i] = failed
			if own, ok := errors.AsType[*problem.Error](failed); ok && own.Code == problem.InvalidMessage {
				failed = nil // the fault of that message alone
			}
		}
	}
	if len(order) == 1 {
		one(devices[order[0]])
		return errs
	}
	var workers sync.WaitGroup
	next := make(chan []int)
	for range min(maxDevices, len(order)) {
		workers.Go(func() {
			for list := range next {
				one(list)
			}
		})
	}
	for _, key := range order {
		next <- devices[key]
	}
	close(next)
	workers.Wait()
	return errs
}

// problemOf tells the sender of an event what became of its message.
func problemOf(err *push.Error) error {
	if err == nil {
		return nil
	}
	out := &problem.Error{Detail: err.Text, Cause: err, RetryAfter: err.RetryAfter}
	switch err.Kind {
	case push.Unfit:
		out.Code = problem.InvalidMessage
	case push.Refused, push.Reported:
		out.Code = problem.DownlinkRefused
	case push.Unknown:
		out.Code = problem.NoDownlink
	case push.NoKey:
		out.Code = problem.KeyUnavailable
	case push.Down:
		out.Code = problem.DownlinkDown
	}
	return out
}
