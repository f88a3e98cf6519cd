package codecworker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"mayfly/transform/codec"
)

const echo = `function decodeUplink(input) { return {data: {first: input.bytes[0], port: input.fPort}} }`

func newPool(t *testing.T, o Options) *Pool {
	t.Helper()
	pool := New(o)
	t.Cleanup(pool.Close)
	return pool
}

func load(t *testing.T, engine codec.Engine, script string) codec.Codec {
	t.Helper()
	loaded, err := engine.Load("x.js", []byte(script))
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

func wantEcho(t *testing.T, c codec.Codec) {
	t.Helper()
	out, err := c.Decode(t.Context(), codec.Uplink{Bytes: []byte{7}, Port: 2})
	if err != nil || fmt.Sprint(out.Data) != "map[first:7 port:2]" {
		t.Errorf("%v, %v", out.Data, err)
	}
}

func wantKind(t *testing.T, err error, want codec.Failure, text string) {
	t.Helper()
	failed, ok := errors.AsType[*codec.Error](err)
	if !ok || failed.Kind != want || !strings.Contains(failed.Text, text) {
		t.Errorf("error %v, want one of kind %s with %q", err, want, text)
	}
}

func TestLoadFailures(t *testing.T) {
	pool := newPool(t, Options{})
	compiling := "too much memory"
	if raceDetector { // the kernel's limit is off then: whichever bound is met first ends it
		compiling = ""
	}
	for _, tt := range []struct{ name, script, want string }{
		{"syntax", "function decodeUplink( {", "x.js: "},
		{"no entry point", "var x = 1", "decodeUplink"},
		{"throws", "throw new Error('at the start')", "at the start"},
		{"endless", "for (;;);", "x.js: "},
		{"memory", "Array.apply(null, Array(1e9))", "too much memory"},
		{"memory while it is compiled", "function decodeUplink() { return 2n ** (2n ** 40n) }", compiling},
		{"larger than allowed", "//" + strings.Repeat("x", codec.MaxScript), "larger than"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := pool.Load("x.js", []byte(tt.script)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
			wantEcho(t, load(t, pool, echo))
		})
	}
}

// TestBrokenWorkers has programs in the place of a worker that are none.
func TestBrokenWorkers(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, want := range map[string]string{
		"ends-at-once":       "ended at its start",
		"fails-at-once":      "no room for this",
		"says-something":     "does not speak the protocol",
		"hangs":              "not ready after",
		"speaks-another":     "does not speak the protocol",
		"ends-when-asked":    "ended",
		"hangs-when-asked":   "takes longer",
		"closes-when-asked":  "closed its output",
		"answers-garbage":    "garbage",
		"answers-endlessly":  "garbage",
		"answers-by-half":    "takes longer",
		"answers-empty":      "garbage",
		"does-not-read":      "takes longer",
		"floods-its-stderr":  "takes longer",
		"reports-a-nonsense": "",
		"is-not-there":       "cannot be started",
		"is-a-folder":        "cannot be started",
		"is-no-program":      "cannot be started",
		"is-not-executable":  "cannot be started",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			executable := filepath.Join(dir, name)
			if runtime.GOOS == "windows" {
				executable += ".exe"
			}
			if err := place(executable, self); err != nil {
				t.Fatal(err)
			}
			pool := newPool(t, Options{Executable: executable})
			pool.limits = limits{start: 2 * time.Second, load: 2 * time.Second, message: 100 * time.Millisecond}
			for range 2 { // also right after a failure
				_, err := pool.Load("x.js", []byte(echo))
				failed, ok := errors.AsType[*codec.Error](err)
				if want != "" && (!ok || !strings.Contains(failed.Text, want)) {
					t.Errorf("error %v, want one with %q", err, want)
				}
			}
		})
	}
}

// place puts the test's own program, or what the name asks for, where a worker is
// looked for.
func place(executable, self string) error {
	switch strings.TrimSuffix(filepath.Base(executable), ".exe") {
	case "is-not-there":
		return nil
	case "is-a-folder":
		return os.Mkdir(executable, 0o700)
	case "is-no-program":
		return os.WriteFile(executable, []byte("\x7fELF?"), 0o700)
	case "is-not-executable":
		return os.WriteFile(executable, []byte("#!/bin/sh\n"), 0o600)
	}
	if os.Link(self, executable) == nil {
		return nil
	}
	from, err := os.Open(self)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(executable, os.O_CREATE|os.O_WRONLY, 0o700)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

// TestNoWorkerBeforeItIsNeeded also proves that no more are started than work.
func TestNoWorkerBeforeItIsNeeded(t *testing.T) {
	pool := newPool(t, Options{Workers: 4})
	if len(pool.all) != 0 {
		t.Errorf("%d workers before the first script", len(pool.all))
	}
	c := load(t, pool, echo)
	for range 20 {
		wantEcho(t, c)
	}
	if got := pool.countAll(); got != 1 {
		t.Errorf("%d workers for one message at a time", got)
	}
}

func (p *Pool) countAll() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// TestKilledFromOutside kills workers while they are idle and at work.
func TestKilledFromOutside(t *testing.T) {
	pool := newPool(t, Options{Workers: 2})
	c := load(t, pool, echo)
	for range 20 {
		pool.mu.Lock()
		for worker := range pool.all {
			_ = worker.cmd.Process.Kill()
			break // of two, another message may find the second one
		}
		pool.mu.Unlock()
		wantEcho(t, c)
	}
	slow := load(t, pool, `function decodeUplink() { for (var i = 0; i < 3e5; i++); return {data: {done: 1}} }`)
	stop := make(chan struct{})
	var killer sync.WaitGroup
	killer.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
			pool.mu.Lock()
			for worker := range pool.all {
				_ = worker.cmd.Process.Kill()
			}
			pool.mu.Unlock()
		}
	})
	for range 20 {
		if _, err := slow.Decode(t.Context(), codec.Uplink{}); err != nil {
			wantKind(t, err, codec.Memory, "killed twice") // which is how the kernel's choice looks
		}
	}
	close(stop)
	killer.Wait()
	wantEcho(t, c)
}

