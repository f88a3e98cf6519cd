package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"mayfly/dps"
	"mayfly/function/internal/delivery/credentials"
	"mayfly/function/internal/metrics"
	"mayfly/function/internal/problem"
	"mayfly/function/internal/ratelimit"
	"mayfly/function/internal/requestlog"
	"mayfly/function/internal/state"
	"mayfly/httpsend"
	"mayfly/internal/secret"
	"mayfly/transform/message"
)

// Options is what a deliverer is made of.
type Options struct {
	Fleets      map[string]Fleet       // by name; empty for the environment's own
	AcceptHub   func(host string) bool // whether devices' tokens may be sent there
	DedupWindow time.Duration          // how long a stored message is remembered
	DeviceRate  ratelimit.Rate         // messages of one device

	DPS, Hub  http.RoundTripper
	UserAgent string
	Secrets   *secret.Loader
	Log       *slog.Logger
	Metrics   *metrics.Set // may be nil
	Now       func() time.Time
	State     state.Store  // what instances share; may be nil
	Observe   func(Stored) // told of each message that a hub has stored; may be nil

	// Observers of the single calls, as dps.Client and httpsend.Client have them; may be nil.
	DPSCall func(context.Context, dps.Call, http.Header) func(*http.Response, *dps.Error)
	HubCall func(context.Context, httpsend.Call, http.Header) func(*http.Response, *httpsend.Error)
}

// Fleet is one fleet: the devices of one DPS instance.
type Fleet struct {
	IDScope     string
	DPSEndpoint string
	ModelID     string // of devices that name none
	HubHint     string // the hub that unknown devices are tried at first
	Credentials credentials.Options
}

// Stored is a message that the hub has stored.
type Stored struct {
	Source  string // how the request was read: a source's name, telemetry or device
	Message message.Message
	Hub     string
	Took    time.Duration // since the request came
}

// Deliverer sends the messages of devices to their hubs.
type Deliverer struct {
	fleets  map[string]*fleet
	limits  *deviceLimits
	log     *slog.Logger
	now     func() time.Time
	observe func(Stored)
}

// New makes a deliverer of options that were checked.
func New(o *Options) *Deliverer {
	d := &Deliverer{
		fleets: map[string]*fleet{}, limits: newDeviceLimits(o.DeviceRate, o.State),
		log: o.Log, now: o.Now, observe: o.Observe,
	}
	for name, f := range o.Fleets {
		d.fleets[name] = newFleet(name, &f, o)
	}
	d.collect(o.Metrics)
	return d
}

// Request is the messages of one request. Each has its id and its fleet.
type Request struct {
	Source   string
	Messages []message.Message
	Arrived  time.Time // when the request came
	AnswerBy time.Time // when its sender stops waiting for the answer
	Admitted bool      // the rate of the devices was checked before: see Admit
}

// Outcome tells how the messages of a request fared.
type Outcome struct {
	Results  []error // one for each message; nil: the hub has stored it
	Devices  int
	Repeated int // messages that were stored before
}

// maxDevicesAtOnce bounds the devices of one request that are served side by side.
const maxDevicesAtOnce = 16

// Deliver sends the messages of a request, the devices side by side, the messages
// of each in order. It ends with ctx at the latest.
func (d *Deliverer) Deliver(ctx context.Context, rq *Request) Outcome {
	work := &work{Deliverer: d, Request: rq, results: make([]error, len(rq.Messages))}
	devices := byDevice(rq.Messages)
	if len(devices) == 1 {
		work.device(ctx, devices[0])
	} else {
		var wg sync.WaitGroup
		places := make(chan struct{}, maxDevicesAtOnce)
		for _, indexes := range devices {
			places <- struct{}{}
			wg.Go(func() {
				defer func() { <-places }()
				defer work.contain(ctx, indexes)
				work.device(ctx, indexes)
			})
		}
		wg.Wait()
	}
	return Outcome{work.results, len(devices), int(work.repeated.Load())}
}

