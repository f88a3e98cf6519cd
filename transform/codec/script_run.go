package codec

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"time"

	"mayfly/transform/message"

	"github.com/dop251/goja"
)

// machine is a VM for one message, under watch.
type machine struct {
	vm    *goja.Runtime
	over  func() error // not nil once the request is over
	steps int          // that are left until it is stopped
	heap  uint64       // bytes that may come

	context []any    // of the uplink
	console *console // nil: what the script writes there is discarded

	mu      sync.Mutex
	timer   *time.Timer
	ceiling uint64 // bytes of heap that are too many; 0 before the first look
	stopped bool
	lost    chan struct{} // closed when no interrupt reaches it
}

// watchStep is how often a machine is looked at. A typical formatter is done before
// the first time.
const watchStep = 5 * time.Millisecond

// graceSteps is for how many steps an interrupted machine is waited for. Some of
// what goja does in Go cannot be interrupted, and goes on by itself.
const graceSteps = 20

// maxHeap is how much the heap may grow while a script runs, in addition to the
// garbage that is usual for a heap of its size. goja has no limit of memory, so
// this watches the whole process: the figure is coarse.
const maxHeap = 64 << 20

func (e InProcess) maxHeap() uint64 { return cmp.Or(e.MaxHeap, maxHeap) }

func (s *script) machine(over func() error, limit time.Duration, now time.Time) *machine {
	m := &machine{vm: goja.New(), over: over, steps: int(limit / watchStep), heap: s.engine.maxHeap(), lost: make(chan struct{})}
	m.vm.SetMaxCallStackSize(maxCalls)
	m.vm.SetTimeSource(func() time.Time { return now })
	m.mu.Lock() // the first look waits until timer is set
	m.timer = time.AfterFunc(watchStep, m.look)
	m.mu.Unlock()
	return m
}

// look stops a script that takes too long or too much.
func (m *machine) look() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped {
		return
	}
	heap, due := heapBytes()
	if m.ceiling == 0 {
		m.ceiling = heap + due/2 + m.heap // half of it was alive
	}
	m.steps--
	if m.steps < 0 { // it was interrupted before
		if m.steps == -graceSteps {
			close(m.lost)
			return
		}
		m.timer.Reset(watchStep)
		return
	}
	var why *Error
	switch {
	case heap > m.ceiling:
		why = codecError(Memory, "the codec uses too much memory")
	case m.steps <= 0:
		why = codecError(Timeout, "the codec takes longer than %s", MaxScriptTime)
	default:
		if err := m.over(); err != nil {
			why = codecError(Timeout, "the request is over: %v", err)
		}
	}
	if why != nil {
		m.steps = 0
		m.vm.Interrupt(why)
	}
	m.timer.Reset(watchStep)
}

func (m *machine) stop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stopped = true
	m.timer.Stop()
}

// heapBytes gives the size of the heap with its garbage, and the size at which the
// next collection is due. The package runtime/metrics would tell it without
// stopping the world, but makes a table at every start, and few scripts run for
// long enough to be looked at.
func heapBytes() (all, due uint64) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, m.NextGC
}

// guard runs what may call into the script, and turns whatever it throws into a
// CodecError.
func (m *machine) guard(run func() error) (err error) {
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case error:
			err = failure(thrown)
		case goja.Value:
			err = codecError(Threw, "%s", thrown.String())
		default: // of goja itself: a script must not take the process along
			err = codecError(Threw, "the codec failed: %v", thrown)
		}
	}()
	return failure(run())
}

func failure(err error) error {
	if err == nil || errors.Is(err, errNoEntry) {
		return err
	}
	var ours *Error
	var interrupted *goja.InterruptedError
	var overflow *goja.StackOverflowError
	var thrown *goja.Exception
	switch {
	case errors.As(err, &ours):
		return ours
	case errors.As(err, &interrupted):
		if errors.As(interrupted.Unwrap(), &ours) {
			return ours
		}
		return codecError(Timeout, "%v", interrupted)
	case errors.As(err, &overflow):
		return codecError(Threw, "calls are nested deeper than %d", maxCalls)
	case errors.As(err, &thrown):
		return codecError(Threw, "%s", message.Shorten(thrown.Error()))
	}
	return codecError(Threw, "%s", message.Shorten(err.Error()))
}

// load runs the script's top level and gives its entry points.
func (s *script) load(m *machine) (entryPoints, error) {
	var found entryPoints
	if err := s.needs.install(m.vm, m.context, m.console); err != nil {
		return found, fmt.Errorf("prelude: %w", err)
	}
	if s.module {
		if err := defineModule(m.vm); err != nil {
			return found, err
		}
	}
	if _, err := m.vm.RunProgram(s.program); err != nil {
		return found, err
	}
	list, err := m.vm.RunProgram(find())
	if err != nil {
		return found, err
	}
	object := list.ToObject(m.vm)
	for i := range found {
		found[i], _ = goja.AssertFunction(object.Get(strconv.Itoa(i)))
	}
	if s.module {
		exported(m.vm, &found)
	}
	if !found.decode() {
		bundled(m.vm, &found)
	}
	if !found.any() {
		return found, errNoEntry
	}
	return found, nil
}

// maxLost is how many messages may be stuck in a script before it is not run
// any more.
const maxLost = 2

