package devqueue

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"mayfly/emulator/console"
	"mayfly/function"
)

// Source is what a queue tells.
type Source interface {
	Depth(ctx context.Context) (function.QueueDepth, error)
	DeadLetters() function.DeadLetters
}

// View is a queue as the console shows it. It has to be created before the queue, which Use brings in.
type View struct {
	Now func() time.Time

	mu     sync.Mutex
	name   string
	source Source
}

// Use shows a queue.
func (v *View) Use(name string, source Source) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.name, v.source = name, source
}

func (v *View) queue() (string, Source, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.source == nil {
		return "", nil, errors.New("the queue is not open")
	}
	return v.name, v.source, nil
}

// Status is console.Queue's.
func (v *View) Status(ctx context.Context, letters int) (console.QueueStatus, error) {
	name, source, err := v.queue()
	if err != nil {
		return console.QueueStatus{}, err
	}
	depth, err := source.Depth(ctx)
	if err != nil {
		return console.QueueStatus{}, err
	}
	s := console.QueueStatus{Name: name, Items: depth.Items, Oldest: depth.Oldest, Dead: depth.Dead, Now: v.Now()}
	if depth.Dead == 0 {
		return s, nil
	}
	dead, err := source.DeadLetters().List(ctx, letters)
	if err != nil {
		return console.QueueStatus{}, err
	}
	for _, l := range dead {
		letter := console.DeadLetter{ID: l.ID, Device: l.Item.Key, MessageID: l.Item.ID, Buried: l.Buried}
		if json.Valid(l.Reason) {
			letter.Reason = l.Reason
		}
		s.Letters = append(s.Letters, letter)
	}
	return s, nil
}

// Replay is console.Queue's.
func (v *View) Replay(ctx context.Context, id string) error {
	_, source, err := v.queue()
	if err != nil {
		return err
	}
	return source.DeadLetters().Replay(ctx, id)
}

// Drop is console.Queue's.
func (v *View) Drop(ctx context.Context, id string) error {
	_, source, err := v.queue()
	if err != nil {
		return err
	}
	return source.DeadLetters().Drop(ctx, id)
}
