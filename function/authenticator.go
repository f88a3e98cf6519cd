package function

import (
	"net/http"
	"time"

	"mayfly/internal/secret"
	"mayfly/transform"
)

// authOptions is what an authenticator is made of. All of it has been checked.
type authOptions struct {
	Mode         Auth
	Keys         callerKeys
	Tokens       []tokenSpec
	Certificates *certificateSpec
	Sources      []guardSpec
	Fleets       []string // their names; empty for the environment's own
	Proxies      networks // whose X-Forwarded-For is believed
	Host         Host     // which headers the platform has written itself

	Secrets   *secret.Loader
	Transport http.RoundTripper // for the key sets of token issuers
	Now       func() time.Time
}

// authenticator finds out who calls, and decides what they may send.
type authenticator struct {
	mode         Auth
	keys         callerKeys
	tokens       *tokens
	certificates *certificates
	guards       map[string]*guard // by source
	fleets       map[string]bool
	proxies      networks
	host         Host
	now          func() time.Time
}

// newAuthenticator makes an authenticator of options that were checked.
func newAuthenticator(o *authOptions) *authenticator {
	a := &authenticator{
		mode: o.Mode, keys: o.Keys, proxies: o.Proxies, host: o.Host, now: o.Now,
		tokens:       newTokens(o),
		certificates: newCertificates(o.Certificates, o.Secrets),
		guards:       map[string]*guard{},
		fleets:       map[string]bool{},
	}
	for i := range o.Sources {
		if g := newGuard(&o.Sources[i], o.Secrets); g != nil {
			a.guards[o.Sources[i].Name] = g
		}
	}
	for _, name := range o.Fleets {
		a.fleets[name] = true
	}
	return a
}

// authenticate finds out who calls before anything of the body is read, and
// whether they may send to the source, where that is known yet. The caller is nil
// where somebody else checks, and where the signature of a signed source will tell
// who it is.
func (a *authenticator) authenticate(r *http.Request, source string) (*caller, error) {
	if g := a.guards[source]; g.signed() && !showsKey(r) {
		if !g.signature.shown(r) {
			return nil, unauthenticated("there is no signature")
		}
		return nil, a.admitSource(r, nil, source)
	}
	c, err := a.identify(r)
	if err != nil {
		return nil, err
	}
	if source == "" {
		return c, nil // it is found by the body, and then admitted
	}
	return c, a.admitSource(r, c, source)
}

// identify finds the caller by the credential that the request shows.
func (a *authenticator) identify(r *http.Request) (*caller, error) {
	switch a.mode {
	case AuthKeys:
	case AuthPlatform:
		return a.platformCaller(r), nil
	default:
		return nil, nil
	}
	key, where := presentedKey(r)
	var c *caller
	var err error
	switch {
	case where == carrierBearer && a.tokens != nil && isToken(key):
		c, err = a.tokens.caller(r.Context(), key, a.now())
	case where == carrierHeader || where == carrierBearer:
		c = a.keys.find(key, a.now())
	default:
		if c, err = a.certificateCaller(r); c == nil && err == nil && where == carrierPlatform {
			c = a.keys.find(key, a.now())
		}
	}
	if err != nil {
		return nil, err
	}
	if c == nil {
		return nil, unauthenticated("no known key")
	}
	if wait := take(c.bucket, a.now(), 1); wait > 0 {
		return nil, slowDown("the caller", wait)
	}
	return c, nil
}

// platformCaller names, for the log, whom App Service has let in. Its headers
// are removed on every other host.
func (a *authenticator) platformCaller(r *http.Request) *caller {
	if a.host != HostFunctions {
		return nil
	}
	name := r.Header["X-Ms-Client-Principal-Name"]
	if len(name) == 0 || !printable(name[0]) {
		return nil
	}
	return &caller{name: name[0]}
}

// admitSource checks the address, where the source has a list, and whether the
// caller may send to it.
func (a *authenticator) admitSource(r *http.Request, c *caller, source string) error {
	if g := a.guards[source]; g != nil && g.from != nil && !g.from.contain(a.clientAddr(r)) {
		return notAllowed("the address is not one that " + source + " is sent from")
	}
	if !c.mayUse(source) {
		return notAllowed("source " + logName(source) + " is not for " + c.name)
	}
	return nil
}

// verified is what a signature has proved.
type verified struct {
	signer *caller // nil: the source is not signed
	// forget makes the signature good again, for a request that has to come once
	// more. It may be nil.
	forget func()
}

// verify checks what can be checked once the source and the body are known: the
// address, the caller's permission for the source, and the signature.
func (a *authenticator) verify(r *http.Request, c *caller, source string, body []byte) (verified, error) {
	if err := a.admitSource(r, c, source); err != nil {
		return verified{}, err
	}
	return a.guards[source].verify(r, body, a.now())
}

// queryUnsigned tells whether a source has a signature that says nothing of the
// query.
func (a *authenticator) queryUnsigned(source string) bool {
	g := a.guards[source]
	return g.signed() && !g.signature.coversQuery()
}

// authorize checks every message before any is sent: whether each of the callers
// may speak for its device and its gateway. It sets the fleet of each message. A
// nil caller is one whom somebody else has checked.
func (a *authenticator) authorize(messages []transform.Message, c, signer *caller) error {
	if err := c.maySpeakFor(messages); err != nil {
		return err
	}
	if err := signer.maySpeakFor(messages); err != nil {
		return err
	}
	return a.chooseFleets(c, messages)
}
