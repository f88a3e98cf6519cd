package signature

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	hashes "hash"
	"net/url"
	"strings"
	"time"

	"mayfly/function/internal/auth/signature/certs"
	"mayfly/internal/egress"
	"mayfly/internal/secret"
	"mayfly/transform/message"
	"mayfly/transform/signing"
)

// published is a signature by a key whose certificate the sender publishes: PKCS #1 v1.5 (RFC 8017, section 8.2) over
// members of the body, as Myriota signs (support.myriota.com, "HTTP").
type published struct {
	place
	hash      crypto.Hash
	sum       func() hashes.Hash
	decode    func(string) ([]byte, error)
	signed    template
	time      moment
	urlMember string
	store     *certs.Store // nil where nothing is verified yet
}

// rsaHash gives the hash that an algorithm names; 0 for one that is not good here.
func rsaHash(algorithm string) crypto.Hash {
	switch algorithm {
	case "", "sha256":
		return crypto.SHA256
	case "sha512":
		return crypto.SHA512
	}
	return 0
}

func newPublished(spec *signing.Spec) (*published, error) {
	encoding := spec.Encoding
	if encoding == "" {
		encoding = "base64"
	}
	p := &published{
		place: placeOf(spec), hash: rsaHash(spec.Algorithm), sum: hashFuncs[spec.Algorithm],
		decode: decodeFuncs[encoding], urlMember: spec.CertificateURL,
	}
	switch {
	case p.hash == 0:
		return nil, errors.New("algorithm must be sha256 or sha512")
	case len(spec.Members) != 1:
		return nil, errors.New("members must name the member with the signature, and no other one")
	case spec.CertificateURL == "":
		return nil, errors.New("certificateURL must name the member with the certificate's URL")
	case len(spec.Hosts) == 0:
		return nil, errors.New("hosts must list the hosts of the sender's certificates: any one would do otherwise")
	}
	for _, host := range spec.Hosts {
		if u, err := url.Parse("https://" + host); err != nil || u.Host != host || u.Port() != "" || host == "" {
			return nil, errors.New("hosts must be host names such as security.example.com, not " + message.Quote(host))
		}
	}
	for name := range spec.Subject {
		if name != "CN" && name != "O" && name != "OU" {
			return nil, errors.New("subject knows CN, O and OU, not " + message.Quote(name))
		}
	}
	var err error
	p.signed, p.time, err = signedBy(spec, "{body}")
	if err == nil && p.signed.count("secret") > 0 {
		err = errors.New("signed has a {secret}, which is what the scheme hash has")
	}
	if err == nil && spec.Signed == "" {
		err = errors.New("signed must say what the signature is over, as in {member:Id}.{member:Data}")
	}
	return p, err
}

// open gives the scheme what it fetches certificates by.
func (p *published) open(spec *signing.Spec, o Options) {
	settings := certs.Options{Hosts: spec.Hosts, Subject: spec.Subject, Transport: o.Transport, Now: o.Secrets.Now}
	if o.Transport == nil {
		settings.Transport = egress.Transport(egress.Options{MaxConns: 1})
	}
	if text := spec.CA.Reveal(); text != "" {
		ref, _ := secret.Parse(text) // validated
		value := secret.NewValue(o.Secrets, ref, certs.ParseRoots)
		settings.Roots = func(ctx context.Context) (*x509.CertPool, error) { return value.Get(ctx) }
	}
	p.store = certs.New(settings)
}

// Covers tells of what is signed beside members of the body.
func (p *published) Covers(part Part, name string) bool {
	return p.signed.covers(part, name, p.time.header)
}

func (p *published) verify(q *asked) (claim, error) {
	texts := p.texts(q)
	address, ok := q.member(p.urlMember)
	if len(texts) != 1 || !ok {
		return claim{}, errNone
	}
	c := claim{timed: p.time.known()}
	stamp := p.time.text(q, "")
	if c.timed {
		c.time = signedTime(stamp)
	}
	code, err := p.decode(strings.TrimSpace(texts[0]))
	if c.signed, ok = p.signed.text(q, stamp); !ok || err != nil {
		return claim{}, errNone
	}
	// Before anything is fetched: an old request makes no call.
	if c.timed && !near(q.now, c.time, q.tolerance) {
		return c, nil
	}
	key, err := p.store.Get(q.context(), address)
	if refused, ok := errors.AsType[certs.Refused](err); ok {
		return claim{}, Error(refused.Error())
	}
	if err != nil {
		return claim{}, err
	}
	sum := p.sum()
	sum.Write(c.signed)
	if rsa.VerifyPKCS1v15(key, p.hash, sum.Sum(nil), code) != nil {
		return claim{}, errWrong
	}
	return c, nil
}

// near tells whether a time is within the tolerance.
func near(now, at time.Time, tolerance time.Duration) bool {
	age := now.Sub(at)
	return age <= tolerance && age >= -tolerance
}

// ParseRoots tells what is wrong with the certificates that those of a source must chain to.
func ParseRoots(text string) error {
	_, err := certs.ParseRoots(text)
	return err
}
