package jwks_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/function/internal/auth/jwks"
	"mayfly/internal/secret"
)

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// edKey is a key of a set, as JSON.
func edKey(t testing.TB, kid string) string {
	t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","kid":%q,"x":%q}`, kid, b64(public))
}

// rsaKey has a modulus of so many bits; nobody needs to sign by it.
func rsaKey(bits, exponent int) string {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	return fmt.Sprintf(`{"kty":"RSA","n":%q,"e":%q}`, b64(n.Bytes()), b64(big.NewInt(int64(exponent)).Bytes()))
}

func set(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }

func TestParse(t *testing.T) {
	t.Parallel()
	private, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, _ := private.PublicKey.Bytes()
	ec := func(x, y []byte) string {
		return fmt.Sprintf(`{"kty":"EC","crv":"P-384","x":%q,"y":%q}`, b64(x), b64(y))
	}
	var many []string
	for i := range 65 {
		many = append(many, edKey(t, fmt.Sprint(i)))
	}
	for name, tt := range map[string]struct {
		text string
		want int // keys; 0: an error
	}{
		"Ed25519":                 {set(edKey(t, "a")), 1},
		"EC":                      {set(ec(point[1:49], point[49:])), 1},
		"EC, not on the curve":    {set(ec(point[1:49], point[1:49])), 0},
		"EC, cut off":             {set(ec(point[1:48], point[49:])), 0},
		"RSA of 2048 bits":        {set(rsaKey(2048, 65537)), 1},
		"RSA of 2047 bits":        {set(rsaKey(2047, 65537)), 0},
		"RSA of 16384 bits":       {set(rsaKey(16384, 65537)), 1},
		"RSA of 16385 bits":       {set(rsaKey(16385, 65537)), 0},
		"RSA, exponent 3":         {set(rsaKey(2048, 3)), 1},
		"RSA, exponent 1":         {set(rsaKey(2048, 1)), 0},
		"RSA, even exponent":      {set(rsaKey(2048, 65536)), 0},
		"RSA, largest exponent":   {set(rsaKey(2048, 1<<31-1)), 1},
		"RSA, larger exponent":    {set(rsaKey(2048, 1<<31+1)), 0},
		"64 keys":                 {set(many[:64]...), 64},
		"65 keys":                 {set(many...), 64},
		"a secret":                {set(`{"kty":"oct","k":"AAAA"}`), 0},
		"a key beside a secret":   {set(`{"kty":"oct","k":"AAAA"}`, edKey(t, "a")), 1},
		"for encryption":          {set(strings.Replace(edKey(t, "a"), `{`, `{"use":"enc",`, 1)), 0},
		"for signatures":          {set(strings.Replace(edKey(t, "a"), `{`, `{"use":"sig",`, 1)), 1},
		"empty set":               {set(), 0},
		"not a set":               {`[]`, 0},
		"not PEM":                 {`text`, 0},
		"PEM of a private key":    {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 0},
		"PEM that is not a key":   {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", 0},
		"Ed25519 of a wrong size": {set(`{"kty":"OKP","crv":"Ed25519","x":"AAAA"}`), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keys, err := jwks.Parse(tt.text)
			if len(keys) != tt.want || (err == nil) != (tt.want > 0) {
				t.Errorf("%d keys, %v, want %d", len(keys), err, tt.want)
			}
		})
	}
}

// server is where a set is fetched from.
type server struct {
	fetches int
	broken  bool
	hangs   bool
	takes   time.Duration
	answer  string
	status  int
}

func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	s.fetches++
	time.Sleep(s.takes)
	if s.hangs {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	if s.broken {
		return nil, errors.New("no route")
	}
	return &http.Response{StatusCode: s.status, Body: io.NopCloser(strings.NewReader(s.answer))}, nil
}

