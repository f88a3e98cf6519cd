package secret

import (
	"context"
	"sync"
	"time"
)

const (
	// The shortest time between two looks at a store after the first: a secret
	// that is wrong must not storm it. A file may be looked at more often.
	leastRemote = 2 * time.Minute
	leastFile   = 5 * time.Second
	// A secret that could not be read at all is asked for again after this.
	afterFailure = 5 * time.Second
	mostLook     = 8 * time.Second
)

// Value is a secret that is read once, and again when somebody refuses it. Safe
// for concurrent use: one caller reads, the others wait for it.
type Value[T any] struct {
	loader *Loader
	ref    Reference
	parse  func(string) (T, error)

	looking   sync.Mutex // held while the store is asked
	refreshed time.Time
	failed    time.Time

	mu    sync.RWMutex
	has   bool
	value T
	err   error
}

// NewValue makes the value of a reference; parse reads its text.
func NewValue[T any](l *Loader, r Reference, parse func(string) (T, error)) *Value[T] {
	return &Value[T]{loader: l, ref: r, parse: parse}
}

// Get gives the value, and reads it the first time.
func (v *Value[T]) Get(ctx context.Context) (T, error) {
	if value, ok := v.present(); ok {
		return value, nil
	}
	v.looking.Lock()
	defer v.looking.Unlock()
	if value, ok := v.present(); ok {
		return value, nil
	}
	if now := v.loader.Now(); v.failed.IsZero() || now.Sub(v.failed) >= afterFailure {
		v.look(ctx)
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.value, v.err
}

// Refresh reads the secret again, unless that was done a short while ago. A
// secret that was good stays while its store fails.
func (v *Value[T]) Refresh(ctx context.Context) {
	least := leastRemote
	switch v.ref.kind {
	case Literal:
		return
	case File:
		least = leastFile
	case KeyVault, SecretsManager, Parameter:
	}
	v.looking.Lock()
	defer v.looking.Unlock()
	if now := v.loader.Now(); v.refreshed.IsZero() || now.Sub(v.refreshed) >= least {
		v.refreshed = now
		v.look(ctx)
	}
}

func (v *Value[T]) present() (T, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.value, v.has
}

func (v *Value[T]) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, mostLook)
	defer cancel()
	var value T
	text, err := v.loader.Load(ctx, v.ref)
	if err == nil {
		if value, err = v.parse(text); err != nil {
			err = &Error{Reference: v.ref, Err: err}
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case err == nil:
		v.has, v.value, v.err = true, value, nil
	case !v.has:
		v.failed, v.err = v.loader.Now(), err
	}
}
