package redis

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"mayfly/function/internal/metrics"
	"mayfly/function/internal/state"
	"mayfly/internal/secret"
)

// Options are what a store needs beside its URL.
type Options struct {
	Secrets *secret.Loader
	Log     *slog.Logger
	Metrics *metrics.Set     // may be nil
	Now     func() time.Time // time.Now when nil

	CallTimeout time.Duration // of each call; 100 ms when 0
}

// Store is a store in Redis.
type Store struct {
	target  *target
	o       Options
	name    string // of this instance, in tokens
	claims  atomic.Uint64
	take    *rueidis.Lua
	release *rueidis.Lua

	ctx   context.Context // ended by Close
	close context.CancelFunc
	wg    sync.WaitGroup

	mu       sync.Mutex
	client   rueidis.Client // nil before the first connection
	tried    chan struct{}  // closed when the first connection was made, has failed, or takes longer than firstWait
	failures int            // in a row
	down     bool
	since    time.Time
	reason   error
	refused  int // calls that failed since
}

const (
	defaultCallTimeout = 100 * time.Millisecond

	firstWait   = time.Second // for the first connection: without it calls could only refuse what is signed
	maxFailures = 3           // in a row: the store is down then
	firstPause  = 200 * time.Millisecond
	maxPause    = 2 * time.Second // between two tries to reach a store that is down
)

// Open makes the store of a URL that Check has passed, and begins to connect to it. It waits for nothing.
func Open(text string, o Options) (*Store, error) {
	t, err := parse(text)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.CallTimeout = cmp.Or(o.CallTimeout, defaultCallTimeout)
	s := &Store{
		target: t, o: o, name: rand.Text(), tried: make(chan struct{}),
		take: rueidis.NewLuaScript(takeScript), release: rueidis.NewLuaScript(releaseScript),
	}
	s.ctx, s.close = context.WithCancel(context.Background())
	o.Metrics.Collect(metrics.StateUp, func(set metrics.Setter) {
		up := 0.
		if s.Status().Up {
			up = 1
		}
		set(up)
	})
	s.wg.Go(s.connect)
	return s, nil
}

// Close ends all connections.
func (s *Store) Close() {
	s.mu.Lock() // nobody begins to heal from here on
	s.close()
	s.mu.Unlock()
	s.wg.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil {
		s.client.Close()
	}
}

// Status tells whether the store answers.
func (s *Store) Status() state.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return state.Status{Up: !s.down, Since: s.since, Reason: s.reason}
}

// connect makes the first connection. Later ones are the client's business.
func (s *Store) connect() {
	first := sync.OnceFunc(func() { close(s.tried) })
	defer first()
	defer time.AfterFunc(firstWait, first).Stop()
	for pause := firstPause; s.ctx.Err() == nil; pause = min(2*pause, maxPause) {
		client, err := s.target.client(s.o.Secrets)
		if err == nil {
			s.mu.Lock()
			s.client = client
			s.mu.Unlock()
			s.up()
			return
		}
		s.fail(err, true)
		first()
		s.wait(pause)
	}
}

// wait waits, and less when the store is closed.
func (s *Store) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.ctx.Done():
	}
}

// call makes a call, and counts how it fares.
func (s *Store) call(ctx context.Context, what string, do func(context.Context, rueidis.Client) error) error {
	asked, err := s.try(ctx, do)
	switch {
	case !asked:
	case err == nil:
		s.answered()
	case ctx.Err() == nil: // not the caller's own end
		s.fail(err, false)
	}
	outcome := "ok"
	if err != nil {
		outcome = "failed"
		err = fmt.Errorf("%w: %w", state.ErrDown, err)
	}
	s.o.Metrics.Add(metrics.StateCalls, 1, what, outcome)
	return err
}

// try makes a call, unless the store is down.
func (s *Store) try(
	ctx context.Context, do func(context.Context, rueidis.Client) error,
) (asked bool, err error) {
	client, err := s.ready(ctx)
	if err != nil {
		return false, err
	}
	limited, cancel := context.WithTimeout(ctx, s.o.CallTimeout)
	defer cancel()
	err = do(limited, client)
	if _, answer := rueidis.IsRedisErr(err); err != nil && !answer && limited.Err() == nil {
		err = do(limited, client) // the connection was lost, perhaps long ago; all calls can be made twice
	}
	return true, err
}

var errConnecting = errors.New("it is not connected yet")

// ready gives the client of a store that is not down.
func (s *Store) ready(ctx context.Context) (rueidis.Client, error) {
	select {
	case <-s.tried:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down || s.client == nil {
		s.refused++
		return nil, cmp.Or(s.reason, errConnecting)
	}
	return s.client, nil
}

func (s *Store) answered() {
	s.mu.Lock()
	s.failures = 0
	s.mu.Unlock()
}

// fail counts a failure. The store is down after some of them, or at once.
func (s *Store) fail(err error, atOnce bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures++
	s.refused++
	if s.down || s.ctx.Err() != nil || !atOnce && s.failures < maxFailures {
		return
	}
	s.down, s.since, s.reason = true, s.o.Now(), err
	s.o.Log.Warn("the state store does not answer: rates and deduplication are of each instance alone, "+
		"signed requests are refused", "error", err.Error())
	if s.client != nil {
		s.wg.Go(s.heal)
	}
}

// heal writes to a store that is down until it takes that: one that is full, or a replica, answers reads.
func (s *Store) heal() {
	for pause := firstPause; s.ctx.Err() == nil; pause = min(2*pause, maxPause) {
		s.wait(pause)
		ctx, cancel := context.WithTimeout(s.ctx, connectTimeout)
		probe := s.client.B().Set().Key(s.key("probe", "")).Value("1").PxMilliseconds(1000).Build()
		err := s.client.Do(ctx, probe).Error()
		cancel()
		if err == nil {
			s.up()
			return
		}
	}
}

// up takes note that the store answers.
func (s *Store) up() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		s.o.Log.Info("the state store answers again", "down", s.o.Now().Sub(s.since).Round(time.Millisecond).String(),
			"failed_calls", s.refused)
	}
	s.down, s.failures, s.refused, s.reason = false, 0, 0, nil
}

// key is the name of a key in Redis.
func (s *Store) key(kind, name string) string {
	sum := sha256.Sum256([]byte(name))
	return s.target.prefix + kind + ":" + base64.RawURLEncoding.EncodeToString(sum[:18])
}

// takeScript is a bucket as the time at which it is full again (a generic cell rate algorithm), by Redis' own clock, in
// microseconds: KEYS the bucket, ARGV the cost, and the time in which all of it fills.
const takeScript = `
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local cost, all = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + cost
if full - all > now then return math.ceil(full - all - now) end
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
return 0`

// Take takes from a bucket.
func (s *Store) Take(
	ctx context.Context, key string, count int, per time.Duration, n int,
) (wait time.Duration, err error) {
	all := float64(per.Microseconds())
	cost := all * float64(min(n, count)) / float64(count)
	args := []string{strconv.FormatFloat(cost, 'f', 3, 64), strconv.FormatFloat(all, 'f', 0, 64)}
	err = s.call(ctx, "rate", func(ctx context.Context, client rueidis.Client) error {
		micros, err := s.take.Exec(ctx, client, []string{s.key("rate", key)}, args).AsInt64()
		wait = time.Duration(micros) * time.Microsecond
		return err
	})
	return wait, err
}
