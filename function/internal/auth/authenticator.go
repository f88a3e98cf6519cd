package auth

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/auth/signature"
	"mayfly/function/internal/platform"
	"mayfly/function/internal/ratelimit"
	"mayfly/function/internal/sanitize"
	"mayfly/function/internal/state"
	"mayfly/internal/secret"
	"mayfly/transform/message"
)

// Options is what an authenticator is made of. All of it has been checked.
type Options struct {
	Mode         policy.Mode
	Keys         policy.Keys
	Tokens       []policy.TokenSpec
	Certificates *policy.CertificateSpec
	Sources      []Source
	Fleets       []string        // their names; empty for the environment's own
	Proxies      policy.Networks // whose X-Forwarded-For is believed
	Host         platform.Kind   // which headers the platform has written itself

	Secrets   *secret.Loader
	Transport http.RoundTripper // for the key sets of token issuers
	Certs     http.RoundTripper // for certificates that senders name; nil: one to public addresses only
	Now       func() time.Time
	State     state.Store // what instances share; may be nil
}

// Authenticator finds out who calls, and decides what they may send.
type Authenticator struct {
	mode         policy.Mode
	keys         policy.Keys
	tokens       *tokens
	certificates *certificates
	guards       map[string]*guard // by source
	fleets       map[string]bool
	proxies      policy.Networks
	host         platform.Kind
	now          func() time.Time
	state        state.Store // may be nil
}

// New makes an authenticator of options that were checked.
func New(o *Options) *Authenticator {
	a := &Authenticator{
		mode: o.Mode, keys: o.Keys, proxies: o.Proxies, host: o.Host, now: o.Now,
		tokens:       newTokens(o),
		certificates: newCertificates(o.Certificates, o.Secrets),
		guards:       map[string]*guard{},
		fleets:       map[string]bool{},
		state:        o.State,
	}
	for i := range o.Sources {
		of := signature.Options{Secrets: o.Secrets, Transport: o.Certs, State: o.State}
		if g := newGuard(&o.Sources[i], of); g != nil {
			a.guards[o.Sources[i].Name] = g
		}
	}
	for _, name := range o.Fleets {
		a.fleets[name] = true
	}
	return a
}

// Authenticate finds out who calls before anything of the body is read, and
// whether they may send to the source, where that is known yet. The caller is nil
// where somebody else checks, and where the signature of a signed source will tell
// who it is.
func (a *Authenticator) Authenticate(r *http.Request, source string) (*policy.Caller, error) {
	g := a.guards[source]
	keyed := g.withoutProof(r)
	if g.suffices() && !ShowsCredential(keyed) {
		if !g.signature.Shown(r) {
			return nil, g.unproved("there is no signature")
		}
		return nil, a.admitSource(r, nil, source)
	}
	c, err := a.identify(keyed)
	if err != nil {
		return nil, err
	}
	if source == "" {
		return c, nil // it is found by the body, and then admitted
	}
	return c, a.admitSource(r, c, source)
}

// identify finds the caller by the credential that the request shows.
func (a *Authenticator) identify(r *http.Request) (*policy.Caller, error) {
	switch a.mode {
	case policy.ModeKeys:
	case policy.ModePlatform:
		return a.platformCaller(r), nil
	default:
		return nil, nil
	}
	key, where := presentedKey(r)
	var c *policy.Caller
	var err error
	switch {
	case where == carrierBearer && a.tokens != nil && isToken(key):
		c, err = a.tokens.caller(r.Context(), key, a.now())
	case where == carrierHeader || where == carrierBearer || where == carrierToken:
		c = a.keys.Find(key, a.now())
		if _, password, ok := strings.Cut(key, ":"); c == nil && ok && where == carrierToken {
			c = a.keys.Find(password, a.now()) // InfluxDB 1.8 has user:password in place of a token
		}
	default:
		if c, err = a.certificateCaller(r); c == nil && err == nil && where == carrierPlatform {
			c = a.keys.Find(key, a.now())
		}
	}
	if err != nil {
		return nil, err
	}
	if c == nil {
		return nil, policy.Unauthenticated("no known key")
	}
	if wait := c.Rate.TakeShared(r.Context(), a.state, c.RateName, c.Bucket, a.now(), 1); wait > 0 {
		return nil, ratelimit.SlowDown("the caller", wait)
	}
	return c, nil
}

// platformCaller names, for the log, whom App Service has let in. Its headers
// are removed on every other host.
func (a *Authenticator) platformCaller(r *http.Request) *policy.Caller {
	if a.host != platform.Functions {
		return nil
	}
	name := r.Header["X-Ms-Client-Principal-Name"]
	if len(name) == 0 || !sanitize.Printable(name[0]) {
		return nil
	}
	return &policy.Caller{Name: name[0]}
}

// admitSource checks the address, where the source has a list, and whether the
// caller may send to it.
func (a *Authenticator) admitSource(r *http.Request, c *policy.Caller, source string) error {
	if g := a.guards[source]; g != nil && g.from != nil && !g.from.Contain(a.clientAddr(r)) {
		return policy.NotAllowed("the address is not one that " + source + " is sent from")
	}
	if !c.MayUse(source) {
		return policy.NotAllowed("source " + sanitize.LogName(source) + " is not for " + c.Name)
	}
	return nil
}

// Proof is what a signature has proved.
type Proof struct {
	Signer *policy.Caller // nil: the source is not signed
	// Settle ends what the signature has begun: it is good again, for a request that has to come once more, or used up.
	// It may be nil.
	Settle func(again bool)
}

// Verify checks what can be checked once the source and the body are known: the
// address, the caller's permission for the source, and the signature.
func (a *Authenticator) Verify(
	r *http.Request, c *policy.Caller, source string, body signature.Body,
) (Proof, error) {
	if err := a.admitSource(r, c, source); err != nil {
		return Proof{}, err
	}
	return a.guards[source].verify(r, body, a.now())
}

// Signed tells whether the requests of a source are proved to be its sender's.
func (a *Authenticator) Signed(source string) bool { return a.guards[source].signed() }

// Proves tells whether a parameter of the query is what proves the sender of a source.
func (a *Authenticator) Proves(source, parameter string) bool {
	g := a.guards[source]
	return g.signed() && g.signature.Owns(signature.PartQuery, parameter)
}

// WithoutUnsigned takes out of a request what its source's signature leaves out, so that
// a mapping does not believe it: parameters of the query, and headers but Content-Type,
// which tells how to read the body.
func (a *Authenticator) WithoutUnsigned(source string, request *message.Request) {
	g := a.guards[source]
	if !g.signed() {
		return
	}
	if !g.signature.Covers(signature.PartQuery, "") || g.signature.Owns(signature.PartQuery, "") {
		query := url.Values{}
		for name, values := range request.Query {
			if g.signature.Covers(signature.PartQuery, name) {
				query[name] = values
			}
		}
		request.Query = query
	}
	header := http.Header{}
	for name, values := range request.Header {
		if name == "Content-Type" || g.signature.Covers(signature.PartHeaders, name) {
			header[name] = values
		}
	}
	request.Header = header
}

// Authorize checks every message before any is sent: whether each of the callers
// may speak for its device and its gateway. It sets the fleet of each message. A
// nil caller is one whom somebody else has checked.
func (a *Authenticator) Authorize(messages []message.Message, c, signer *policy.Caller) error {
	if err := c.MaySpeakFor(messages); err != nil {
		return err
	}
	if err := signer.MaySpeakFor(messages); err != nil {
		return err
	}
	return a.chooseFleets(c, messages)
}
