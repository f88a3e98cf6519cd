package devqueue

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"mayfly/emulator/console"
	"mayfly/function"
)

// variables are those of durable mode. mayfly dev never takes a queue from them: that one may be in use, and what it
// has would go to the emulator.
var variables = []string{"QUEUE", "QUEUE_SIGNING_KEY", "QUEUE_ALLOW_UNSYNCED", "DURABLE"}

// Durable is the queue of one run; nil where none is wanted.
type Durable struct {
	view      View
	name      string
	queue     function.Queue
	temporary string // a folder to be removed
}

// New makes the queue of a run, in a folder; a temporary one where none is named.
func New(folder string) (*Durable, error) {
	if folder != "" {
		return &Durable{name: "file:" + strings.TrimPrefix(folder, "file:"), view: View{Now: time.Now}}, nil
	}
	dir, err := os.MkdirTemp("", "mayfly-queue-")
	if err != nil {
		return nil, err
	}
	return &Durable{name: "file:" + dir, temporary: dir, view: View{Now: time.Now}}, nil
}

// Environ is the environment with this queue and no other one.
func (d *Durable) Environ(environ []string) []string {
	kept := slices.DeleteFunc(slices.Clone(environ), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(variables, name) && (d == nil || name != "DURABLE")
	})
	if d == nil {
		return kept
	}
	return append(kept, "QUEUE="+d.name)
}

// Page is what the console shows.
func (d *Durable) Page() console.Queue {
	if d == nil {
		return nil
	}
	return &d.view
}

// Open opens the queue, once the configuration names it.
func (d *Durable) Open(ctx context.Context, c *function.Config, log *slog.Logger) (function.Queue, error) {
	if d == nil {
		return nil, nil
	}
	q, err := function.OpenQueue(ctx, c, log)
	if err != nil {
		return nil, err
	}
	if q == nil {
		return nil, errors.New("the configuration has no queue")
	}
	d.queue = q
	d.view.Use(d.name, q)
	return q, nil
}

// Close closes the queue and removes a temporary folder.
func (d *Durable) Close() {
	if d == nil {
		return
	}
	if d.queue != nil {
		_ = d.queue.Close() // the process ends
	}
	if d.temporary != "" {
		_ = os.RemoveAll(d.temporary)
	}
}
