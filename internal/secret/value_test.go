package secret_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/internal/secret"
)

func TestValueIsReadOnceAndRefreshedSeldom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &cloud{by: map[string]string{
			"169.254.169.254/metadata/identity/oauth2/token": `{"access_token":"tok"}`,
			"v.vault.azure.net/secrets/k":                    `{"value":"one"}`,
		}}
		ref, err := secret.Parse("https://v.vault.azure.net/secrets/k")
		if err != nil {
			t.Fatal(err)
		}
		v := secret.NewValue(loader(c, nil), ref, func(s string) (string, error) { return s, nil })
		want := func(value string, calls int) {
			t.Helper()
			got, err := v.Get(context.Background())
			if got != value || err != nil || len(c.asked) != calls {
				t.Errorf("got %q, %v after %d calls; want %q after %d", got, err, len(c.asked), value, calls)
			}
		}
		want("one", 2)
		want("one", 2)
		c.by["v.vault.azure.net/secrets/k"] = `{"value":"two"}`
		v.Refresh(context.Background())
		want("two", 4)
		c.by["v.vault.azure.net/secrets/k"] = `{"value":"three"}`
		v.Refresh(context.Background()) // too early
		want("two", 4)
		time.Sleep(3 * time.Minute)
		c.by["v.vault.azure.net/secrets/k"] = ""
		v.Refresh(context.Background()) // the store refuses: the value stays
		want("two", 6)
		time.Sleep(3 * time.Minute)
		c.by["v.vault.azure.net/secrets/k"] = `{"value":"three"}`
		v.Refresh(context.Background())
		want("three", 8)
	})
}

// transport makes a RoundTripper of a function.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// slowVault returns a secret of a vault that answers after d, or not at all when the
// call ends before.
func slowVault(t *testing.T, c *cloud, d time.Duration, calls *atomic.Int32) *secret.Value[string] {
	t.Helper()
	ref, err := secret.Parse("https://v.vault.azure.net/secrets/k")
	if err != nil {
		t.Fatal(err)
	}
	l := loader(c, nil)
	l.Transport = transport(func(r *http.Request) (*http.Response, error) {
		calls.Add(1)
		select {
		case <-time.After(d):
			return c.RoundTrip(r)
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	})
	return secret.NewValue(l, ref, func(s string) (string, error) { return s, nil })
}

func TestValueIsReadOnceForAllWhoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &cloud{by: map[string]string{
			"169.254.169.254/metadata/identity/oauth2/token": `{"access_token":"tok"}`,
			"v.vault.azure.net/secrets/k":                    `{"value":"one"}`,
		}}
		var calls atomic.Int32
		v := slowVault(t, c, 2*time.Second, &calls)
		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		// Who starts the read gives up, which is no failure of the secret.
		wg.Go(func() {
			_, err := v.Get(hurried)
			failed, ok := errors.AsType[*secret.Error](err)
			if !ok || !failed.Temporary || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want a temporary error of the deadline", err)
			}
		})
		synctest.Wait()
		for range 3 {
			wg.Go(func() {
				if got, err := v.Get(t.Context()); got != "one" || err != nil {
					t.Errorf("got %q, %v", got, err)
				}
			})
		}
		wg.Wait()
		if n := calls.Load(); n != 2 { // a token and the secret
			t.Errorf("%d calls, want 2", n)
		}
	})
}

func TestValueEndsASlowRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		v := slowVault(t, &cloud{}, time.Hour, &calls)
		start := time.Now()
		_, err := v.Get(t.Context())
		if failed, ok := errors.AsType[*secret.Error](err); !ok || !failed.Temporary {
			t.Errorf("got %v, want a temporary error", err)
		}
		if took := time.Since(start); took != 8*time.Second {
			t.Errorf("it took %v", took)
		}
		if _, again := v.Get(t.Context()); again == nil || calls.Load() != 1 {
			t.Errorf("read again at once: %v, %d calls", again, calls.Load())
		}
		time.Sleep(5 * time.Second)
		if _, again := v.Get(t.Context()); again == nil || calls.Load() != 2 {
			t.Errorf("not read again after 5 s: %v, %d calls", again, calls.Load())
		}
	})
}

func TestValueOfAFile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := t.TempDir() + "/key"
		ref, err := secret.Parse("file:" + path)
		if err != nil {
			t.Fatal(err)
		}
		v := secret.NewValue(loader(&cloud{}, nil), ref, func(s string) (string, error) {
			if s == "bad" {
				return "", errors.New("it is not a key")
			}
			return s, nil
		})
		want := func(value string) {
			t.Helper()
			if got, err := v.Get(t.Context()); got != value || (err == nil) != (value != "") {
				t.Errorf("got %q, %v; want %q", got, err, value)
			}
		}
		write := func(text string) {
			t.Helper()
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write("bad")
		want("")
		write("one")
		want("") // too early
		time.Sleep(5 * time.Second)
		want("one")
		write("two")
		v.Refresh(t.Context())
		want("two")
		write("three")
		v.Refresh(t.Context()) // too early
		want("two")
		time.Sleep(5 * time.Second)
		write("bad")
		v.Refresh(t.Context()) // the last good one stays
		want("two")
	})
}
