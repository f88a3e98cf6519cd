//go:build redis

package redis_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"mayfly/function/internal/metrics"
	"mayfly/function/internal/state"
	"mayfly/function/internal/state/redis"
	"mayfly/function/internal/state/redis/redistest"
	"mayfly/internal/secret"
)

// lines is a log.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), text)
}

// open opens a store that gives a slow machine time.
func open(t *testing.T, url string) (*redis.Store, *lines) {
	t.Helper()
	return openWith(t, url, 10*time.Second)
}

func openWith(t *testing.T, url string, callTimeout time.Duration) (*redis.Store, *lines) {
	t.Helper()
	log := &lines{}
	s, err := redis.Open(url, redis.Options{
		Secrets: &secret.Loader{Now: time.Now}, Log: slog.New(slog.NewTextHandler(log, nil)), Metrics: metrics.New(nil),
		CallTimeout: callTimeout,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, log
}

// untilUp waits until a store answers.
func untilUp(t *testing.T, s *redis.Store) {
	t.Helper()
	for range 6000 {
		if s.Status().Up {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the store does not answer again")
}

func TestTake(t *testing.T) {
	server := redistest.Start(t)
	a, _ := open(t, server.URL())
	b, _ := open(t, server.URL())
	ctx := t.Context()
	take := func(s *redis.Store, key string, count int, per time.Duration, n int) time.Duration {
		t.Helper()
		wait, err := s.Take(ctx, key, count, per, n)
		if err != nil {
			t.Fatal(err)
		}
		return wait
	}
	for i, s := range []*redis.Store{a, b, a} {
		if wait := take(s, "k", 3, time.Hour, 1); wait != 0 {
			t.Errorf("take %d waits %s", i, wait)
		}
	}
	if wait := take(b, "k", 3, time.Hour, 1); wait < 19*time.Minute || wait > 20*time.Minute {
		t.Errorf("the fourth of 3/h waits %s", wait)
	}
	if wait := take(b, "other", 3, time.Hour, 100); wait != 0 {
		t.Errorf("more than it holds waits %s of a full bucket", wait)
	}
	if wait := take(a, "fast", 1_000_000_000, time.Second, 1_000_000_000); wait != 0 {
		t.Errorf("the fastest rate waits %s", wait)
	}
	take(a, "long", 10, time.Hour, 10)
	if wait := take(b, "long", 10, time.Hour, 1); wait <= 0 || wait > 6*time.Minute {
		t.Errorf("one of 10/h waits %s", wait)
	}
	take(a, "brief", 10, time.Second, 10)
	if wait := take(b, "brief", 10, time.Second, 1); wait > 100*time.Millisecond {
		t.Errorf("one of 10/s waits %s", wait)
	} else if wait > 0 { // else its time has passed already
		time.Sleep(wait)
		if wait := take(b, "brief", 10, time.Second, 1); wait != 0 {
			t.Errorf("after its time it waits %s", wait)
		}
	}
}

func TestClaim(t *testing.T) {
	server := redistest.Start(t)
	a, _ := open(t, server.URL())
	b, _ := open(t, server.URL())
	ctx := t.Context()
	claim := func(s *redis.Store, lease time.Duration, keys ...string) state.Claim {
		t.Helper()
		c, err := s.Claim(ctx, keys, lease)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := claim(a, time.Minute, "1", "2")
	if first.Busy || first.Done[0] || first.Done[1] {
		t.Fatalf("the first claim: %+v", first)
	}
	if c := claim(b, time.Minute, "3", "2"); !c.Busy {
		t.Errorf("a claim of what is claimed: %+v", c)
	}
	if c := claim(a, time.Minute, "3"); c.Busy {
		t.Error("a claim that failed keeps a key")
	}
	if err := errors.Join(a.Commit(ctx, first, []string{"1"}, time.Minute),
		a.Release(ctx, first, []string{"2"})); err != nil {
		t.Fatal(err)
	}
	if c := claim(b, time.Minute, "1", "2"); c.Busy || !c.Done[0] || c.Done[1] {
		t.Errorf("after commit and release: %+v", c)
	}
	if err := a.Release(ctx, first, []string{"2"}); err != nil {
		t.Fatal(err)
	}
	if c := claim(a, time.Minute, "2"); !c.Busy {
		t.Error("a claim that has ended releases another's")
	}
	claim(a, 200*time.Millisecond, "brief") // and dies
	time.Sleep(250 * time.Millisecond)
	if c := claim(b, time.Minute, "brief"); c.Busy || c.Done[0] {
		t.Errorf("after the lease: %+v", c)
	}
	if c := claim(a, time.Minute, "brief"); !c.Busy {
		t.Error("a lease does not hold")
	}
}

// TestKilled: a server that is killed costs some calls their time, not each; that is said once, and over once it is
// back.
func TestKilled(t *testing.T) {
	for name, stop := range map[string]func(*redistest.Server){
		"killed": (*redistest.Server).Kill,
		"hangs":  func(s *redistest.Server) { s.Signal(syscall.SIGSTOP) },
	} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t)
			const callTimeout = time.Second
			s, log := openWith(t, server.URL(), callTimeout)
			if _, err := s.Take(t.Context(), "k", 10, time.Hour, 1); err != nil {
				t.Fatal(err)
			}
			stop(server)
			began := time.Now()
			for range 500 {
				if _, err := s.Claim(t.Context(), []string{"k"}, time.Minute); !errors.Is(err, state.ErrDown) {
					t.Fatalf("error %v", err)
				}
			}
			if took := time.Since(began); took > 20*callTimeout {
				t.Errorf("500 calls took %s while the server is away", took)
			}
			if status := s.Status(); status.Up || status.Since.IsZero() || status.Reason == nil {
				t.Errorf("status %+v", status)
			}
			if name == "killed" {
				server.Restart()
			} else {
				server.Signal(syscall.SIGCONT)
			}
			untilUp(t, s)
			if _, err := s.Take(t.Context(), "k", 10, time.Hour, 1); err != nil {
				t.Errorf("once the server is back: %v", err)
			}
			if down, up := log.count("does not answer"), log.count("answers again"); down != 1 || up != 1 {
				t.Errorf("said %d times that it is down, %d times that it is back", down, up)
			}
		})
	}
}

// TestAwayAtTheStart: the first calls wait for nothing that is not there.
func TestAwayAtTheStart(t *testing.T) {
	server := redistest.Start(t)
	server.Kill()
	s, log := open(t, server.URL())
	if _, err := s.Take(t.Context(), "k", 10, time.Hour, 1); !errors.Is(err, state.ErrDown) {
		t.Errorf("error %v", err)
	}
	server.Restart()
	untilUp(t, s)
	if _, err := s.Take(t.Context(), "k", 10, time.Hour, 1); err != nil || log.count("does not answer") != 1 {
		t.Errorf("once the server is there: %v", err)
	}
}

// TestSlowAtTheStart: the first calls wait for a connection that takes longer than a call may.
func TestSlowAtTheStart(t *testing.T) {
	server := redistest.Start(t)
	server.Signal(syscall.SIGSTOP)
	s, _ := open(t, server.URL())
	time.AfterFunc(300*time.Millisecond, func() { server.Signal(syscall.SIGCONT) })
	if _, err := s.Claim(t.Context(), []string{"a"}, time.Minute); err != nil {
		t.Error(err)
	}
}

// TestSilentAtTheStart: calls do not wait for a connection without end, nor each of them anew.
func TestSilentAtTheStart(t *testing.T) {
	server := redistest.Start(t)
	server.Signal(syscall.SIGSTOP)
	s, _ := open(t, server.URL())
	for range 100 {
		if _, err := s.Claim(t.Context(), []string{"a"}, time.Minute); !errors.Is(err, state.ErrDown) {
			t.Fatal(err)
		}
	}
}

func TestPassword(t *testing.T) {
	server := redistest.Start(t, "--requirepass", "hunter2")
	for name, tt := range map[string]struct {
		url  string
		good bool
	}{
		"in the URL":      {strings.Replace(server.URL(), "redis://", "redis://:hunter2@", 1), true},
		"a reference":     {server.URL() + "?password=file:" + server.File("password", "hunter2\n"), true},
		"wrong":           {strings.Replace(server.URL(), "redis://", "redis://:hunter3@", 1), false},
		"none":            {server.URL(), false},
		"a file missing":  {server.URL() + "?password=file:/no/such/file", false},
		"another prefix":  {strings.Replace(server.URL(), "redis://", "redis://:hunter2@", 1) + "/3?prefix=b:", true},
		"user by default": {strings.Replace(server.URL(), "redis://", "redis://default:hunter2@", 1), true},
	} {
		t.Run(name, func(t *testing.T) {
			s, log := open(t, tt.url)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			_, err := s.Take(ctx, "k", 10, time.Hour, 1)
			if (err == nil) != tt.good {
				t.Errorf("error %v", err)
			}
			if log.count("hunter") > 0 || err != nil && strings.Contains(err.Error(), "hunter") {
				t.Error("the password is shown")
			}
		})
	}
}

// TestFull: a server that answers and takes no writes is down until it takes them, and that is said once.
func TestFull(t *testing.T) {
	server := redistest.Start(t, "--maxmemory-policy", "noeviction")
	s, log := open(t, server.URL())
	admin, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{strings.TrimPrefix(server.URL(), "redis://")}, DisableCache: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	limit := func(bytes string) {
		t.Helper()
		set := admin.B().ConfigSet().ParameterValue().ParameterValue("maxmemory", bytes).Build()
		if err := admin.Do(t.Context(), set).Error(); err != nil {
			t.Fatal(err)
		}
	}
	limit("1")
	for range 50 {
		if _, err := s.Claim(t.Context(), []string{"k"}, time.Minute); err == nil {
			t.Fatal("a full store has claimed something")
		}
		time.Sleep(20 * time.Millisecond) // longer than until the store is asked again
	}
	if down, up := log.count("does not answer"), log.count("answers again"); s.Status().Up || down != 1 || up != 0 {
		t.Errorf("said %d times that it is down, %d times that it is back", down, up)
	}
	limit("0")
	untilUp(t, s)
	if _, err := s.Claim(t.Context(), []string{"k"}, time.Minute); err != nil {
		t.Errorf("once there is room: %v", err)
	}
}
