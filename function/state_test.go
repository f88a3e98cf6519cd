package function_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/emulator"
	"mayfly/function"
	"mayfly/function/internal/state"
)

// downState is a store that does not answer.
type downState struct{}

func (downState) Take(context.Context, string, int, time.Duration, int) (time.Duration, error) {
	return 0, state.ErrDown
}

func (downState) Claim(context.Context, []string, time.Duration) (state.Claim, error) {
	return state.Claim{}, state.ErrDown
}

func (downState) Commit(context.Context, state.Claim, []string, time.Duration) error {
	return state.ErrDown
}
func (downState) Release(context.Context, state.Claim, []string) error { return state.ErrDown }
func (downState) Status() state.Status {
	return state.Status{Since: time.Unix(1_700_000_000, 0), Reason: state.ErrDown}
}
func (downState) Close() {}

// memoryState is a store in memory.
type memoryState struct {
	mu      sync.Mutex
	full    map[string]time.Time // when a bucket is full again
	claims  map[string]string    // token or done
	expires map[string]time.Time
	tokens  int
}

func newMemoryState() *memoryState {
	return &memoryState{full: map[string]time.Time{}, claims: map[string]string{}, expires: map[string]time.Time{}}
}

func (m *memoryState) Take(
	_ context.Context, key string, count int, per time.Duration, n int,
) (time.Duration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now, full := time.Now(), m.full[key]
	if full.Before(now) {
		full = now
	}
	full = full.Add(per * time.Duration(min(n, count)) / time.Duration(count))
	if wait := full.Sub(now) - per; wait > 0 {
		return wait, nil
	}
	m.full[key] = full
	return 0, nil
}

func (m *memoryState) Claim(_ context.Context, keys []string, lease time.Duration) (state.Claim, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tokens++
	c := state.Claim{Token: string(rune('0' + m.tokens)), Done: make([]bool, len(keys))}
	for i, key := range keys {
		if time.Now().Before(m.expires[key]) {
			c.Done[i] = m.claims[key] == "done"
			c.Busy = c.Busy || !c.Done[i]
		}
	}
	for i, key := range keys {
		if !c.Busy && !c.Done[i] {
			m.claims[key], m.expires[key] = c.Token, time.Now().Add(lease)
		}
	}
	return c, nil
}

func (m *memoryState) Commit(_ context.Context, _ state.Claim, keys []string, window time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range keys {
		m.claims[key], m.expires[key] = "done", time.Now().Add(window)
	}
	return nil
}

func (m *memoryState) Release(_ context.Context, c state.Claim, keys []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range keys {
		if m.claims[key] == c.Token {
			delete(m.expires, key)
		}
	}
	return nil
}

func (m *memoryState) Status() state.Status { return state.Status{Up: true} }
func (m *memoryState) Close()               {}

// dying is the store as an instance uses it that dies before it settles anything.
type dying struct{ state.Store }

func (dying) Commit(context.Context, state.Claim, []string, time.Duration) error { return nil }
func (dying) Release(context.Context, state.Claim, []string) error               { return nil }

const (
	sharedFile = `
callers: [{name: app, keys: ["{key APP}"], rate: 3/h}]
sources: [{name: mine, deviceId: '"dev-1"', measurements: "{n: .n}",
  signature: {secrets: [secret], header: X-Sig, replay: 1h}}]
`
	tooFast = "Too Many Requests slow-down"
	noState = "Service Unavailable state-unavailable"
)

// stateBridge makes an instance that uses a store; nil: the one of env.
func stateBridge(t *testing.T, azure *emulator.Emulator, store state.Store, env ...string) *bridge {
	t.Helper()
	path := writeFile(t, "mayfly.yaml", strings.Replace(sharedFile, "{key APP}", hashOf("APP"), 1))
	c, err := function.LoadConfig(append([]string{
		"ID_SCOPE=" + azure.IDScope(), "GROUP_KEY=" + azure.GroupKey(), "AUTH=keys", "CONFIG=" + path,
	}, env...))
	if err != nil {
		t.Fatal(err)
	}
	h := &bridge{t: t, azure: azure}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(h.log.String())
		}
	})
	h.service = function.New(c, function.Dependencies{
		DPS: azure.RoundTripper(), Hub: azure.RoundTripper(), Log: slog.New(slog.NewJSONHandler(&h.log, nil)),
		State: store,
	})
	t.Cleanup(h.service.Close)
	return h
}

// device sends a message with a signature, so that no caller's rate is touched.
func (h *bridge) signed(body string) string {
	mac := hmac.New(sha256.New, []byte("secret"))
	mac.Write([]byte(body))
	return h.send(http.MethodPost, "/api/mine", body, "Content-Type", "application/json", "X-Sig",
		hex.EncodeToString(mac.Sum(nil)))
}

func (h *bridge) keyed(id, body string) string {
	return h.send(http.MethodPost, "/api/devices/dev-1/telemetry?messageId="+id, body, "Content-Type",
		"application/json", "X-Api-Key", "APP")
}

func (h *bridge) readyz() (int, string) {
	w := httptest.NewRecorder()
	h.service.ServeHTTP(w, request(h.t, http.MethodGet, "/readyz", ""))
	return w.Code, w.Body.String()
}

