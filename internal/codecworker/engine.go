package codecworker

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"mayfly/transform/codec"
	"mayfly/transform/mapping"
)

// script is a [codec.Script] that runs in the workers of a pool.
type script struct {
	pool   *Pool
	name   string
	source []byte
	hash   hash

	can     can
	program *program // of an expression
	tables  mapping.Tables
}

// Load compiles a script in a worker and runs its top level there, to find out
// whether it is one. The error says what is wrong with the script, or, as a
// [codec.Error] of kind Unavailable, why no worker could tell.
func (p *Pool) Load(name string, source []byte) (codec.Script, error) {
	if len(source) > codec.MaxScript {
		return nil, fmt.Errorf("%s: the script is larger than %d KB", name, codec.MaxScript>>10)
	}
	s := &script{pool: p, name: name, source: source, hash: sha256.Sum256(source)}
	ctx, cancel := context.WithTimeout(context.Background(), 2*(p.limits.start+p.limits.load)) // for two workers
	defer cancel()
	err := s.onWorker(ctx, func(worker *process) error {
		s.can = worker.scripts.held[s.hash].can
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Decode implements [codec.Codec].
func (s *script) Decode(ctx context.Context, in codec.Uplink) (out codec.Decoded, err error) {
	if len(in.Bytes) > codec.MaxPayload {
		return out, failure(codec.Result, "the payload is larger than %d bytes", codec.MaxPayload)
	}
	err = s.onWorker(ctx, func(worker *process) (err error) {
		out, err = worker.run(ctx, s, &in)
		return err
	})
	return out, err
}

// onWorker does something on a worker that holds the script. What a worker was at
// that ended for no reason of its own is done again, once, on another one.
func (s *script) onWorker(ctx context.Context, do func(*process) error) error {
	for again := true; ; again = false {
		worker, err := s.pool.acquire(ctx, s.hash)
		if err != nil {
			return err
		}
		if err = worker.load(ctx, s); err == nil {
			err = do(worker)
		}
		s.pool.release(worker, s.hash)
		switch {
		case again && errors.Is(err, errLost):
		case errors.Is(err, errKilled):
			return failure(codec.Memory, "the codec worker was killed twice, as for want of memory")
		case errors.Is(err, errLost):
			return unavailable("%v, twice", err)
		default:
			return err
		}
	}
}

// after calls do after some time, on the pool's behalf. The caller holds mu.
func (p *Pool) after(d time.Duration, timer **time.Timer, do func()) {
	if *timer != nil || p.closed {
		return
	}
	*timer = time.AfterFunc(d, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		*timer = nil
		do()
	})
}

// sweep ends workers that have been idle for long.
func (p *Pool) sweep() {
	for _, idle := range p.idle {
		if idle.idle++; idle.idle >= idleSweeps {
			idle.end()
		}
	}
	if len(p.idle) > 0 {
		p.after(sweepStep, &p.sweeper, p.sweep)
	}
}

// Close ends all workers and waits for them, for a short time. Messages at work
// fail, and so does what comes later.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	for _, timer := range []*time.Timer{p.sweeper, p.mender} {
		if timer != nil {
			timer.Stop()
		}
	}
	p.fail(errClosed)
	all := make([]*process, 0, len(p.all))
	for worker := range p.all {
		worker.end()
		all = append(all, worker)
	}
	p.mu.Unlock()
	for _, worker := range all {
		worker.wait()
	}
}
