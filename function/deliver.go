package function

import (
	"context"
	"errors"
	"sync"
	"time"

	"mayfly/httpsend"
	"mayfly/transform"
)

// mostDevicesAtOnce bounds the devices of one request that are served side by
// side.
const mostDevicesAtOnce = 16

// deliver sends the messages of a request, the devices side by side, the
// messages of each in order. It gives an error for each message; nil means that
// the hub has stored it.
func (s *Service) deliver(ctx context.Context, messages []transform.Message, answerBy time.Time) []error {
	results := make([]error, len(messages))
	if len(messages) == 1 {
		s.deliverDevice(ctx, messages, []int{0}, results, answerBy)
		about(ctx).devices = 1
		return results
	}
	byDevice := map[string][]int{}
	var order []string
	for i := range messages {
		id := messages[i].Fleet + "\x00" + messages[i].DeviceID
		if byDevice[id] == nil {
			order = append(order, id)
		}
		byDevice[id] = append(byDevice[id], i)
	}
	about(ctx).devices = len(order)
	var wg sync.WaitGroup
	places := make(chan struct{}, mostDevicesAtOnce)
	for _, id := range order {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			defer s.contain(ctx, byDevice[id], results)
			s.deliverDevice(ctx, messages, byDevice[id], results, answerBy)
		})
	}
	wg.Wait()
	return results
}

// contain turns a panic into errors of the device's messages: in a goroutine of
// ours nobody else would catch it.
func (s *Service) contain(ctx context.Context, indexes []int, results []error) {
	if v := recover(); v != nil {
		logPanic(ctx, s.log, v)
		for _, i := range indexes {
			results[i] = &refusal{code: codeInternal}
		}
	}
}

// deliverDevice sends the messages of one device that indexes names, and sets
// their results.
func (s *Service) deliverDevice(ctx context.Context, messages []transform.Message, indexes []int, results []error, answerBy time.Time) {
	info := about(ctx)
	f := s.fleets[messages[indexes[0]].Fleet]
	fail := func(indexes []int, err error) {
		for _, i := range indexes {
			results[i] = err
		}
	}
	fresh, release, err := f.dedup.claim(ctx, messages, indexes)
	if err != nil {
		fail(indexes, err)
		return
	}
	defer release()
	info.repeated.Add(int64(len(indexes) - len(fresh)))
	if len(fresh) == 0 {
		return
	}
	device := &messages[indexes[0]]
	if wait := s.devices.take(device, s.now(), len(fresh)); wait > 0 {
		fail(fresh, slowDown(device.DeviceID, wait))
		return
	}
	events := make([]httpsend.Event, len(fresh))
	for i, of := range fresh {
		events[i] = event(&messages[of])
	}
	done := 0
	var failed error
	for _, batch := range httpsend.Batches(events) {
		var hub string
		if failed == nil || again(failed) {
			hub, failed = f.send(ctx, &messages[fresh[done]], batch, answerBy)
		}
		for _, i := range fresh[done : done+len(batch)] {
			results[i] = failed
			if failed == nil {
				f.dedup.add(&messages[i])
				if s.observe != nil {
					s.observe(Delivery{info.source, messages[i], hub, s.now().Sub(info.arrived)})
				}
			}
		}
		done += len(batch)
	}
}

// again says whether the batch after a failed one is worth sending: a message
// that the hub finds invalid says nothing of the next, everything else does,
// and order would be lost.
func again(err error) bool {
	failed, ok := errors.AsType[*httpsend.Error](err)
	return ok && (failed.Kind == httpsend.Invalid || failed.Kind == httpsend.TooLarge)
}

// checkSizes refuses what no hub would take, before anything of it is sent.
func checkSizes(messages []transform.Message) error {
	for i := range messages {
		e := event(&messages[i])
		if size := e.Size(); size > httpsend.MaxMessage {
			return &refusal{code: codeEventTooLarge, detail: "the message of " + messages[i].DeviceID + " has " + byteCount(int64(size)) + " with its properties; a hub takes 256 KiB"}
		}
	}
	return nil
}

func event(m *transform.Message) httpsend.Event {
	return httpsend.Event{Body: m.Body, MessageID: m.MessageID, Time: m.Time, Component: m.Component, Properties: m.Properties}
}
