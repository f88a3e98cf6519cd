package function

import (
	"errors"
	"net/http"
	"time"

	"mayfly/internal/secret"
)

// guardSpec is who may send to a source, as the configuration file says it.
type guardSpec struct {
	Name      string
	Signature *signatureSpec // nil: unsigned
	AllowFrom []string       // nil: from everywhere
}

// guard is what stands before one source: networks, and a signature.
type guard struct {
	from      networks           // nil: from everywhere
	signature *signatureVerifier // nil: unsigned
	signer    *caller            // who a good signature is
}

// newGuard makes the guard of a source that was checked; nil where it has none.
func newGuard(d *guardSpec, l *secret.Loader) *guard {
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
	g.signature = newSignatureVerifier(sig, l)
	g.signer = &caller{name: "signature of " + d.Name, sources: []string{d.Name}, anyFleet: true}
	if sig.Devices != nil {
		g.signer.devices = patterns{} // an empty list allows none
	}
	for _, text := range sig.Devices {
		g.signer.devices = append(g.signer.devices, pattern(text))
	}
	return g
}

// signed tells whether the source has a signature, which is a credential then.
func (g *guard) signed() bool { return g != nil && g.signature != nil }

// verify checks the signature of a request, where the source has one.
func (g *guard) verify(r *http.Request, body []byte, now time.Time) (verified, error) {
	if !g.signed() {
		return verified{}, nil
	}
	forget, err := g.signature.verify(r, body, now)
	if wrong, ok := errors.AsType[signatureError](err); ok {
		err = unauthenticated(wrong.Error())
	}
	if err != nil {
		return verified{}, err
	}
	return verified{g.signer, forget}, nil
}
