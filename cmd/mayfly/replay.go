package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// replayCommand sends a file of messages, and goes on where it stopped.
type replayCommand struct {
	target
	File       string `arg:"" type:"existingfile" help:"NDJSON: a message in the format of POST /api/telemetry a line."`
	AtOnce     int    `default:"8" help:"Messages under way at one time."`
	Tries      int    `default:"10" help:"Tries of a message that a retry may heal, before the replay stops."`
	FromStart  bool   `help:"Begin at the start, whatever the position says."`
	NoProgress bool   `help:"Show no progress bar."`
}

// Help tells what the one line above cannot.
func (replayCommand) Help() string {
	return `The position is kept in FILE.position and removed at the end: a replay that was
stopped goes on there when it is started again. A message that nothing can heal
(a wrong field, a blocked device) is written to FILE.rejected with the reason,
and the replay goes on. Give messages a messageId or a timestamp: then what was
under way at a stop has the same id again and can be told from a new event.`
}

const longestLine = 1 << 20

func (c *replayCommand) Run(ctx context.Context, w *world) error {
	if c.AtOnce < 1 || c.AtOnce > 1000 {
		return hint("--at-once must be from 1 to 1000", "mayfly replay --at-once 8 FILE")
	}
	b, err := c.open(w)
	if err != nil {
		return err
	}
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	at := &position{path: c.File + ".position"}
	if !c.FromStart {
		if err := at.load(info.Size()); err != nil {
			return err
		}
	}
	if _, err := file.Seek(at.done, io.SeekStart); err != nil {
		return err
	}
	r := &replay{
		bridge: b, tries: c.Tries, at: at, rejectedPath: c.File + ".rejected",
		bar: progressbar.NewOptions64(info.Size(), progressbar.OptionSetWriter(w.stderr), progressbar.OptionShowBytes(true),
			progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetVisibility(!c.NoProgress && isTerminal(w.stderr))),
	}
	if at.done > 0 {
		_, _ = fmt.Fprintf(w.stdout, "going on at byte %d of %d\n", at.done, info.Size())
	}
	err = r.run(ctx, file, c.AtOnce)
	_ = r.bar.Finish()
	_, _ = fmt.Fprintf(w.stdout, "%d sent, %d rejected\n", r.sent, r.rejected)
	if err != nil {
		return hint(fmt.Sprintf("stopped at byte %d of %d: %v", at.done, info.Size(), err), "the same command again; it goes on there")
	}
	if r.rejected > 0 {
		_, _ = fmt.Fprintf(w.stdout, "see %s\n", r.rejectedPath)
	}
	return at.remove()
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// replay is one run through a file.
type replay struct {
	bridge       *bridge
	tries        int
	at           *position
	bar          *progressbar.ProgressBar
	rejectedPath string

	mu             sync.Mutex
	sent, rejected int
}

// run sends the lines of a file, some at once. It stops at the first message
// that cannot be sent now; what is under way is finished.
func (r *replay) run(ctx context.Context, file io.Reader, atOnce int) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	lines := bufio.NewReaderSize(file, 64<<10)
	places := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	for ctx.Err() == nil {
		line, err := readLine(lines)
		if len(line) > 0 {
			places <- struct{}{}
			done := r.at.begin(int64(len(line)))
			wg.Go(func() {
				defer func() { <-places }()
				if err := r.message(ctx, bytes.TrimSpace(line)); err != nil {
					stop(err)
					return
				}
				done()
				_ = r.bar.Add(len(line))
			})
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			stop(err)
		}
	}
	wg.Wait()
	if err := r.at.save(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// readLine reads a line with its end.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
		if len(line) > longestLine {
			return nil, fmt.Errorf("a line is longer than %d bytes", longestLine)
		}
	}
}

// message sends one message until it is stored or rejected. Its error stops the
// replay.
func (r *replay) message(ctx context.Context, line []byte) error {
	if len(line) == 0 {
		return nil
	}
	for try := 1; ; try++ {
		err := r.bridge.post(context.WithoutCancel(ctx), "/api/telemetry", line)
		var failed *refused
		switch {
		case err == nil:
			r.mu.Lock()
			r.sent++
			r.mu.Unlock()
			return nil
		case !errors.As(err, &failed), failed.retryable && try >= r.tries:
			return err
		case !failed.retryable:
			return r.reject(line, failed)
		}
		wait := max(failed.retryAfter, time.Duration(try)*200*time.Millisecond)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// reject writes a message down with the reason, for somebody to mend.
func (r *replay) reject(line []byte, why *refused) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rejected++
	file, err := os.OpenFile(r.rejectedPath, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	message := json.RawMessage(line)
	if !json.Valid(line) {
		message, _ = json.Marshal(string(line)) // a string always marshals
	}
	text, err := json.Marshal(struct {
		Code    string          `json:"code"`
		Why     string          `json:"why"`
		Message json.RawMessage `json:"message"`
	}{why.code, why.text, message})
	if err == nil {
		_, err = file.Write(append(text, '\n'))
	}
	return errors.Join(err, file.Close())
}
