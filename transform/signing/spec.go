package signing

import (
	"cmp"
	"time"

	"mayfly/internal/secret"
)

// Scheme is a way of proving that a request is the sender's own.
type Scheme string

// The schemes.
const (
	HMAC        Scheme = "hmac"        // a code over parts of the request, by a shared secret
	Hash        Scheme = "hash"        // a hash over parts of the request and the secret
	Token       Scheme = "token"       // the secret itself, in a header, the query or the body
	Basic       Scheme = "basic"       // the user and the password of this source
	JWT         Scheme = "jwt"         // a JWT, in a header, the query or the body
	Certificate Scheme = "certificate" // an RSA signature, by a certificate whose URL is in the body
	Soracom     Scheme = "soracom"     // Soracom Beam's own
	Actility    Scheme = "actility"    // ThingPark's own
)

// Spec is how a source's sender proves that a request is its own. Which members count depends on the scheme. A
// built-in source may have all of it but the secrets.
type Spec struct {
	Scheme  Scheme        `yaml:"scheme"`  // hmac where it is left out
	Secrets []secret.Text `yaml:"secrets"` // values or references; several while one is being rotated

	Header  string   `yaml:"header"`  // where the code, the token or the JWT is
	Query   string   `yaml:"query"`   // or in this parameter
	Members []string `yaml:"members"` // or in one of these members of the body, which no expression sees
	Field   string   `yaml:"field"`   // of a header like t=1614265330,v1=5257a8
	Prefix  string   `yaml:"prefix"`  // before the code or the token, such as sha256=

	Algorithm      string `yaml:"algorithm"`      // sha256 (the default), sha512 or sha1; of a JWT HS256, RS256, ...
	Encoding       string `yaml:"encoding"`       // hex (the default), base64 or base64url
	SecretEncoding string `yaml:"secretEncoding"` // text (the default), hex or base64
	// Signed is what the code is over; {body} when empty. {body}, {timestamp}, {method}, {path}, {query}, {header:NAME}
	// and {member:NAME} stand for the request's own, and {secret} for the secret of a hash.
	Signed string `yaml:"signed"`
	// Timestamp is where the time is: the name of a header or of a claim, field:NAME of the signature's own header, or
	// member:NAME of the body.
	Timestamp string `yaml:"timestamp"`

	Claims     map[string]string `yaml:"claims"`     // claims that a JWT must have, with their values
	HashClaims map[string]string `yaml:"hashClaims"` // claims that hold the hash of the body, with its algorithm
	BodyClaims bool              `yaml:"bodyClaims"` // the claims are the members of the body

	CertificateURL string            `yaml:"certificateURL"` // the member with the URL of the certificate
	Hosts          []string          `yaml:"hosts"`          // the hosts that certificates are fetched from
	Subject        map[string]string `yaml:"subject"`        // what the certificate's subject must have: CN, O, OU
	CA             secret.Text       `yaml:"ca"`             // what it must chain to, as PEM, if not the system's roots

	Tolerance time.Duration `yaml:"tolerance"` // how old and how early a time may be; 5m
	Replay    time.Duration `yaml:"replay"`    // how long a signature is not taken again; at least twice the tolerance
	Devices   []string      `yaml:"devices"`   // for which devices such a sender may speak; all when empty
	// Published says that the sender signs for all its customers by the same key: a signature does not replace the key
	// of the caller then, unless devices lists the devices.
	Published bool `yaml:"published"`
}

// Suffices reports whether the proof can replace the key of a caller. One that a cloud makes for all its customers does
// not, unless the devices are listed: any of them could have messages of their own devices sent here.
func (s *Spec) Suffices() bool {
	return !s.Published && s.Scheme != Certificate || len(s.Devices) > 0
}

// Inherit gives a specification with what it leaves out taken from the one of the source that its source changes. Both
// may be nil. builtin says that the other one is of a built-in source, which has no secrets: it counts only where
// somebody configures them.
func (s *Spec) Inherit(base *Spec, builtin bool) *Spec {
	switch {
	case s == nil && builtin, base == nil:
		return s
	case s == nil:
		return base
	case s.Scheme != "" && s.Scheme != cmp.Or(base.Scheme, HMAC):
		return s
	}
	out := *s
	out.Scheme = base.Scheme
	out.Secrets = list(s.Secrets, base.Secrets)
	if s.Header == "" && s.Query == "" && s.Members == nil {
		out.Header, out.Query, out.Members = base.Header, base.Query, base.Members
		out.Field, out.Prefix = cmp.Or(s.Field, base.Field), cmp.Or(s.Prefix, base.Prefix)
	}
	if s.Signed == "" && s.Timestamp == "" {
		out.Signed, out.Timestamp = base.Signed, base.Timestamp
	}
	out.Algorithm, out.Encoding = cmp.Or(s.Algorithm, base.Algorithm), cmp.Or(s.Encoding, base.Encoding)
	out.SecretEncoding = cmp.Or(s.SecretEncoding, base.SecretEncoding)
	if s.Claims == nil {
		out.Claims = base.Claims
	}
	if s.HashClaims == nil && !s.BodyClaims {
		out.HashClaims, out.BodyClaims = base.HashClaims, base.BodyClaims
	}
	out.CertificateURL, out.Hosts = cmp.Or(s.CertificateURL, base.CertificateURL), list(s.Hosts, base.Hosts)
	if s.Subject == nil {
		out.Subject = base.Subject
	}
	if s.CA.Reveal() == "" {
		out.CA = base.CA
	}
	out.Tolerance, out.Replay = cmp.Or(s.Tolerance, base.Tolerance), cmp.Or(s.Replay, base.Replay)
	out.Devices = list(s.Devices, base.Devices)
	out.Published = s.Published || base.Published
	return &out
}

func list[T any](mine, base []T) []T {
	if mine == nil {
		return base
	}
	return mine
}
