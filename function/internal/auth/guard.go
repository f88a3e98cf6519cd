package auth

import (
	"errors"
	"net/http"
	"time"

	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/auth/signature"
	"mayfly/function/internal/auth/signature/certs"
	"mayfly/function/internal/httpquery"
	"mayfly/function/internal/problem"
	"mayfly/transform/signing"
)

// Source is who may send to a source, as the configuration file says it.
type Source struct {
	Name      string
	Signature *signing.Spec // nil: unsigned
	AllowFrom []string      // nil: from everywhere
}

// guard is what stands before one source: networks, and a signature.
type guard struct {
	from      policy.Networks     // nil: from everywhere
	signature *signature.Verifier // nil: unsigned
	signer    *policy.Caller      // who a good signature is
	alone     bool                // a signature replaces the key of the caller
	basic     bool                // the signature is a user and a password
}

// newGuard makes the guard of a source that was checked; nil where it has none.
func newGuard(d *Source, o signature.Options) *guard {
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
	o.Source = d.Name
	g.signature = signature.NewVerifier(sig, o)
	g.signer = policy.NewCaller("signature of "+d.Name, &policy.PermissionSpec{
		Sources: []string{d.Name}, Devices: sig.Devices,
	})
	g.signer.AnyFleet = true
	g.alone, g.basic = sig.Suffices(), sig.Scheme == signing.Basic
	return g
}

// signed tells whether the source has a signature, which is a credential then.
func (g *guard) signed() bool { return g != nil && g.signature != nil }

// suffices tells whether the signature replaces the key of the caller.
func (g *guard) suffices() bool { return g.signed() && g.alone }

// unproved refuses a request; clients that show user and password only when they are asked to are asked.
func (g *guard) unproved(why string) error {
	err := policy.Unproved(why)
	err.Basic = g.basic
	return err
}

// withoutProof gives a request without the header and parameter of the signature where callers show their keys, too.
func (g *guard) withoutProof(r *http.Request) *http.Request {
	if !g.signed() {
		return r
	}
	out := r
	for name := range r.Header {
		if credential(name) && g.signature.Owns(signature.PartHeaders, name) {
			out = r.Clone(r.Context())
			out.Header.Del(name)
		}
	}
	if g.signature.Owns(signature.PartQuery, "code") && r.URL.RawQuery != "" {
		if out == r {
			out = r.Clone(r.Context())
		}
		query := httpquery.Values(out)
		query.Del("code")
		out.URL.RawQuery = query.Encode()
	}
	return out
}

// verify checks the signature of a request, where the source has one.
func (g *guard) verify(r *http.Request, body signature.Body, now time.Time) (Proof, error) {
	if !g.signed() {
		return Proof{}, nil
	}
	settle, err := g.signature.Verify(r, body, now)
	if wrong, ok := errors.AsType[signature.Error](err); ok {
		err = g.unproved(wrong.Error())
	}
	if away, ok := errors.AsType[*certs.Unavailable](err); ok {
		err = &problem.Error{
			Code: problem.KeyUnavailable, Cause: away,
			Detail: "the certificate that the sender signs by cannot be fetched",
		}
	}
	if err != nil {
		return Proof{}, err
	}
	return Proof{g.signer, settle}, nil
}
