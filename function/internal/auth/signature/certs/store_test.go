package certs_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/function/internal/auth/signature/certs"
)

// keys are made once: that takes long.
var keys = sync.OnceValue(func() [2]*rsa.PrivateKey {
	var made [2]*rsa.PrivateKey
	for i := range made {
		made[i], _ = rsa.GenerateKey(rand.Reader, 2048)
	}
	return made
})

// authority is a CA.
type authority struct {
	cert *x509.Certificate
	key  *rsa.PrivateKey
}

func newAuthority(t *testing.T, key *rsa.PrivateKey, from time.Time) authority {
	t.Helper()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: from, NotAfter: from.AddDate(10, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{cert, key}
}

// leaf issues a certificate that a change makes wrong.
func (a *authority) leaf(t *testing.T, now time.Time, key any, change func(*x509.Certificate)) []byte {
	t.Helper()
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(3 * time.Hour),
		Subject: pkix.Name{CommonName: "security.example.com", Organization: []string{"Example Ltd"}},
	}
	if change != nil {
		change(leaf)
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, a.cert, key, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// server is where certificates are fetched from.
type server struct {
	status  int
	text    []byte
	hangs   bool
	fetches int
}

func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	s.fetches++
	if s.hangs {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: s.status, Status: fmt.Sprint(s.status),
		Body: io.NopCloser(strings.NewReader(string(s.text)))}, nil
}

const address = "https://security.example.com/data-1.crt"

func store(s *server, ca authority) *certs.Store {
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	return certs.New(certs.Options{
		Hosts:     []string{"security.example.com"},
		Subject:   map[string]string{"CN": "security.example.com", "O": "Example Ltd"},
		Roots:     func(context.Context) (*x509.CertPool, error) { return pool, nil },
		Transport: s, Now: time.Now,
	})
}

// Only a certificate that chains to what is trusted, is of the right subject and good now is taken.
func TestCertificates(t *testing.T) {
	t.Parallel()
	now, rs := time.Now(), keys()
	ca := newAuthority(t, rs[0], now.AddDate(-1, 0, 0))
	other := newAuthority(t, rs[1], now.AddDate(-1, 0, 0))
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := ca.leaf(t, now, rs[1].Public(), nil)
	self := &authority{key: rs[1]}
	self.cert = &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "security.example.com",
		Organization: []string{"Example Ltd"}}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	selfSigned := self.leaf(t, now, rs[1].Public(), nil)
	block, _ := pem.Decode(good)
	private := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rs[1])})
	const (
		untrusted = "the certificate does not chain to one that is trusted"
		notNow    = "the certificate is not good at this time"
		another   = "the certificate is another one's"
		nothing   = "what is at that URL is not a certificate"
		host      = "the certificate is not at a host that this source's certificates are fetched from"
	)
	for _, tt := range []struct {
		name, address string
		text          []byte
		want          string
	}{
		{"good", address, good, ""},
		{"DER", address, block.Bytes, ""},
		{"with others behind it", address, append(append([]byte("text\n"), good...), selfSigned...), ""},
		{"host in capitals", "https://SECURITY.example.com:443/x.crt", good, ""},
		{"of another CA", address, other.leaf(t, now, rs[1].Public(), nil), untrusted},
		{"self-signed", address, selfSigned, untrusted},
		{"behind a self-signed one", address, append(append([]byte{}, selfSigned...), good...), untrusted},
		{"expired", address, ca.leaf(t, now, rs[1].Public(), func(c *x509.Certificate) {
			c.NotAfter = now.Add(-time.Minute)
		}), notNow},
		{"not good yet", address, ca.leaf(t, now, rs[1].Public(), func(c *x509.Certificate) {
			c.NotBefore = now.Add(time.Minute)
		}), notNow},
		{"another name", address, ca.leaf(t, now, rs[1].Public(), func(c *x509.Certificate) {
			c.Subject.CommonName = "example.com"
		}), another},
		{"another organization", address, ca.leaf(t, now, rs[1].Public(), func(c *x509.Certificate) {
			c.Subject.Organization = nil
		}), another},
		{"not RSA", address, ca.leaf(t, now, ec.Public(), nil), "the certificate has no RSA key of 2048 bits or more"},
		{"a key", address, private, nothing},
		{"text", address, []byte("hello"), nothing},
		{"empty", address, nil, nothing},
		{"cut off", address, good[:len(good)-40], nothing},
		{"64 KiB and more", address, append(append([]byte{}, good...), make([]byte, 64<<10)...), nothing},
		{"plain HTTP", "http://security.example.com/data-1.crt", good, host},
		{"another host", "https://security.example.com.evil.example/data-1.crt", good, host},
		{"a host below it", "https://x.security.example.com/data-1.crt", good, host},
		{"the host as the user", "https://security.example.com@evil.example/data-1.crt", good, host},
		{"a user", "https://a:b@security.example.com/data-1.crt", good, host},
		{"another port", "https://security.example.com:8443/data-1.crt", good, host},
		{"no URL", "security.example.com", good, host},
		{"a file", "file:///etc/passwd", good, host},
		{"empty URL", "", good, host},
		{"a URL that is too long", address + "?" + strings.Repeat("x", 512), good, host},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &server{status: http.StatusOK, text: tt.text}
			key, err := store(s, ca).Get(t.Context(), tt.address)
			var refused certs.Refused
			switch {
			case tt.want == "" && (err != nil || !key.Equal(rs[1].Public())):
				t.Error(err)
			case tt.want != "" && (!errors.As(err, &refused) || err.Error() != tt.want):
				t.Errorf("%v, want %q", err, tt.want)
			case tt.want == host && s.fetches > 0:
				t.Error("it was fetched")
			}
		})
	}
}

