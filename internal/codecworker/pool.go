package codecworker

import (
	"context"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"mayfly/transform/codec"
)

// Options of a Pool. The zero value is the default.
type Options struct {
	// Executable is started as a worker: this program itself if empty.
	Executable string
	// Workers is how many there may be at a time: by default as many as there are
	// processors, from 2 to 4.
	Workers int
	// Memory is what each may take beside its program, in bytes: by default
	// [DefaultMemory].
	Memory int64
}

const (
	// maxWaiting is how many messages may wait for a worker.
	maxWaiting = 1024

	// startPause is how long a worker that could not be started is not tried again.
	startPause = time.Second

	// A worker ends when idleSweeps sweeps in a row found it idle.
	sweepStep  = time.Minute
	idleSweeps = 5
)

var errClosed = unavailable("the codec workers have been stopped")

// Pool runs scripts in worker processes. It is a [codec.Engine], safe for
// concurrent use.
type Pool struct {
	executable string
	workers    int
	memory     int64
	limits     limits

	mu      sync.Mutex
	idle    []*process // the last one used at the end
	all     map[*process]bool
	count   int // with those that are being started
	busy    map[hash]int
	queues  []*queue // the next turn is the first one's
	waiting int      // in all queues
	broken  error    // why no worker can be started at present
	closed  bool

	mender, sweeper *time.Timer // nil where it does not run
}

var _ codec.Engine = (*Pool)(nil)

// queue is the messages of one script that wait for a worker, the longest first.
type queue struct {
	script  hash
	waiters []waiter
}

// waiter is where a message waits for a worker; it has room for one.
type waiter chan turn

type turn struct {
	process *process
	err     error
}

// New makes a pool. It starts no process before a script needs one.
func New(o Options) *Pool {
	p := &Pool{
		executable: o.Executable, workers: o.Workers, memory: o.Memory, limits: usualLimits,
		busy: make(map[hash]int), all: make(map[*process]bool),
	}
	if p.workers <= 0 {
		p.workers = min(max(runtime.GOMAXPROCS(0), 2), 4)
	}
	if p.memory <= 0 {
		p.memory = DefaultMemory
	}
	return p
}

// Stats tells how many worker processes there are, and how many messages wait for one.
func (p *Pool) Stats() (processes, waiting int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.all), p.waiting
}

// self is what a worker is started from. On Linux that is the running program even
// if its file was replaced or removed.
func self() (string, error) {
	if runtime.GOOS == "linux" {
		const own = "/proc/self/exe"
		if _, err := os.Stat(own); err == nil {
			return own, nil
		}
	}
	return os.Executable()
}

// acquire gives a worker, one that holds the script if there is one.
func (p *Pool) acquire(ctx context.Context, script hash) (*process, error) {
	p.mu.Lock()
	switch {
	case p.closed:
		p.mu.Unlock()
		return nil, errClosed
	case len(p.idle) > 0:
		found := p.takeIdle(script)
		p.busy[script]++
		p.mu.Unlock()
		return found, nil
	case p.count == 0 && p.broken != nil:
		defer p.mu.Unlock()
		return nil, p.broken
	case p.waiting >= maxWaiting:
		p.mu.Unlock()
		return nil, unavailable("%d messages wait for the codec workers already", maxWaiting)
	}
	w := p.wait(script)
	p.grow()
	p.mu.Unlock()
	select {
	case t := <-w:
		return t.process, t.err
	case <-ctx.Done():
	}
	p.leave(script, w)
	select {
	case t := <-w: // in the last moment
		if t.process != nil {
			p.release(t.process, script)
		}
	default:
	}
	return nil, failure(codec.Timeout, "the request is over: %v", ctx.Err())
}

// wait puts a message into the queue of its script.
func (p *Pool) wait(script hash) waiter {
	w := make(waiter, 1)
	p.waiting++
	for _, q := range p.queues {
		if q.script == script {
			q.waiters = append(q.waiters, w)
			return w
		}
	}
	p.queues = append(p.queues, &queue{script, []waiter{w}})
	return w
}

// leave takes a message out of its queue.
func (p *Pool) leave(script hash, w waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, q := range p.queues {
		if at := slices.Index(q.waiters, w); q.script == script && at >= 0 {
			p.waiting--
			if q.waiters = slices.Delete(q.waiters, at, at+1); len(q.waiters) == 0 {
				p.queues = slices.Delete(p.queues, i, i+1)
			}
			return
		}
	}
}

// takeIdle takes one of the idle workers.
func (p *Pool) takeIdle(script hash) *process {
	at := len(p.idle) - 1
	for i, candidate := range p.idle {
		if candidate.scripts.has(script) {
			at = i
		}
	}
	found := p.idle[at]
	p.idle = slices.Delete(p.idle, at, at+1)
	return found
}

// grow starts a worker if more wait than are being started.
func (p *Pool) grow() {
	if p.closed || p.broken != nil || p.count >= p.workers || p.waiting == 0 {
		return
	}
	p.count++
	go p.startOne() // ends after limits.start at the latest
}

func (p *Pool) startOne() {
	executable, err := p.executable, error(nil)
	if executable == "" {
		executable, err = self()
	}
	var started *process
	if err != nil {
		err = unavailable("the codec worker cannot be started: %v", err)
	} else {
		started, err = start(executable, p.memory, p.limits)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil && !p.closed {
		p.all[started] = true
		go p.reap(started)
		p.give(started)
		return
	}
	if started != nil {
		started.end()
		err = errClosed
	}
	p.count--
	if p.count == 0 {
		p.fail(err)
	}
	p.broken = err
	p.after(startPause, &p.mender, func() {
		p.broken = nil
		p.grow()
	})
}

// fail answers all that wait.
func (p *Pool) fail(err error) {
	for _, q := range p.queues {
		for _, w := range q.waiters {
			w <- turn{err: err}
		}
	}
	p.queues, p.waiting = nil, 0
}

// reap has the pool learn of a worker's end, whatever that comes from. It runs as
// long as the worker.
func (p *Pool) reap(started *process) {
	<-started.ended
	p.mu.Lock()
	defer p.mu.Unlock()
	started.end()
	delete(p.all, started)
	p.count--
	p.idle = slices.DeleteFunc(p.idle, func(idle *process) bool { return idle == started })
	p.grow()
}

// release gives a worker back.
func (p *Pool) release(was *process, script hash) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy[script]--; p.busy[script] <= 0 {
		delete(p.busy, script)
	}
	if !was.ending.Load() && was.alive() {
		p.give(was)
	}
}

// give gives a worker to a message that waits. It is the turn of the script that has
// the fewest at work, of these of the one that was served longest ago: a script that
// is slow on all its messages does not keep those of others waiting.
func (p *Pool) give(free *process) {
	if p.waiting == 0 {
		free.idle = 0
		p.idle = append(p.idle, free)
		p.after(sweepStep, &p.sweeper, p.sweep)
		return
	}
	at := 0
	for i, q := range p.queues {
		if p.busy[q.script] < p.busy[p.queues[at].script] {
			at = i
		}
	}
	next := p.queues[at]
	w := next.waiters[0]
	p.queues = slices.Delete(p.queues, at, at+1)
	if next.waiters = next.waiters[1:]; len(next.waiters) > 0 {
		p.queues = append(p.queues, next)
	}
	p.waiting--
	p.busy[next.script]++
	w <- turn{process: free}
}