func TestManyScripts(t *testing.T) {
	pool := newPool(t, Options{Workers: 1})
	var loaded []codec.Codec
	padding := "//" + strings.Repeat("x", 100<<10)
	for i := range 3 * maxScripts {
		script := fmt.Sprintf("function decodeUplink() { return {data: {i: %d}} }", i)
		if i%5 == 0 {
			script += padding
		}
		loaded = append(loaded, load(t, pool, script))
	}
	for range 2 {
		for i, c := range loaded {
			if out, err := c.Decode(t.Context(), codec.Uplink{}); err != nil || out.Data["i"] != i {
				t.Fatalf("script %d: %v, %v", i, out.Data, err)
			}
			for worker := range pool.all {
				if held := &worker.scripts; len(held.held) > maxScripts || held.bytes > maxScriptBytes {
					t.Fatalf("the worker holds %d scripts of %d bytes", len(held.held), held.bytes)
				}
			}
		}
	}
}

// TestOneScriptDoesNotKeepOthersWaiting has 30 messages of an endless script wait
// when one of another comes.
func TestOneScriptDoesNotKeepOthersWaiting(t *testing.T) {
	pool := newPool(t, Options{Workers: 1})
	endless, other := load(t, pool, "function decodeUplink() { for (;;); }"), load(t, pool, echo)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var group sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range 30 {
		group.Go(func() {
			_, err := endless.Decode(ctx, codec.Uplink{})
			wantKind(t, err, codec.Timeout, "")
			mu.Lock()
			defer mu.Unlock()
			done++
		})
	}
	for pool.countWaiting() < 20 {
		time.Sleep(time.Millisecond)
	}
	wantEcho(t, other)
	mu.Lock()
	if done > 15 {
		t.Errorf("%d of the endless ones were served first", done)
	}
	mu.Unlock()
	cancel()
	group.Wait()
	wantEcho(t, other)
}

func (p *Pool) countWaiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waiting
}

func TestRequestIsOver(t *testing.T) {
	pool := newPool(t, Options{Workers: 1})
	pool.limits.message = time.Minute
	c, endless := load(t, pool, echo), load(t, pool, "function decodeUplink() { for (;;); }")
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := endless.Decode(over, codec.Uplink{})
	wantKind(t, err, codec.Timeout, "the request is over")
	wantEcho(t, c)

	pool.mu.Lock() // all workers are taken
	pool.count, pool.idle = 1, nil
	pool.mu.Unlock()
	_, err = c.Decode(over, codec.Uplink{})
	wantKind(t, err, codec.Timeout, "the request is over")
	if pool.countWaiting() != 0 {
		t.Error("it still waits")
	}
}

func TestTooManyWait(t *testing.T) {
	pool := newPool(t, Options{Workers: 1})
	c := load(t, pool, echo)
	pool.mu.Lock()
	idle := pool.idle
	pool.idle = nil
	for range maxWaiting {
		pool.wait(hash{})
	}
	pool.mu.Unlock()
	_, err := c.Decode(t.Context(), codec.Uplink{})
	wantKind(t, err, codec.Unavailable, "wait for the codec workers")
	pool.mu.Lock()
	pool.idle = idle
	pool.fail(nil)
	pool.mu.Unlock()
	wantEcho(t, c)
}

func TestIdleWorkersEnd(t *testing.T) {
	pool := newPool(t, Options{})
	c := load(t, pool, echo)
	for range idleSweeps {
		if pool.countAll() != 1 {
			t.Fatal("it ended too early")
		}
		pool.mu.Lock()
		pool.sweep()
		pool.mu.Unlock()
	}
	for pool.countAll() != 0 {
		time.Sleep(time.Millisecond)
	}
	wantEcho(t, c)
}

func TestClose(t *testing.T) {
	pool := New(Options{})
	c, endless := load(t, pool, echo), load(t, pool, "function decodeUplink() { for (;;); }")
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() { _, _ = endless.Decode(t.Context(), codec.Uplink{}) })
	}
	for pool.countWaiting() == 0 {
		time.Sleep(time.Millisecond)
	}
	var workers []*process
	pool.mu.Lock()
	for worker := range pool.all {
		workers = append(workers, worker)
	}
	pool.mu.Unlock()
	pool.Close()
	for _, worker := range workers {
		if worker.alive() {
			t.Error("a worker is alive")
		}
	}
	group.Wait()
	_, err := c.Decode(t.Context(), codec.Uplink{})
	wantKind(t, err, codec.Unavailable, "stopped")
	pool.Close() // twice does no harm
}