func expectAnswers(t *testing.T, pairs ...string) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] != pairs[i+1] {
			t.Errorf("answer %d: %s, want %s", i/2+1, pairs[i], pairs[i+1])
		}
	}
}

// sharing is what two instances with one store do. two makes them.
var sharing = map[string]func(t *testing.T, azure *emulator.Emulator, two func(env ...string) (a, b *bridge)){
	"a caller's rate": func(t *testing.T, _ *emulator.Emulator, two func(...string) (a, b *bridge)) {
		a, b := two()
		expectAnswers(t, a.keyed("1", `{"n":1}`), ok, b.keyed("2", `{"n":2}`), ok, a.keyed("3", `{"n":3}`), ok,
			a.keyed("4", `{"n":4}`), tooFast, b.keyed("5", `{"n":5}`), tooFast)
	},
	"a device's rate": func(t *testing.T, _ *emulator.Emulator, two func(...string) (a, b *bridge)) {
		a, b := two("DEVICE_RATE=2/h")
		expectAnswers(t, a.signed(`{"n":1}`), ok, b.signed(`{"n":2}`), ok, a.signed(`{"n":3}`), tooFast,
			b.signed(`{"n":4}`), tooFast)
	},
	"a signature": func(t *testing.T, azure *emulator.Emulator, two func(...string) (a, b *bridge)) {
		a, b := two()
		expectAnswers(t, a.signed(`{"n":1}`), ok, b.signed(`{"n":1}`), unauthorized, a.signed(`{"n":1}`), unauthorized,
			b.signed(`{"n":2}`), ok, a.signed(`{"n":2}`), unauthorized)
		if n := len(azure.Events()); n != 2 {
			t.Errorf("%d events, want 2", n)
		}
	},
	"a signature of a request that has to come again": func(
		t *testing.T, _ *emulator.Emulator, two func(...string) (a, b *bridge),
	) {
		a, b := two("DEVICE_RATE=1/h")
		expectAnswers(t, a.signed(`{"n":1}`), ok, a.signed(`{"n":2}`), tooFast, b.signed(`{"n":2}`), tooFast,
			a.signed(`{"n":2}`), tooFast)
	},
	"a message": func(t *testing.T, azure *emulator.Emulator, two func(...string) (a, b *bridge)) {
		a, b := two()
		expectAnswers(t, a.keyed("m", `{"n":1}`), ok, b.keyed("m", `{"n":1}`), ok, b.keyed("m", `{"n":1}`), ok)
		if n := len(azure.Events()); n != 1 {
			t.Errorf("%d events, want 1", n)
		}
	},
}

func TestStateShared(t *testing.T) {
	t.Parallel()
	for name, run := range sharing {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				azure := newAzure(t, emulator.Config{AssignAtOnce: true})
				store := newMemoryState()
				run(t, azure, func(env ...string) (a, b *bridge) {
					return stateBridge(t, azure, store, env...), stateBridge(t, azure, store, env...)
				})
			})
		})
	}
}

// An instance dies after it has claimed a message: another one waits for the end of the claim, and sends it.
func TestStateOfAnInstanceThatDied(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		azure := newAzure(t, emulator.Config{AssignAtOnce: true, Seed: 1})
		diedThenResent(t, azure, newMemoryState(), func(store state.Store, env ...string) *bridge {
			return stateBridge(t, azure, store, env...)
		})
	})
}

func diedThenResent(
	t *testing.T, azure *emulator.Emulator, store state.Store, instance func(state.Store, ...string) *bridge,
) {
	t.Helper()
	fault := `[{"endpoint":"events","status":429,"retryAfter":"10s","count":1}]`
	if _, err := azure.LoadFaults(strings.NewReader(fault)); err != nil {
		t.Fatal(err)
	}
	dead := instance(dying{store}, "REQUEST_TIMEOUT=1s")
	if answer := dead.keyed("m", `{"n":1}`); answer == ok {
		t.Fatal("the message was sent; it was to be lost with its instance")
	}
	began := time.Now()
	expectAnswers(t, instance(store).keyed("m", `{"n":1}`), ok)
	if waited := time.Since(began); waited < 3*time.Second || waited > 10*time.Second {
		t.Errorf("the resend waited %s for the end of the claim", waited)
	}
	if n := len(azure.Events()); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}

// A store that is down refuses what is signed, and lets all else go on as if each instance were alone.
func TestStateDown(t *testing.T) {
	t.Parallel()
	azure := newAzure(t, emulator.Config{AssignAtOnce: true})
	h := stateBridge(t, azure, downState{})
	expectAnswers(t, h.signed(`{"n":1}`), noState, h.keyed("1", `{"n":1}`), ok, h.keyed("1", `{"n":1}`), ok,
		h.keyed("2", `{"n":2}`), ok, h.keyed("3", `{"n":3}`), tooFast, h.signed(`{"n":1}`), noState)
	if n := len(azure.Events()); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
	status, text := h.readyz()
	if status != http.StatusOK || !strings.Contains(text, "does not answer since 2023-11-14T22:13:20Z") {
		t.Errorf("readyz %d %s", status, text)
	}
}
