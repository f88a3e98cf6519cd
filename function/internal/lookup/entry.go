package lookup

import (
	"time"

	"mayfly/transform/message"
)

// entry is what is kept of a key: its last answer, its last failure, or both. It does not change.
type entry struct {
	value  any
	fresh  time.Time // until then the answer serves; zero without an answer
	usable time.Time // and until then while the service fails
	err    *Error
	retry  time.Time // until then the failure is the answer
	size   int       // in bytes, with its key
}

// isFresh tells whether the answer serves as it is.
func (e *entry) isFresh(now time.Time) bool { return e != nil && now.Before(e.fresh) }

// failed tells whether the service failed a moment ago.
func (e *entry) failed(now time.Time) bool { return e != nil && e.err != nil && now.Before(e.retry) }

// instead is the result where the service fails: the old answer while that is usable.
func (e *entry) instead(now time.Time, err *Error) Result {
	if e != nil && now.Before(e.usable) {
		return Result{Value: e.value, State: Stale, Err: err}
	}
	return Result{State: Failed, Err: err}
}

// keep stores an answer.
func (l *lookup) keep(key string, value any, f freshness) {
	if f == (freshness{}) {
		l.kept.Delete(key)
		return
	}
	now := l.now()
	e := &entry{value: value, fresh: now.Add(f.fresh), usable: now.Add(f.fresh + f.stale)}
	e.size = entryBytes + len(key) + message.Estimate(value, DefaultMemory)
	l.kept.Set(key, e)
}

// keepFailure stores a failure for a short while, beside the answer that is there. Its cause is not kept: it may hold
// the URL and more.
func (l *lookup) keepFailure(key string, old *entry, err *Error) {
	kept := *err
	kept.Detail, kept.Err = err.detail(), nil
	e := &entry{err: &kept, retry: l.now().Add(MaxErrorAge), size: entryBytes + len(key) + len(kept.Detail)}
	if old != nil {
		e.value, e.fresh, e.usable = old.value, old.fresh, old.usable
		e.size += message.Estimate(old.value, DefaultMemory)
	}
	l.kept.Set(key, e)
}
