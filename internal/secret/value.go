package secret

import (
	"context"
	"sync"
	"time"
)

const (
	// The shortest time between two refreshes of a secret: one that is wrong must not
	// flood its store. A file may be read more often.
	minRemoteRefresh = 2 * time.Minute
	minFileRefresh   = 5 * time.Second
	// A secret that could not be read yet is read again after this.
	retryDelay = 5 * time.Second
	// maxLoadTime bounds one read, with the calls for a token that it needs.
	maxLoadTime = 8 * time.Second
)

// Value is a secret that is read when it is first needed, and read again when
// somebody refuses it. Safe for concurrent use: one read serves all who wait for it,
// and goes on when some of them give up.
type Value[T any] struct {
	loader *Loader
	ref    Reference
	parse  func(string) (T, error)

	mu        sync.Mutex
	loading   chan struct{} // closed when the read under way has ended; nil when there is none
	refreshed time.Time
	failed    time.Time // when the last read failed, while there is no value
	has       bool
	value     T
	err       error
}

// NewValue returns the value that r stands for; parse turns its text into a T.
func NewValue[T any](l *Loader, r Reference, parse func(string) (T, error)) *Value[T] {
	return &Value[T]{loader: l, ref: r, parse: parse}
}

// Get returns the value, which it reads if it must. Its errors are *Error.
func (v *Value[T]) Get(ctx context.Context) (T, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.has && (v.failed.IsZero() || v.loader.Now().Sub(v.failed) >= retryDelay) {
		if err := v.load(ctx); err != nil {
			return v.value, err
		}
	}
	return v.value, v.err
}

// Refresh reads the secret again, unless that was done a short while ago. A secret
// that was read once stays while its store fails.
func (v *Value[T]) Refresh(ctx context.Context) {
	interval := minRemoteRefresh
	switch v.ref.kind {
	case Literal:
		return
	case File:
		interval = minFileRefresh
	case KeyVault, SecretsManager, Parameter:
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.loader.Now()
	if v.loading == nil && !v.refreshed.IsZero() && now.Sub(v.refreshed) < interval {
		return
	}
	v.refreshed = now
	_ = v.load(ctx) // who asked gave up waiting; the read goes on
}

// load waits for the read under way, or starts one. It is called with mu held, and
// lets go of it while it waits. Its error says that ctx has ended first.
func (v *Value[T]) load(ctx context.Context) error {
	done := v.loading
	if done == nil {
		done = make(chan struct{})
		v.loading = done
		go v.read(context.WithoutCancel(ctx), done)
	}
	v.mu.Unlock()
	defer v.mu.Lock()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return &Error{Reference: v.ref, Temporary: true, Err: ctx.Err()}
	}
}

// read reads the secret once, within maxLoadTime.
func (v *Value[T]) read(ctx context.Context, done chan<- struct{}) {
	ctx, cancel := context.WithTimeout(ctx, maxLoadTime)
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
	v.loading = nil
	close(done)
}
