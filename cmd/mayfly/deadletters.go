package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"golang.org/x/term"

	"mayfly/cmd/mayfly/internal/deadletters"
	"mayfly/cmd/mayfly/internal/tool"
	"mayfly/function"
)

// deadCommand is about what a queue could not deliver.
type deadCommand struct {
	List   deadLettersListCommand   `cmd:"" help:"List dead letters and why they were not delivered."`
	Show   deadLettersShowCommand   `cmd:"" help:"Print one dead letter with its payload."`
	Replay deadLettersReplayCommand `cmd:"" help:"Move dead letters back into the queue."`
	Drop   deadLettersDropCommand   `cmd:"" help:"Delete dead letters."`
}

// Help is the long help of the command.
func (deadCommand) Help() string {
	return `QUEUE is named as the variable QUEUE names it: file:DIR, sqs:URL, azure-queue:URL or
nats://HOST. The bridge may run meanwhile. From a folder, it takes back within a second
what is replayed; when it does not run, at its next start.`
}

type deadLettersListCommand struct {
	letters
	Limit int `default:"100" help:"How many are listed at most."`
}

type deadLettersShowCommand struct {
	letters
	ID string `arg:"" help:"The id that list prints."`
}

type deadLettersReplayCommand struct{ chosenLetters }

type deadLettersDropCommand struct{ chosenLetters }

// letters are those of a queue.
type letters struct {
	Queue string `arg:"" complete:"queue" help:"The queue, as QUEUE names it."`
	JSON  bool   `help:"Print JSON."`
}

// chosenLetters are some of them.
type chosenLetters struct {
	letters
	IDs []string `arg:"" optional:"" name:"id" help:"The ids that list prints."`
	All bool     `help:"All of them, 10,000 at a time; on a terminal, you are asked."`
	Yes bool     `help:"Do not ask."`
}

func (c *deadLettersListCommand) Run(ctx context.Context, w *world) error {
	if c.Limit < 1 {
		return tool.Hint("--limit must be 1 or more", "--limit 100")
	}
	return c.with(ctx, w, func(t *deadletters.Tool) error { return t.List(ctx, c.Limit) })
}

func (c *deadLettersShowCommand) Run(ctx context.Context, w *world) error {
	return c.with(ctx, w, func(t *deadletters.Tool) error { return t.Show(ctx, c.ID) })
}

func (c *deadLettersReplayCommand) Run(ctx context.Context, w *world) error {
	return c.some(ctx, w, func(t *deadletters.Tool) error { return t.Replay(ctx, c.IDs, c.All) })
}

func (c *deadLettersDropCommand) Run(ctx context.Context, w *world) error {
	return c.some(ctx, w, func(t *deadletters.Tool) error { return t.Drop(ctx, c.IDs, c.All) })
}

// with opens the dead letters for a while.
func (l *letters) with(ctx context.Context, w *world, do func(*deadletters.Tool) error) error {
	found, name, done, err := function.OpenDeadLetters(ctx, l.Queue, w.getenv, http.DefaultTransport)
	if err != nil {
		return err
	}
	return errors.Join(do(&deadletters.Tool{Letters: found, Queue: name, Out: w.stdout, JSON: l.JSON}), done())
}

// some is with for ids or --all.
func (l *chosenLetters) some(ctx context.Context, w *world, do func(*deadletters.Tool) error) error {
	if l.All == (len(l.IDs) > 0) {
		return tool.Hint("name the ids of dead letters, or --all", "mayfly dead-letters list "+l.Queue)
	}
	return l.with(ctx, w, func(t *deadletters.Tool) error {
		if in, ok := w.stdin.(*os.File); ok && !l.Yes && term.IsTerminal(int(in.Fd())) {
			t.Confirm = w.confirm
		}
		return do(t)
	})
}

// confirm asks the person at the terminal.
func (w *world) confirm(question string) bool {
	_, _ = fmt.Fprint(w.stderr, question, " [y/N] ")
	answer, _ := bufio.NewReader(w.stdin).ReadString('\n') // no answer is none
	return strings.EqualFold(strings.TrimSpace(answer), "y") || strings.EqualFold(strings.TrimSpace(answer), "yes")
}
