package replay

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

	"mayfly/cmd/mayfly/internal/bridge"
)

const (
	maxLineBytes = 1 << 20
	minRetryWait = 200 * time.Millisecond // times the number of the attempt
)

// Replay is one run through a file.
type Replay struct {
	Bridge       *bridge.Client
	MaxAttempts  int // of one message
	Position     *Position
	RejectedPath string
	Progress     func(bytes int) // called as lines are done, by several goroutines

	mu             sync.Mutex
	sent, rejected int
}

// Sent returns how many messages were delivered.
func (r *Replay) Sent() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sent
}

// Rejected returns how many messages were rejected.
func (r *Replay) Rejected() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rejected
}

// Run sends the lines of a file, at most maxInFlight at once. It stops at the first message that cannot be delivered
// now; messages in flight are finished first.
func (r *Replay) Run(ctx context.Context, file io.Reader, maxInFlight int) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	lines := bufio.NewReaderSize(file, 64<<10)
	inFlight := make(chan struct{}, maxInFlight)
	var wg sync.WaitGroup
	for ctx.Err() == nil {
		line, err := readLine(lines)
		if len(line) > 0 {
			inFlight <- struct{}{}
			done := r.Position.begin(int64(len(line)))
			wg.Go(func() {
				defer func() { <-inFlight }()
				if err := r.send(ctx, bytes.TrimSpace(line)); err != nil {
					stop(err)
					return
				}
				done()
				r.Progress(len(line))
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
	if err := r.Position.save(); err != nil {
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
		if len(line) > maxLineBytes {
			return nil, fmt.Errorf("a line is longer than %d bytes", maxLineBytes)
		}
	}
}

// send sends one message until it is delivered or rejected. An error stops the replay.
func (r *Replay) send(ctx context.Context, line []byte) error {
	if len(line) == 0 {
		return nil
	}
	for attempt := 1; ; attempt++ {
		err := r.Bridge.Post(context.WithoutCancel(ctx), "/api/telemetry", line)
		var refused *bridge.RefusedError
		switch {
		case err == nil:
			r.mu.Lock()
			r.sent++
			r.mu.Unlock()
			return nil
		case !errors.As(err, &refused), refused.Retryable && attempt >= r.MaxAttempts:
			return err
		case !refused.Retryable:
			return r.reject(line, refused)
		}
		select {
		case <-time.After(max(refused.RetryAfter, time.Duration(attempt)*minRetryWait)):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// reject writes a message to the file of rejected messages, with the reason.
func (r *Replay) reject(line []byte, reason *bridge.RefusedError) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rejected++
	file, err := os.OpenFile(r.RejectedPath, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	message := json.RawMessage(line)
	if !json.Valid(line) {
		message, _ = json.Marshal(string(line)) // a string can always be marshaled
	}
	text, err := json.Marshal(struct {
		Code    string          `json:"code"`
		Why     string          `json:"why"`
		Message json.RawMessage `json:"message"`
	}{reason.Code, reason.Text, message})
	if err == nil {
		_, err = file.Write(append(text, '\n'))
	}
	return errors.Join(err, file.Close())
}
