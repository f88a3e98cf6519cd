package signature

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mayfly/internal/settings"
	"mayfly/transform/signing"
)

// Fault is one thing that is wrong with a specification.
type Fault struct {
	Member  string // as in algorithm; empty where it is about several
	Problem string // and what would be right
}

// Faults tells all that is wrong with a specification. The devices are not its
// concern.
func Faults(s *signing.Spec) []Fault {
	var faults []Fault
	add := func(member, problem string) {
		if problem != "" {
			faults = append(faults, Fault{member, problem})
		}
	}
	add("scheme", settings.Enum(string(s.Scheme), schemeNames...))
	if s.Scheme != signing.JWT {
		add("algorithm", settings.Enum(s.Algorithm, "sha256", "sha512", "sha1"))
	}
	add("encoding", settings.Enum(s.Encoding, "hex", "base64", "base64url"))
	add("secretEncoding", settings.Enum(s.SecretEncoding, "text", "hex", "base64"))
	switch {
	case s.Scheme == signing.Certificate && len(s.Secrets) > 0:
		add("secrets", "must be left out: the key is in the certificate")
	case s.Scheme != signing.Certificate && len(s.Secrets) == 0:
		add("secrets", "is missing: "+wanted(s))
	}
	for i, text := range s.Secrets {
		if strings.TrimSpace(text.Reveal()) == "" {
			add(fmt.Sprintf("secrets[%d]", i), "is empty")
		}
	}
	if s.Tolerance < 0 || s.Tolerance > 24*time.Hour {
		add("tolerance", "must be from 0 to 24h")
	}
	switch {
	case s.Replay < 0 || s.Replay > 48*time.Hour:
		add("replay", "must be from 0 to 48h")
	case s.Replay != 0 && (s.Scheme == signing.Token || s.Scheme == signing.Basic):
		add("replay", "must be left out: what proves the sender is the same in every request")
	case (timed(s) || s.Scheme == signing.JWT) && s.Replay != 0 && s.Replay < 2*tolerance(s):
		add("replay", "must be at least twice the tolerance: what was forgotten could be used again")
	}
	for _, f := range strays(s) {
		add(f.Member, f.Problem)
	}
	if len(faults) == 0 {
		if _, err := newScheme(s); err != nil {
			add("", err.Error())
		}
	}
	return faults
}

// wanted says what the secrets of a scheme are.
func wanted(s *signing.Spec) string {
	switch {
	case s.Scheme == signing.Basic:
		return "a list of user:password, as values or references"
	case s.Scheme == signing.JWT && !strings.HasPrefix(s.Algorithm, "HS"):
		return "a list of the public keys that JWTs are signed by: PEM, a JWK Set, or references"
	default:
		return "a list of values or references"
	}
}

// strays are members that a specification has and its scheme does not know: whoever wrote them thinks that they do
// something.
func strays(s *signing.Spec) []Fault {
	var faults []Fault
	for _, m := range []struct {
		name string
		set  bool
		of   []signing.Scheme
	}{
		{"members", len(s.Members) > 0,
			[]signing.Scheme{signing.HMAC, signing.Hash, signing.Token, signing.JWT, signing.Certificate}},
		{"header", s.Header != "", []signing.Scheme{signing.HMAC, signing.Hash, signing.Token, signing.JWT}},
		{"query", s.Query != "", []signing.Scheme{signing.HMAC, signing.Hash, signing.Token, signing.JWT}},
		{"field", s.Field != "", []signing.Scheme{signing.HMAC, signing.Hash}},
		{"prefix", s.Prefix != "", []signing.Scheme{signing.HMAC, signing.Hash, signing.Token, signing.JWT}},
		{"signed", s.Signed != "", []signing.Scheme{signing.HMAC, signing.Hash, signing.Certificate}},
		{"timestamp", s.Timestamp != "",
			[]signing.Scheme{signing.HMAC, signing.Hash, signing.JWT, signing.Certificate}},
		{"algorithm", s.Algorithm != "",
			[]signing.Scheme{signing.HMAC, signing.Hash, signing.JWT, signing.Certificate}},
		{"encoding", s.Encoding != "",
			[]signing.Scheme{signing.HMAC, signing.Hash, signing.JWT, signing.Certificate}},
		{"claims", s.Claims != nil, []signing.Scheme{signing.JWT}},
		{"hashClaims", s.HashClaims != nil, []signing.Scheme{signing.JWT}},
		{"bodyClaims", s.BodyClaims, []signing.Scheme{signing.JWT}},
		{"certificateURL", s.CertificateURL != "", []signing.Scheme{signing.Certificate}},
		{"hosts", s.Hosts != nil, []signing.Scheme{signing.Certificate}},
		{"subject", s.Subject != nil, []signing.Scheme{signing.Certificate}},
		{"ca", s.CA.Reveal() != "", []signing.Scheme{signing.Certificate}},
		{"published", s.Published, []signing.Scheme{signing.JWT, signing.Certificate}},
	} {
		if m.set && !slices.Contains(m.of, cmp.Or(s.Scheme, signing.HMAC)) {
			faults = append(faults, Fault{m.name, "is not a member of the scheme " +
				string(cmp.Or(s.Scheme, signing.HMAC)) + ": leave it out"})
		}
	}
	return faults
}

// tolerance is how old and how early a time may be.
func tolerance(s *signing.Spec) time.Duration { return cmp.Or(s.Tolerance, defaultTolerance) }

// windowOf is how long what has a time is not taken again.
func windowOf(s *signing.Spec) time.Duration { return cmp.Or(s.Replay, 2*tolerance(s)) }

// Validate tells the first thing that is wrong with a specification.
func Validate(s *signing.Spec) error {
	for _, f := range Faults(s) {
		return errors.New(strings.TrimPrefix(f.Member+": "+f.Problem, ": "))
	}
	return nil
}
