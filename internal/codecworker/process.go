package codecworker

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"mayfly/transform/codec"
	"mayfly/transform/mapping"
)

// MaxMessageTime is how long a worker may work on a message before it is killed. The
// engine in it gives up before that ([codec.MaxScriptTime]).
const MaxMessageTime = 250 * time.Millisecond

// maxEndTime is how long the end of a killed process is waited for.
const maxEndTime = 2 * time.Second

// limits are how long a worker may take.
type limits struct {
	start   time.Duration // until it is ready
	load    time.Duration // to compile a script and run its top level
	message time.Duration
}

// The first two are generous: a function of 128 MiB has a fourteenth of a processor.
// The engine's own bounds on compiling are less.
var usualLimits = limits{start: 10 * time.Second, load: 10 * time.Second, message: MaxMessageTime}

// errLost is a worker that ended without a reason that this package knows.
// errKilled is one that somebody killed: a person, or a system without memory. What
// it worked on may be given to another one.
var (
	errLost   = errors.New("the codec worker ended")
	errKilled = fmt.Errorf("%w by a signal", errLost)
)

// process is a worker seen from outside. Between acquire and release it belongs
// to one goroutine.
type process struct {
	cmd    *exec.Cmd
	in     *os.File
	out    *os.File
	reader *bufio.Reader
	stderr *firstBytes
	limits limits
	ended  chan struct{} // closed when the process has ended and cmd has its state
	watch  watch

	tables  mapping.Tables // of the expression that is being evaluated; may be nil
	frame   bytes.Buffer
	content []byte
	scripts scripts
	idle    int         // sweeps that found it idle
	ending  atomic.Bool // it is not for use any more
}

// start starts a worker and waits until it is ready.
func start(executable string, memory int64, limits limits) (*process, error) {
	p := &process{stderr: &firstBytes{}, ended: make(chan struct{}), limits: limits}
	if err := p.exec(executable, memory); err != nil {
		return nil, unavailable("the codec worker cannot be started: %v", err)
	}
	p.watch.kill = p.kill
	p.reader = bufio.NewReader(p.out)
	greeting := make([]byte, len(hello))
	p.watch.start(context.Background(), limits.start)
	_, err := io.ReadFull(p.reader, greeting)
	late := p.watch.stop()
	switch {
	case err == nil && string(greeting) == hello:
		return p, nil
	case late != nil:
		err = fmt.Errorf("it is not ready after %s", limits.start)
	case err == nil:
		err = errors.New("it does not speak the protocol; does the program call codecworker.Main first?")
	default:
		p.wait()
		err = fmt.Errorf("it ended at its start: %s", p.lastWords())
	}
	p.end()
	return nil, unavailable("the codec worker cannot be used: %v", err)
}

// exec starts the process with its pipes.
func (p *process) exec(executable string, memory int64) error {
	childIn, in, err := os.Pipe()
	if err != nil {
		return err
	}
	out, childOut, err := os.Pipe()
	if err != nil {
		return errors.Join(err, childIn.Close(), in.Close())
	}
	p.in, p.out = in, out
	p.cmd = &exec.Cmd{
		Path:      executable,
		Args:      []string{filepath.Base(os.Args[0]), Argument, strconv.FormatInt(memory, 10)},
		Env:       []string{}, // none; nil would be the parent's
		Dir:       string(filepath.Separator),
		Stdin:     childIn,
		Stdout:    childOut,
		Stderr:    p.stderr,
		WaitDelay: time.Second,
	}
	err = p.cmd.Start()
	_, _ = childIn.Close(), childOut.Close() // the child has its own
	if err != nil {
		_, _ = in.Close(), out.Close()
		return err
	}
	go func() { // ends with the process
		_ = p.cmd.Wait() // its state is looked at instead
		close(p.ended)
	}()
	return nil
}

// load makes the worker hold a script.
func (p *process) load(ctx context.Context, s *script) error {
	if p.scripts.has(s.hash) {
		return nil
	}
	number, drop := p.scripts.add(s.hash, len(s.source))
	r := &request{Op: opLoad, Script: number, Drop: drop, Name: s.name, Source: s.source}
	if s.program != nil {
		r.Source, r.Program = nil, s.program
	}
	answer, err := p.exchange(ctx, r, p.limits.load)
	if err == nil {
		err = answer.err()
	}
	if err != nil {
		p.scripts.remove(s.hash)
	} else if answer.Can != nil {
		p.scripts.held[s.hash].can = *answer.Can
	}
	return err
}

// run runs a script that the worker holds.
func (p *process) run(ctx context.Context, s *script, in *codec.Uplink) (codec.Decoded, error) {
	r := &request{Op: opRun, Script: p.scripts.use(s.hash), Uplink: toUplink(in)}
	answer, err := p.exchange(ctx, r, p.limits.message)
	if err != nil {
		return codec.Decoded{}, err
	}
	return answer.Decoded.decoded(), answer.err()
}

// exchange writes a request and reads its answer. When it fails, the process has
// ended or is about to.
func (p *process) exchange(ctx context.Context, r *request, limit time.Duration) (*answer, error) {
	frame, err := appendFrame(&p.frame, r)
	if err != nil {
		return nil, unavailable("the codec worker cannot be asked: %v", err)
	}
	if len(frame) > maxRequest+headerBytes {
		return nil, failure(codec.Result, "the codec would be given more than %d bytes", maxRequest)
	}
	a := &answer{}
	p.watch.start(ctx, limit)
	if _, err = p.in.Write(frame); err == nil {
		err = p.read(a)
	}
	killed := p.watch.stop()
	if err == nil {
		if killed != nil || a.Leaving {
			p.end()
		}
		return a, nil
	}
	defer p.end()
	switch {
	case killed != nil:
		return nil, killed
	case errors.Is(err, errFrame):
		return nil, unavailable("the codec worker gave garbage: %v", err)
	}
	return nil, p.explain()
}

// err gives the error of an answer.
func (a *answer) err() error {
	if a.Kind == "" {
		return nil
	}
	return &codec.Error{Kind: codec.Failure(a.Kind), Text: a.Text}
}

func unavailable(format string, args ...any) *codec.Error {
	return failure(codec.Unavailable, format, args...)
}

func failure(kind codec.Failure, format string, args ...any) *codec.Error {
	return &codec.Error{Kind: kind, Text: fmt.Sprintf(format, args...)}
}

// kill ends the process at once, and whatever waits for its answer.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	_ = p.out.Close()        // also where it cannot be killed at once
}

// end lets go of the process: it ends with its input, and is killed in case it
// does not.
func (p *process) end() {
	p.ending.Store(true)
	_ = p.in.Close()
	p.kill()
}

// wait waits for the end of a process that has closed its output or was killed. It
// tells whether it ended.
func (p *process) wait() bool {
	if !p.alive() {
		return true
	}
	over := time.NewTimer(maxEndTime)
	defer over.Stop()
	select {
	case <-p.ended:
		return true
	case <-over.C:
		return false
	}
}

func (p *process) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// firstBytes keeps the beginning of what a worker writes to its standard error:
// what the Go runtime says when it gives up.
type firstBytes struct {
	mu   sync.Mutex
	text []byte
}

const maxFirstBytes = 400

func (f *firstBytes) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.text = append(f.text, b[:min(len(b), maxFirstBytes-len(f.text))]...)
	return len(b), nil
}

func (f *firstBytes) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return string(f.text)
}
