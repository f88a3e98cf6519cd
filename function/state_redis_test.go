//go:build redis

package function_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"mayfly/emulator"
	"mayfly/function/internal/state"
	"mayfly/function/internal/state/redis"
	"mayfly/function/internal/state/redis/redistest"
)

// TestStateRedis does what TestStateShared does, with a Redis that STATE names.
func TestStateRedis(t *testing.T) {
	for name, run := range sharing {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			azure := newAzure(t, emulator.Config{AssignAtOnce: true})
			run(t, azure, func(env ...string) (a, b *bridge) {
				env = append(env, "STATE="+server.URL())
				return stateBridge(t, azure, nil, env...), stateBridge(t, azure, nil, env...)
			})
		})
	}
}

// TestStateRedisKilled: Redis is killed under way and comes back.
func TestStateRedisKilled(t *testing.T) {
	server := redistest.Start(t)
	azure := newAzure(t, emulator.Config{AssignAtOnce: true})
	a := stateBridge(t, azure, nil, "STATE="+server.URL())
	b := stateBridge(t, azure, nil, "STATE="+server.URL())
	expectAnswers(t, a.signed(`{"n":1}`), ok, b.signed(`{"n":1}`), unauthorized)
	if _, text := a.readyz(); !strings.Contains(text, "state: shared") {
		t.Errorf("readyz: %s", text)
	}
	server.Kill()
	for range 3 {
		expectAnswers(t, a.signed(`{"n":2}`), noState, a.keyed("m", `{"n":2}`), ok)
	}
	if _, text := a.readyz(); !strings.Contains(text, "does not answer since") {
		t.Errorf("readyz: %s", text)
	}
	server.Restart()
	for range 100 {
		if _, text := a.readyz(); strings.Contains(text, "state: shared") {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	expectAnswers(t, a.signed(`{"n":2}`), ok)
	if n := strings.Count(a.log.String(), "does not answer: rates"); n != 1 {
		t.Errorf("said %d times that the store is down", n)
	}
}

func TestStateRedisOfAnInstanceThatDied(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	azure := newAzure(t, emulator.Config{AssignAtOnce: true})
	store, err := redis.Open(server.URL(), redis.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	diedThenResent(t, azure, store, func(store state.Store, env ...string) *bridge {
		return stateBridge(t, azure, store, env...)
	})
}
