package signature

import (
	"context"
	"crypto/sha256"
	"net/http"
	"sync"
	"time"

	"mayfly/function/internal/state"
	"mayfly/internal/cache"
	"mayfly/internal/secret"
	"mayfly/transform/message"
	"mayfly/transform/signing"
)

// Verifier checks how the requests of one source are proved, and takes each once where
// the proof tells two requests apart.
type Verifier struct {
	spec      *signing.Spec
	scheme    scheme
	secrets   []*secret.Value[key]
	tolerance time.Duration
	always    bool // each is taken once, with a time or without

	mu   sync.Mutex
	used *cache.Cache[struct{}] // nil: nothing tells two requests apart, so the same may come again

	shared state.Store // nil: instances do not know what others have used
	source string
}

const (
	defaultTolerance = 5 * time.Minute
	maxUsed          = 100_000
	maxCodes         = 8 // in one header, while a secret is being rotated
)

// Options are what verifiers need beside what they are to verify.
type Options struct {
	Secrets *secret.Loader
	// Transport fetches certificates; nil: one that reaches public addresses only.
	Transport http.RoundTripper
	// State lets the instances that share it know together which proofs of the source were used; may be nil.
	State  state.Store
	Source string
}

// NewVerifier makes the verifier of a specification that was validated.
func NewVerifier(spec *signing.Spec, o Options) *Verifier {
	v := &Verifier{
		spec: spec, tolerance: tolerance(spec), always: spec.Replay > 0, shared: o.State, source: o.Source,
	}
	v.scheme, _ = newScheme(spec) // validated
	if p, ok := v.scheme.(*published); ok {
		p.open(spec, o)
	}
	for _, text := range spec.Secrets {
		ref, _ := secret.Parse(text.Reveal()) // validated
		parse := func(text string) (key, error) { return parseKey(spec, text) }
		v.secrets = append(v.secrets, secret.NewValue(o.Secrets, ref, parse))
	}
	if v.always || timed(spec) || spec.Scheme == signing.JWT {
		v.used = cache.New[struct{}](maxUsed, windowOf(spec))
	}
	return v
}

// Error says why a proof is not accepted. Other errors of a verifier are
// those of what it needs, such as its secrets.
type Error string

// Error gives the reason.
func (e Error) Error() string { return string(e) }

const (
	errNone  = Error("there is no signature")
	errWrong = Error("the signature is wrong")
)

// Shown tells whether a request has a proof, before its body is read; true where the body may have it.
func (v *Verifier) Shown(r *http.Request) bool { return v.scheme.Shown(r) }

// Covers tells whether the proof covers a part of the request beside the body, or
// the whole of that part where the name is empty.
func (v *Verifier) Covers(p Part, name string) bool { return v.scheme.Covers(p, name) }

// Owns tells whether the proof is in a header or parameter, which is nothing else then; in any where the name is empty.
func (v *Verifier) Owns(p Part, name string) bool {
	placed, ok := v.scheme.(interface{ has(Part, string) bool })
	return ok && placed.has(p, name)
}

// Verify checks the proof of a request. settle makes it good again, for a request that has to come once more, or
// lets it be used for good; it is nil where it is good again anyway.
func (v *Verifier) Verify(r *http.Request, body Body, now time.Time) (settle func(again bool), err error) {
	c, err := v.check(r, body, now)
	if err != nil || v.used == nil || !c.timed && !c.once && !v.always {
		return nil, err
	}
	// By what was signed: it may bear several codes while a secret is rotated.
	sum := sha256.Sum256(c.signed)
	key := string(sum[:])
	if !v.use(key) {
		return nil, Error("what is signed was sent before")
	}
	if v.shared == nil {
		return func(again bool) {
			if again {
				v.used.Delete(key)
			}
		}, nil
	}
	return v.claim(r.Context(), key)
}

// check gives what a request claims, once it is proved.
func (v *Verifier) check(r *http.Request, body Body, now time.Time) (claim, error) {
	q := &asked{Request: r, body: body, now: now, tolerance: v.tolerance}
	for _, value := range v.secrets {
		k, err := value.Get(r.Context())
		if err != nil {
			return claim{}, err
		}
		q.keys = append(q.keys, k)
	}
	c, err := v.scheme.verify(q)
	switch {
	case err == errWrong: //nolint:errorlint // schemes give it bare
		v.refresh(r.Context())
		return claim{}, err
	case err != nil && message.Is(q.failed, message.Busy):
		return claim{}, q.failed
	case err != nil:
		return claim{}, err
	}
	if c.timed && !near(now, c.time, v.tolerance) {
		return claim{}, Error("the signature's time is more than " + v.tolerance.String() + " away")
	}
	return c, nil
}

// refresh reads the secrets again: they may have been rotated.
func (v *Verifier) refresh(ctx context.Context) {
	for _, value := range v.secrets {
		value.Refresh(ctx)
	}
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