// A set is fetched when it is needed, when it is old and for a key that it lacks, which
// is once a minute at the most; it is used for a day while that fails, and one second
// after a failure the next fetch is made, then two, up to a minute.
func TestRemote(t *testing.T) {
	t.Parallel()
	type ask struct {
		after   time.Duration
		missing bool
		broken  bool
		want    bool
		fetches int // in all
	}
	const fresh, stale, pause, second = 15 * time.Minute, 24 * time.Hour, time.Minute, time.Second
	for name, asks := range map[string][]ask{
		"once": {{0, false, false, true, 1}, {0, false, false, true, 1}, {fresh - 1, false, false, true, 1}},
		"old":  {{0, false, false, true, 1}, {fresh, false, false, true, 2}},
		"a key that it lacks, too soon": {
			{0, false, false, true, 1}, {pause - 1, true, false, true, 1},
		},
		"a key that it lacks": {{0, false, false, true, 1}, {pause, true, false, true, 2}},
		"the server is away": {{0, false, true, false, 1}, {second - 1, false, false, false, 1},
			{1, false, false, true, 2}},
		"away for longer": {{0, false, true, false, 1}, {second, false, true, false, 2},
			{2*second - 1, false, true, false, 2}, {1, false, true, false, 3},
			{4*second - 1, false, true, false, 3}, {1, false, true, false, 4}, {8 * second, false, true, false, 5},
			{16 * second, false, true, false, 6}, {32 * second, false, true, false, 7},
			{60*second - 1, false, true, false, 7}, {1, false, true, false, 8}, {60 * second, false, false, true, 9}},
		"away again after it was there": {{0, false, true, false, 1}, {second, false, true, false, 2},
			{2 * second, false, false, true, 3}, {fresh, false, true, true, 4}, {second - 1, false, true, true, 4},
			{1, false, true, true, 5}},
		"away, and a key that it lacks": {{0, false, false, true, 1}, {pause, true, true, false, 2},
			{second - 1, true, false, false, 2}, {0, false, false, true, 2}, {1, true, false, true, 3}},
		"away, not too stale": {{0, false, false, true, 1}, {stale - 1, false, true, true, 2}},
		"away, too stale":     {{0, false, false, true, 1}, {stale, false, true, false, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &server{answer: set(edKey(t, "a")), status: http.StatusOK}
				remote := jwks.NewRemote("https://idp.example/keys", s, time.Now)
				for i, a := range asks {
					time.Sleep(a.after)
					s.broken = a.broken
					keys, err := remote.Get(t.Context(), a.missing)
					if (err == nil) != a.want || (len(keys) > 0) != a.want || s.fetches != a.fetches {
						t.Errorf("%d: %v after %d fetches, want %d", i, err, s.fetches, a.fetches)
					}
					var failed *secret.Error
					if err != nil && (!errors.As(err, &failed) || !failed.Temporary) {
						t.Errorf("%d: %v may not heal", i, err)
					}
				}
			})
		})
	}
}

// A server that hangs, says no or sends too much gives no keys, and takes no longer
// than five seconds.
func TestRemoteThatFails(t *testing.T) {
	t.Parallel()
	padded := func(size int) string {
		text := `{"x":"",` + strings.TrimPrefix(set(edKey(t, "a")), "{")
		return strings.Replace(text, `""`, `"`+strings.Repeat("x", size-len(text))+`"`, 1)
	}
	for name, tt := range map[string]struct {
		server server
		took   time.Duration
		want   bool
	}{
		"hangs":       {server{hangs: true}, 5 * time.Second, false},
		"404":         {server{status: http.StatusNotFound, answer: set(edKey(t, "a"))}, 0, false},
		"a redirect":  {server{status: http.StatusFound}, 0, false},
		"not a set":   {server{status: http.StatusOK, answer: "{}"}, 0, false},
		"256 KiB":     {server{status: http.StatusOK, answer: padded(256 << 10)}, 0, true},
		"a byte more": {server{status: http.StatusOK, answer: padded(256<<10 + 1)}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				_, err := jwks.NewRemote("https://idp.example/keys", &tt.server, time.Now).
					Get(context.Background(), false)
				if (err == nil) != tt.want || time.Since(start) != tt.took {
					t.Errorf("%v after %s", err, time.Since(start))
				}
			})
		})
	}
}

// There is one fetch at a time, whoever waits for it, and it does not end with the
// request that began it. A set that can still be used is waited for half a second by
// one, and by the others not at all.
func TestRemoteHasOneFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: set(edKey(t, "a")), status: http.StatusOK, takes: 3 * time.Second}
		remote := jwks.NewRemote("https://idp.example/keys", s, time.Now)
		get := func(budget time.Duration) (int, time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), budget)
			defer cancel()
			start := time.Now()
			keys, _ := remote.Get(ctx, false)
			return len(keys), time.Since(start)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if keys, took := get(time.Second); keys != 0 || took != time.Second {
				t.Errorf("the first, with a second of time: %d keys after %v", keys, took)
			}
		})
		synctest.Wait()
		for range 20 {
			wg.Go(func() {
				if keys, took := get(time.Minute); keys != 1 || took != 3*time.Second {
					t.Errorf("one that waits: %d keys after %v", keys, took)
				}
			})
		}
		wg.Wait()
		time.Sleep(time.Hour)
		took := make([]time.Duration, 20)
		for i := range took {
			wg.Go(func() { _, took[i] = get(time.Minute) })
		}
		wg.Wait()
		slices.Sort(took)
		time.Sleep(time.Minute)
		synctest.Wait() // the fetch has ended
		if took[18] != 0 || took[19] != 500*time.Millisecond || s.fetches != 2 {
			t.Errorf("%v, %d fetches", took, s.fetches)
		}
	})
}

// No text makes a key that is not strong.
func FuzzParse(f *testing.F) {
	f.Add(set(edKey(f, "a"), rsaKey(2048, 65537)))
	f.Add("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := jwks.Parse(text)
		if (err == nil) == (len(keys) == 0) {
			t.Errorf("%d keys, %v", len(keys), err)
		}
		for _, k := range keys {
			checkStrong(t, k.Key)
		}
		if json.Valid([]byte(text)) && len(keys) > 64 {
			t.Errorf("%d keys", len(keys))
		}
	})
}

func checkStrong(t *testing.T, key crypto.PublicKey) {
	t.Helper()
	switch key := key.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 {
			t.Errorf("RSA of %d bits", key.N.BitLen())
		}
	case *ecdsa.PublicKey, ed25519.PublicKey:
	default:
		t.Errorf("a key of type %T", key)
	}
}
