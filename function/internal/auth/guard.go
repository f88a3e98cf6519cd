package auth

import (
	"errors"
	"net/http"
	"time"

	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/auth/signature"
	"mayfly/internal/secret"
)

// Source is who may send to a source, as the configuration file says it.
type Source struct {
	Name      string
	Signature *signature.Spec // nil: unsigned
	AllowFrom []string        // nil: from everywhere
}

// guard is what stands before one source: networks, and a signature.
type guard struct {
	from      policy.Networks     // nil: from everywhere
	signature *signature.Verifier // nil: unsigned
	signer    *policy.Caller      // who a good signature is
}

// newGuard makes the guard of a source that was checked; nil where it has none.
func newGuard(d *Source, l *secret.Loader) *guard {
	if d.Signature == nil && d.AllowFrom == nil {
		return nil
	}
	g := &guard{}
	if d.AllowFrom != nil {
		g.from, _ = policy.ParseNetworks(d.AllowFrom) // checked
		if g.from == nil {
			g.from = policy.Networks{} // an empty list allows nobody
		}
	}
	sig := d.Signature
	if sig == nil {
		return g
	}
	g.signature = signature.NewVerifier(sig, l)
	g.signer = policy.NewCaller("signature of "+d.Name, &policy.PermissionSpec{
		Sources: []string{d.Name}, Devices: sig.Devices,
	})
	g.signer.AnyFleet = true
	return g
}

// signed tells whether the source has a signature, which is a credential then.
func (g *guard) signed() bool { return g != nil && g.signature != nil }

// verify checks the signature of a request, where the source has one.
func (g *guard) verify(r *http.Request, body []byte, now time.Time) (Proof, error) {
	if !g.signed() {
		return Proof{}, nil
	}
	forget, err := g.signature.Verify(r, body, now)
	if wrong, ok := errors.AsType[signature.Error](err); ok {
		err = policy.Unauthenticated(wrong.Error())
	}
	if err != nil {
		return Proof{}, err
	}
	return Proof{g.signer, forget}, nil
}