// A certificate is fetched once an hour; while that fails the old one serves, as long as it is good. A server that
// cannot be reached is nobody's fault here, and URLs that are made up do not make a storm.
func TestFetches(t *testing.T) {
	t.Parallel()
	rs := keys()
	type ask struct {
		after   time.Duration
		status  int
		want    string // "ok", "refused" or "away"
		fetches int
	}
	const up, gone, down = http.StatusOK, http.StatusNotFound, http.StatusServiceUnavailable
	for name, asks := range map[string][]ask{
		"once an hour": {{0, up, "ok", 1}, {time.Hour - 1, up, "ok", 1}, {1, up, "ok", 2}},
		"away":         {{0, down, "away", 1}, {time.Second, up, "ok", 2}},
		"away later": {{0, up, "ok", 1}, {time.Hour, down, "ok", 2}, {time.Minute - 1, up, "ok", 2},
			{1, up, "ok", 3}},
		"not there":       {{0, gone, "refused", 1}, {time.Minute - 1, up, "refused", 1}, {1, up, "ok", 2}},
		"a redirect":      {{0, http.StatusFound, "refused", 1}},
		"expired by then": {{0, up, "ok", 1}, {3*time.Hour + time.Minute, down, "away", 2}},
		"away for a day": {{0, up, "ok", 1}, {time.Hour, down, "ok", 2}, {23 * time.Hour, down, "away", 3},
			{time.Second, down, "away", 4}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ca := newAuthority(t, rs[0], time.Now().AddDate(-1, 0, 0))
				s := &server{text: ca.leaf(t, time.Now(), rs[1].Public(), longer(name == "away for a day"))}
				from := store(s, ca)
				for i, a := range asks {
					time.Sleep(a.after)
					s.status = a.status
					_, err := from.Get(t.Context(), address)
					got := "ok"
					if _, refused := errors.AsType[certs.Refused](err); refused {
						got = "refused"
					} else if err != nil {
						got = "away"
					}
					if got != a.want || s.fetches != a.fetches {
						t.Errorf("%d: %s (%v) after %d fetches, want %+v", i, got, err, s.fetches, a)
					}
				}
			})
		})
	}
	t.Run("a server that hangs", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ca := newAuthority(t, rs[0], time.Now().AddDate(-1, 0, 0))
			start := time.Now()
			_, err := store(&server{hangs: true}, ca).Get(t.Context(), address)
			if away, ok := errors.AsType[*certs.Unavailable](err); !ok || time.Since(start) != 4*time.Second {
				t.Errorf("%v (%v) after %s", err, away, time.Since(start))
			}
		})
	})
	t.Run("made-up URLs", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ca := newAuthority(t, rs[0], time.Now().AddDate(-1, 0, 0))
			s := &server{status: up, text: ca.leaf(t, time.Now(), rs[1].Public(), nil)}
			from := store(s, ca)
			if _, err := from.Get(t.Context(), address); err != nil {
				t.Fatal(err)
			}
			s.status = gone
			for i := range 100 {
				if i == 50 {
					time.Sleep(time.Minute)
				}
				_, _ = from.Get(t.Context(), fmt.Sprintf("https://security.example.com/%d", i))
			}
			if _, err := from.Get(t.Context(), address); err != nil || s.fetches > 40 {
				t.Errorf("%v after %d fetches", err, s.fetches)
			}
		})
	})
}

func FuzzURL(f *testing.F) {
	for _, text := range []string{address, "https://security.example.com@evil/", "https://security.example.com#@evil/",
		"https:security.example.com/", "https://security.example.com:0443/", "https://evil\\security.example.com/"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := &hosts{}
		_, _ = certs.New(certs.Options{Hosts: []string{"security.example.com"}, Transport: s, Now: time.Now}).
			Get(t.Context(), text)
		if s.asked != "" && !strings.EqualFold(s.asked, "https://security.example.com") {
			t.Errorf("%q asked %q", text, s.asked)
		}
	})
}

// hosts says which host was asked.
type hosts struct{ asked string }

func (h *hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	h.asked = r.URL.Scheme + "://" + strings.TrimSuffix(r.URL.Host, ":443")
	return nil, errors.New("nobody")
}

// longer makes a certificate good for two days; nil where it is not to be.
func longer(is bool) func(*x509.Certificate) {
	if !is {
		return nil
	}
	return func(c *x509.Certificate) { c.NotAfter = c.NotBefore.Add(48 * time.Hour) }
}
