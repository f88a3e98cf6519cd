package function

import (
	"cmp"
	"context"
	"crypto/sha256"
	"net/http"
	"strconv"
	"sync"
	"time"

	"mayfly/internal/cache"
	"mayfly/internal/secret"
)

// guard is what stands before one source: networks, and a signature.
type guard struct {
	from      networks // nil: from everywhere
	scheme    scheme   // nil: unsigned
	secrets   []*secret.Value[[]byte]
	tolerance time.Duration
	signer    *caller // who a good signature is

	mu   sync.Mutex
	used *cache.Cache[struct{}] // nil: nothing tells two requests apart, so the same may come again
}

// scheme finds a request's signature, and what it was made of.
type scheme interface {
	// shown tells whether a request has a signature, before its body is read.
	shown(r *http.Request) bool
	// claim reads what the request claims; false where it has no signature. The
	// codes are those of which one has to be right.
	claim(r *http.Request, body []byte) (claim, bool)
	// code makes what is right for a secret.
	code(key []byte, signed []byte) []byte
}

// claim is what a request says of its signature.
type claim struct {
	codes  [][]byte
	signed []byte
	time   time.Time
	timed  bool // the scheme has a time; a zero one could not be read
}

const (
	defaultTolerance = 5 * time.Minute
	mostUsed         = 100_000
	mostCodes        = 8 // in one header, while a secret is being rotated
)

// newGuard makes the guard of a definition that checkSources has passed; nil where
// it has none.
func newGuard(d *sourceSpec, l *secret.Loader) *guard {
	if d.Signature == nil && d.AllowFrom == nil {
		return nil
	}
	g := &guard{}
	if d.AllowFrom != nil {
		g.from, _ = parseNetworks(d.AllowFrom) // checked
		if g.from == nil {
			g.from = networks{} // an empty list allows nobody
		}
	}
	sig := d.Signature
	if sig == nil {
		return g
	}
	g.scheme, _ = newScheme(sig) // checked
	for _, text := range sig.Secrets {
		ref, _ := secret.Parse(text.Reveal()) // checked
		g.secrets = append(g.secrets, secret.NewValue(l, ref, secretReader(sig)))
	}
	g.tolerance = cmp.Or(sig.Tolerance, defaultTolerance)
	replay := sig.Replay
	if replay == 0 && timed(sig) {
		replay = 2 * g.tolerance
	}
	if replay > 0 {
		g.used = cache.New[struct{}](mostUsed, replay)
	}
	g.signer = &caller{name: "signature of " + d.Name, sources: []string{d.Name}, anyFleet: true}
	if sig.Devices != nil {
		g.signer.devices = patterns{} // an empty list allows none
	}
	for _, text := range sig.Devices {
		g.signer.devices = append(g.signer.devices, pattern(text))
	}
	return g
}

// signed tells whether a source has a signature, which is a credential then.
func (s *Service) signed(source string) bool {
	g := s.guards[source]
	return g != nil && g.scheme != nil
}

// checkSignature checks the signature of a request to a source, where it has
// one. Whoever has shown no key is the signer from then on.
func (s *Service) checkSignature(r *http.Request, source string, body []byte) error {
	g := s.guards[source]
	if g == nil || g.scheme == nil {
		return nil
	}
	info := about(r.Context())
	signed, err := g.check(r.Context(), r, body, s.now())
	if err != nil {
		return err
	}
	if g.used != nil {
		// By what was signed: it may bear several codes while a secret is rotated.
		sum := sha256.Sum256(signed)
		key := string(sum[:])
		if !g.use(key) {
			return unauthenticated("what is signed was sent before")
		}
		info.giveBack = func() { g.used.Delete(key) }
	}
	info.signer = g.signer
	if info.caller == nil {
		info.caller = g.signer
	}
	return nil
}

// check gives what was signed, once one of the codes is right.
func (g *guard) check(ctx context.Context, r *http.Request, body []byte, now time.Time) ([]byte, error) {
	c, ok := g.scheme.claim(r, body)
	if !ok || len(c.codes) == 0 {
		return nil, unauthenticated("there is no signature")
	}
	right := false
	for _, value := range g.secrets {
		key, err := value.Get(ctx)
		if err != nil {
			return nil, err
		}
		want := g.scheme.code(key, c.signed)
		for _, code := range c.codes[:min(len(c.codes), mostCodes)] {
			if equal(want, code) {
				right = true
			}
		}
	}
	if !right {
		for _, value := range g.secrets { // it may have been rotated
			value.Refresh(ctx)
		}
		return nil, unauthenticated("the signature is wrong")
	}
	if age := now.Sub(c.time); c.timed && (age > g.tolerance || age < -g.tolerance) {
		return nil, unauthenticated("the signature's time is more than " + g.tolerance.String() + " away")
	}
	return c.signed, nil
}

// use marks a key as used, and tells whether it is new.
func (g *guard) use(key string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, has := g.used.Get(key); has {
		return false
	}
	g.used.Set(key, struct{}{})
	return true
}

// signedTime reads the time of a signature: RFC 3339, or seconds or milliseconds
// since 1970.
func signedTime(text string) time.Time {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
		if n > 100_000_000_000 { // the year 5138 in seconds, 1973 in milliseconds
			return time.UnixMilli(n)
		}
		return time.Unix(n, 0)
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return at
}
