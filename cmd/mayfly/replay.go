package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"mayfly/cmd/mayfly/internal/replay"
	"mayfly/cmd/mayfly/internal/tool"
)

const maxAtOnce = 1000

// replayCommand sends a file of messages and continues where it was stopped.
type replayCommand struct {
	target
	File       string `arg:"" type:"existingfile" complete:"file" help:"NDJSON, one message per line."`
	AtOnce     int    `default:"8" help:"How many messages are sent at once."`
	Tries      int    `default:"10" help:"How often a message is tried before the replay stops."`
	FromStart  bool   `help:"Begin at the start of the file and ignore the saved position."`
	NoProgress bool   `help:"Do not show a progress bar."`
}

// Help is the long help of the command.
func (replayCommand) Help() string {
	return `Messages have the format of POST /api/telemetry, one per line.

The position is kept in FILE.position and removed at the end: when a replay was
stopped, the same command continues there. A message that no retry can deliver (a
wrong field, a blocked device) is written to FILE.rejected with the reason, and the
replay continues. Give messages a messageId or a timestamp: then a message that was
in flight when the replay stopped gets the same id again, so duplicates can be told
from new events.`
}

func (c *replayCommand) Run(ctx context.Context, w *world) error {
	if c.AtOnce < 1 || c.AtOnce > maxAtOnce {
		return tool.Hint(fmt.Sprintf("--at-once must be from 1 to %d", maxAtOnce), "mayfly replay --at-once 8 FILE")
	}
	client, err := c.open(w)
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
	position := replay.NewPosition(c.File + ".position")
	if !c.FromStart {
		err := position.Load(info.Size())
		if errors.Is(err, replay.ErrPosition) {
			return tool.Hint(err.Error(), "--from-start, or remove that file")
		}
		if err != nil {
			return err
		}
	}
	if _, err := file.Seek(position.Done(), io.SeekStart); err != nil {
		return err
	}
	bar := c.progressBar(w.stderr, info.Size())
	r := &replay.Replay{Bridge: client, MaxAttempts: c.Tries, Position: position, RejectedPath: c.File + ".rejected",
		Progress: func(bytes int) { _ = bar.Add(bytes) }}
	if at := position.Done(); at > 0 {
		_, _ = fmt.Fprintf(w.stdout, "continuing at byte %d of %d\n", at, info.Size())
	}
	err = r.Run(ctx, file, c.AtOnce)
	_ = bar.Finish()
	_, _ = fmt.Fprintf(w.stdout, "%d sent, %d rejected\n", r.Sent(), r.Rejected())
	if err != nil {
		return tool.Hint(fmt.Sprintf("stopped at byte %d of %d: %v", position.Done(), info.Size(), err),
			"the same command again: it continues there")
	}
	if r.Rejected() > 0 {
		_, _ = fmt.Fprintf(w.stdout, "see %s\n", r.RejectedPath)
	}
	return position.Remove()
}

func (c *replayCommand) progressBar(w io.Writer, size int64) *progressbar.ProgressBar {
	return progressbar.NewOptions64(size, progressbar.OptionSetWriter(w), progressbar.OptionShowBytes(true),
		progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetVisibility(!c.NoProgress && tool.IsTerminal(w)))
}
