package signature

import (
	"context"
	"time"

	"mayfly/function/internal/problem"
)

// lease is how long a proof is used that an instance has not settled, since it died: it is good again then.
const lease = 2 * time.Minute

// claim takes a proof that is new to this instance. Where nobody knows whether another instance has taken it, it is
// refused for now.
func (v *Verifier) claim(ctx context.Context, key string) (settle func(again bool), err error) {
	names := []string{"proof\x00" + v.source + "\x00" + key}
	c, err := v.shared.Claim(ctx, names, lease)
	switch {
	case err != nil:
		v.used.Delete(key)
		return nil, &problem.Error{Code: problem.StateUnavailable, Cause: err,
			Detail: "it cannot be known whether the signature was used before"}
	case c.Busy: // the other instance gives it back where it fails
		v.used.Delete(key)
		return nil, &problem.Error{Code: problem.TooBusy, Detail: "another instance handles this very request"}
	case c.Done[0]:
		return nil, Error("what is signed was sent before")
	}
	return func(again bool) {
		ctx := context.WithoutCancel(ctx)
		if again {
			v.used.Delete(key)
			_ = v.shared.Release(ctx, c, names) // else its lease ends
			return
		}
		_ = v.shared.Commit(ctx, c, names, windowOf(v.spec)) // this instance knows it anyway
	}, nil
}