// byDevice gives the indexes of each device's messages, in their order.
func byDevice(messages []message.Message) [][]int {
	if len(messages) == 1 {
		return [][]int{{0}}
	}
	place := map[string]int{}
	var devices [][]int
	for i := range messages {
		id := messages[i].Fleet + "\x00" + messages[i].DeviceID
		at, known := place[id]
		if !known {
			at = len(devices)
			place[id], devices = at, append(devices, nil)
		}
		devices[at] = append(devices[at], i)
	}
	return devices
}

// work is the delivery of one request.
type work struct {
	*Deliverer
	*Request

	results  []error
	repeated atomic.Int64
}

// contain turns a panic into errors of the device's messages: in a goroutine of
// ours nobody else would catch it.
func (w *work) contain(ctx context.Context, indexes []int) {
	if v := recover(); v != nil {
		requestlog.Panic(ctx, w.log, v)
		w.fail(indexes, &problem.Error{Code: problem.Internal})
	}
}

func (w *work) fail(indexes []int, err error) {
	for _, i := range indexes {
		w.results[i] = err
	}
}

// device sends the messages of one device, and sets their results.
func (w *work) device(ctx context.Context, indexes []int) {
	first := &w.Messages[indexes[0]]
	f := w.fleets[first.Fleet]
	fresh, release, err := f.dedup.claim(ctx, w.Messages, indexes)
	if err != nil {
		w.fail(indexes, err)
		return
	}
	defer release()
	shared, fresh, err := f.dedup.share(ctx, w.Messages, fresh)
	if err != nil {
		w.fail(indexes, err)
		return
	}
	defer shared.abandon(ctx)
	w.repeated.Add(int64(len(indexes) - len(fresh)))
	if len(fresh) == 0 {
		return
	}
	if !w.Admitted {
		if err := w.limits.admit(ctx, first, w.now(), len(fresh)); err != nil {
			w.fail(fresh, err)
			return
		}
	}
	events := make([]httpsend.Event, len(fresh))
	for i, of := range fresh {
		events[i] = event(&w.Messages[of])
	}
	w.batches(ctx, f, fresh, httpsend.Batches(events))
	shared.settle(ctx, w.results)
}

// batches sends the batches of one device one after the other. indexes names the
// messages that they hold.
func (w *work) batches(ctx context.Context, f *fleet, indexes []int, batches [][]httpsend.Event) {
	var failed error
	for _, events := range batches {
		var hub string
		if failed == nil || goesOn(failed) {
			hub, failed = f.send(ctx, &w.Messages[indexes[0]], batch{events, w.AnswerBy})
		}
		sent := indexes[:len(events)]
		w.fail(sent, failed)
		if failed == nil {
			w.stored(f, hub, sent)
		}
		indexes = indexes[len(events):]
	}
}

// stored takes note of messages that the hub has stored.
func (w *work) stored(f *fleet, hub string, indexes []int) {
	for _, i := range indexes {
		f.dedup.add(&w.Messages[i])
		if w.observe != nil {
			w.observe(Stored{w.Source, w.Messages[i], hub, w.now().Sub(w.Arrived)})
		}
	}
}

// goesOn says whether the batch after a failed one is worth sending: a message
// that the hub finds invalid says nothing of the next, everything else does,
// and order would be lost.
func goesOn(err error) bool {
	return errors.Is(err, httpsend.Invalid) || errors.Is(err, httpsend.TooLarge)
}

// CheckSizes refuses what no hub would take, before anything of it is sent.
func CheckSizes(messages []message.Message) error {
	for i := range messages {
		e := event(&messages[i])
		if size := e.Size(); size > httpsend.MaxMessage {
			detail := fmt.Sprintf("the message of %s has %d bytes with its properties; a hub takes 256 KiB",
				messages[i].DeviceID, size)
			return &problem.Error{Code: problem.EventTooLarge, Detail: detail}
		}
	}
	return nil
}

func event(m *message.Message) httpsend.Event {
	return httpsend.Event{
		Body:          m.Body,
		MessageID:     m.MessageID,
		CorrelationID: m.Correlates,
		Time:          m.Time,
		Component:     m.Component,
		Properties:    m.Properties,
	}
}
