package redis

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"mayfly/function/internal/state"
)

// done is the value of a key that was committed; that of a key that is claimed is the claim's token.
const done = "done"

// releaseScript deletes keys that are still the claim's: KEYS one key, ARGV the token.
const releaseScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`

// Claim claims keys, or none where another has one of them: two requests that each have one that the other wants would
// wait for each other.
func (s *Store) Claim(ctx context.Context, keys []string, lease time.Duration) (state.Claim, error) {
	c := state.Claim{Token: s.name + ":" + strconv.FormatUint(s.claims.Add(1), 10), Done: make([]bool, len(keys))}
	var own []string
	err := s.call(ctx, "claim", func(ctx context.Context, client rueidis.Client) error {
		commands := make(rueidis.Commands, len(keys))
		for i, key := range keys {
			commands[i] = client.B().Arbitrary("SET").Keys(s.key("claim", key)).
				Args(c.Token, "NX", "GET", "PX", millis(lease)).Build()
		}
		own, c.Busy = nil, false
		for i, result := range client.DoMulti(ctx, commands...) {
			value, err := result.ToString()
			switch {
			case rueidis.IsRedisNil(err), err == nil && value == c.Token: // its own, where the call is made again
				own = append(own, keys[i])
			case err != nil:
				return err
			case value == done:
				c.Done[i] = true
			default:
				c.Busy = true
			}
		}
		return nil
	})
	switch {
	case err != nil:
		// Which of them the store has, nobody knows; those of other claims are not released. Its answer does not mean
		// that it fares well.
		_, _ = s.try(context.WithoutCancel(ctx), s.releasing(c, keys))
	case c.Busy:
		_ = s.Release(context.WithoutCancel(ctx), c, own) // else their lease ends
	}
	return c, err
}

func millis(d time.Duration) string { return strconv.FormatInt(max(1, d.Milliseconds()), 10) }

// Commit makes keys done, also those whose lease has ended meanwhile.
func (s *Store) Commit(ctx context.Context, _ state.Claim, keys []string, window time.Duration) error {
	if len(keys) == 0 {
		return nil
	}
	return s.call(ctx, "commit", func(ctx context.Context, client rueidis.Client) error {
		commands := make(rueidis.Commands, len(keys))
		for i, key := range keys {
			commands[i] = client.B().Arbitrary("SET").Keys(s.key("claim", key)).
				Args(done, "PX", millis(window)).Build()
		}
		return first(client.DoMulti(ctx, commands...))
	})
}

// Release gives up keys that are still the claim's.
func (s *Store) Release(ctx context.Context, c state.Claim, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	return s.call(ctx, "release", s.releasing(c, keys))
}

func (s *Store) releasing(c state.Claim, keys []string) func(context.Context, rueidis.Client) error {
	return func(ctx context.Context, client rueidis.Client) error {
		execs := make([]rueidis.LuaExec, len(keys))
		for i, key := range keys {
			execs[i] = rueidis.LuaExec{Keys: []string{s.key("claim", key)}, Args: []string{c.Token}}
		}
		return first(s.release.ExecMulti(ctx, client, execs...))
	}
}

func first(results []rueidis.RedisResult) error {
	for _, result := range results {
		if err := result.Error(); err != nil && !rueidis.IsRedisNil(err) {
			return err
		}
	}
	return nil
}
