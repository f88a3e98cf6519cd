package signature

import (
	"cmp"
	"crypto/sha256"
	"net/http"
	"sync"
	"time"

	"mayfly/internal/cache"
	"mayfly/internal/secret"
)

// Verifier checks the signatures of one source, and takes each once where
// they tell two requests apart.
type Verifier struct {
	scheme    scheme
	secrets   []*secret.Value[[]byte]
	tolerance time.Duration

	mu   sync.Mutex
	used *cache.Cache[struct{}] // nil: nothing tells two requests apart, so the same may come again
}

const (
	defaultTolerance = 5 * time.Minute
	maxUsed          = 100_000
	maxCodes         = 8 // in one header, while a secret is being rotated
)

// NewVerifier makes the verifier of a specification that was validated.
func NewVerifier(spec *Spec, l *secret.Loader) *Verifier {
	v := &Verifier{tolerance: cmp.Or(spec.Tolerance, defaultTolerance)}
	v.scheme, _ = newScheme(spec) // validated
	for _, text := range spec.Secrets {
		ref, _ := secret.Parse(text.Reveal()) // validated
		v.secrets = append(v.secrets, secret.NewValue(l, ref, spec.ParseSecret))
	}
	replay := spec.Replay
	if replay == 0 && spec.timed() {
		replay = 2 * v.tolerance
	}
	if replay > 0 {
		v.used = cache.New[struct{}](maxUsed, replay)
	}
	return v
}

// Error says why a signature is not accepted. Other errors of a verifier are
// those of its secrets.
type Error string

// Error gives the reason.
func (e Error) Error() string { return string(e) }

// Shown tells whether a request has a signature, before its body is read.
func (v *Verifier) Shown(r *http.Request) bool { return v.scheme.Shown(r) }

// Covers tells whether the signature covers a part of the request beside the body, or
// the whole of that part where the name is empty.
func (v *Verifier) Covers(p Part, name string) bool { return v.scheme.Covers(p, name) }

// Verify checks the signature of a request. forget makes it good again, for a
// request that has to come once more; it is nil where it is good again anyway.
func (v *Verifier) Verify(r *http.Request, body []byte, now time.Time) (forget func(), err error) {
	signed, err := v.check(r, body, now)
	if err != nil || v.used == nil {
		return nil, err
	}
	// By what was signed: it may bear several codes while a secret is rotated.
	sum := sha256.Sum256(signed)
	key := string(sum[:])
	if !v.use(key) {
		return nil, Error("what is signed was sent before")
	}
	return func() { v.used.Delete(key) }, nil
}

// check gives what was signed, once one of the codes is right.
func (v *Verifier) check(r *http.Request, body []byte, now time.Time) ([]byte, error) {
	c, ok := v.scheme.claim(r, body)
	if !ok || len(c.codes) == 0 {
		return nil, Error("there is no signature")
	}
	right := false
	for _, value := range v.secrets {
		key, err := value.Get(r.Context())
		if err != nil {
			return nil, err
		}
		want := v.scheme.code(key, c.signed)
		for _, code := range c.codes[:min(len(c.codes), maxCodes)] {
			if equal(want, code) {
				right = true
			}
		}
	}
	if !right {
		for _, value := range v.secrets { // it may have been rotated
			value.Refresh(r.Context())
		}
		return nil, Error("the signature is wrong")
	}
	if age := now.Sub(c.time); c.timed && (age > v.tolerance || age < -v.tolerance) {
		return nil, Error("the signature's time is more than " + v.tolerance.String() + " away")
	}
	return c.signed, nil
}

// use marks a key as used, and tells whether it is new.
func (v *Verifier) use(key string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, has := v.used.Get(key); has {
		return false
	}
	v.used.Set(key, struct{}{})
	return true
}