// Decode implements [Codec].
func (s *script) Decode(ctx context.Context, in Uplink) (Decoded, error) {
	if len(in.Bytes) > MaxPayload {
		return Decoded{}, codecError(Result, "the payload is larger than %d bytes", MaxPayload)
	}
	clock := in.Clock
	if clock.IsZero() {
		clock = in.Time
	}
	m := s.machine(ctx.Err, MaxScriptTime, clock)
	m.context = in.Context
	if in.Console {
		m.console = &console{}
	}
	out, err := watched(s, m, func(out *Decoded) error {
		defer func() { out.Console = m.console.written() }()
		return s.decode(m, in, out)
	})
	if err != nil {
		out = Decoded{List: out.List, Console: out.Console}
	}
	return out, err
}

// watched runs what may call into the script. It does not wait for what no interrupt
// reaches, unless somebody ends the process then.
func watched[T any](s *script, m *machine, do func(out *T) error) (out T, err error) {
	if s.lost.Load() >= maxLost {
		m.stop()
		return out, codecError(Timeout, "the codec is stuck in earlier messages")
	}
	type result struct {
		out T
		err error
	}
	run := func() (r result) {
		r.err = m.guard(func() error { return do(&r.out) })
		m.stop()
		return r
	}
	if s.engine.Disposable {
		r := run()
		return r.out, r.err
	}
	done := make(chan result, 1)
	go func() { done <- run() }()
	select {
	case r := <-done:
		return r.out, r.err
	case <-m.lost:
		s.lost.Add(1)
		go func() {
			<-done
			s.lost.Add(-1)
		}()
		return out, codecError(Timeout, "the codec takes longer than %s and does not stop", MaxScriptTime)
	}
}

func (s *script) decode(m *machine, in Uplink, out *Decoded) error {
	call, err := s.load(m)
	if err != nil {
		return err
	}
	result, err := m.call(call, in)
	if err != nil {
		return err
	}
	export := exporter{vm: m.vm, left: message.MaxValues, jsons: s.jsons}
	if err := export.decoded(result, call[decodeUplink] != nil, out); err != nil {
		return err
	}
	if in.Normalize && call[normalizeUplink] != nil && out.Data != nil {
		return s.normalize(m, call[normalizeUplink], in, out)
	}
	return nil
}

// call runs the entry point that the script has.
func (m *machine) call(entry entryPoints, in Uplink) (goja.Value, error) {
	bytes := make([]any, len(in.Bytes))
	for i, b := range in.Bytes {
		bytes[i] = int64(b)
	}
	array, port := m.vm.NewArray(bytes...), m.vm.ToValue(in.Port)
	var result goja.Value
	var err error
	switch {
	case entry[decodeUplink] != nil:
		input, made := m.input(in)
		if made != nil {
			return nil, made
		}
		if err := errors.Join(input.Set("bytes", array), input.Set("fPort", port)); err != nil {
			return nil, err
		}
		result, err = entry[decodeUplink](goja.Undefined(), input)
	case entry[decoder] != nil:
		result, err = entry[decoder](goja.Undefined(), array, port)
	case entry[decode3] != nil:
		result, err = entry[decode3](goja.Undefined(), port, array, m.vm.ToValue(in.Variables))
	default:
		return nil, errNoDecoder
	}
	if err != nil {
		return nil, err
	}
	return settled(result)
}

// input makes what all entry points of TS013 are given. Drivers of ThingPark that are
// older than TS013 have the time as time.
func (m *machine) input(in Uplink) (*goja.Object, error) {
	input := m.vm.NewObject()
	for _, name := range []string{"recvTime", "time"} {
		switch {
		case in.TimeText != "":
			if err := input.Set(name, in.TimeText); err != nil {
				return nil, err
			}
		case !in.Time.IsZero():
			date, err := m.vm.New(m.vm.Get("Date"), m.vm.ToValue(in.Time.UnixMilli()))
			if err != nil {
				return nil, err
			}
			if err := input.Set(name, date); err != nil {
				return nil, err
			}
		}
	}
	variables := m.vm.NewObject()
	for name, value := range in.Variables {
		if err := variables.Set(name, value); err != nil {
			return nil, err
		}
	}
	return input, input.Set("variables", variables)
}

// settled gives what an async function came to. goja runs what was waiting
// before a call returns, and nothing else here could ever fulfil a promise.
func settled(result goja.Value) (goja.Value, error) {
	object, ok := result.(*goja.Object)
	if !ok || object.ExportType() != promiseType {
		return result, nil
	}
	promise, ok := object.Export().(*goja.Promise)
	if !ok {
		return result, nil
	}
	switch promise.State() {
	case goja.PromiseStateFulfilled:
		return promise.Result(), nil
	case goja.PromiseStateRejected:
		return nil, codecError(Threw, "%s", message.Shorten(promise.Result().String()))
	default:
		return nil, codecError(Result, "the codec waits for something that never comes")
	}
}

// normalize runs normalizeUplink on what decodeUplink gave, as The Things Stack
// does.
func (s *script) normalize(m *machine, normalizer goja.Callable, in Uplink, out *Decoded) error {
	input, err := m.input(in)
	if err != nil {
		return err
	}
	if err := errors.Join(input.Set("data", importValue(m.vm, out.Data)), input.Set("fPort", in.Port)); err != nil {
		return err
	}
	result, err := normalizer(goja.Undefined(), input)
	if err != nil {
		return err
	}
	if result, err = settled(result); err != nil {
		return err
	}
	export := exporter{vm: m.vm, left: message.MaxValues, jsons: s.jsons}
	return export.normalized(result, out)
}
