package function

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"mayfly/internal/secret"
)

// grantSpec is what somebody may do, as the file says it.
type grantSpec struct {
	Sources []string `yaml:"sources"` // all when left out; telemetry and device are the native ones
	Devices []string `yaml:"devices"` // patterns
	Fleets  []string `yaml:"fleets"`  // the first is meant where a message names none
	Rate    Rate     `yaml:"rate"`    // requests, as in 10/s
}

// callerSpec is a caller with keys.
type callerSpec struct {
	Name string    `yaml:"name"`
	Keys []keySpec `yaml:"keys"`
	May  grantSpec `yaml:",inline"`
}

// keySpec is a key's hash: sha256:HEX, or {hash: sha256:HEX, expires: TIME}.
type keySpec struct {
	Hash    secret.Text `yaml:"hash"` // somebody may have put the key itself here
	Expires time.Time   `yaml:"-"`    // the zero time is for ever
}

// UnmarshalYAML takes the short form as well.
func (k *keySpec) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if unmarshal(&text) == nil {
		k.Hash = secret.NewText(text)
		return nil
	}
	var long struct {
		Hash    secret.Text `yaml:"hash"`
		Expires any         `yaml:"expires"`
	}
	var members map[string]any
	if err := unmarshal(&long); err != nil {
		return err
	}
	if err := unmarshal(&members); err != nil {
		return err
	}
	k.Hash = long.Hash
	if _, has := members["expires"]; !has {
		return nil
	}
	// The YAML package would read what is no time as the zero time, which is for ever.
	date := fmt.Sprint(long.Expires)
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, date); err == nil && !at.IsZero() {
			k.Expires = at
			return nil
		}
	}
	return errors.New("expires is no time: want 2027-01-31, or 2027-01-31T08:30:00Z")
}

// tokenSpec is an issuer of JWTs.
type tokenSpec struct {
	Name     string        `yaml:"name"`
	Issuer   string        `yaml:"issuer"`
	Audience string        `yaml:"audience"`
	JWKS     string        `yaml:"jwks"` // https URL
	Keys     []secret.Text `yaml:"keys"` // references to PEM public keys or JWK Sets
	May      grantSpec     `yaml:",inline"`
}

// certificateSpec is a CA whose certificates callers show.
type certificateSpec struct {
	Name string      `yaml:"name"`
	CA   secret.Text `yaml:"ca"`  // reference to PEM
	ALB  bool        `yaml:"alb"` // on Lambda behind a load balancer that verifies: take its headers
	May  grantSpec   `yaml:",inline"`
}

// check tells what is wrong with a grant. names are the {name}s of its patterns.
func (g *grantSpec) check(place string, names func(string) bool, c *Config, fault faultFunc) {
	for _, source := range g.Sources {
		if source != "telemetry" && source != "device" && !slices.Contains(c.transform.SourceNames(), source) {
			fault(place, "sources: there is no source %s", quote(source))
		}
	}
	for _, text := range g.Devices {
		if _, err := parseTemplate(text, names); err != nil {
			fault(place, "devices: %s: %v", quote(text), err)
		}
	}
	for _, name := range g.Fleets {
		if c.fleets[name] == nil {
			fault(place, "fleets: there is no fleet %s", quote(name))
		}
	}
}

// checkCallers reads the callers of API_KEYS and of the file. Who has the same
// name in both, or several hashes in one, has several keys.
func (c *Config) checkCallers(fault faultFunc) {
	owners := map[string]*caller{}
	if err := c.parseAPIKeys(owners); err != nil {
		fault("API_KEYS", "%v", err)
	}
	for i := range c.file.Callers {
		spec := &c.file.Callers[i]
		place := fmt.Sprintf("%s: callers.%s", c.fileName(), cmp.Or(logName(spec.Name), fmt.Sprint(i)))
		if !printable(spec.Name) {
			fault(place, "name is missing, or has more than printable characters")
		}
		if len(spec.Keys) == 0 {
			fault(place, "keys is missing: mayfly keys new makes one")
		}
		if owners[spec.Name] != nil {
			fault(place, "another caller has this name")
		}
		spec.May.check(place, nil, c, fault)
		owner := &caller{name: spec.Name, sources: spec.May.Sources, fleets: spec.May.Fleets, bucket: spec.May.Rate.limiter()}
		if spec.May.Devices != nil {
			owner.devices = patterns{}
			for _, text := range spec.May.Devices {
				owner.devices = append(owner.devices, pattern(text))
			}
		}
		owners[spec.Name] = owner
		for _, k := range spec.Keys {
			sum, err := parseHash(k.Hash.Reveal())
			if err != nil {
				fault(place, "keys: %v", err)
				continue
			}
			if slices.ContainsFunc(c.callerKeys, func(other callerKey) bool { return other.sum == sum && other.owner != owner }) {
				fault(place, "keys: another caller has the same key")
			}
			c.callerKeys = append(c.callerKeys, callerKey{sum, k.Expires, owner})
		}
	}
	if len(c.callerKeys) > mostKeys {
		fault("callers", "have more than %d keys; give devices tokens or certificates instead", mostKeys)
	}
	if (c.Auth == AuthPlatform || c.Auth == AuthNone) && (c.APIKeys != "" || len(c.file.Callers) > 0 || len(c.file.Tokens) > 0 || c.file.Certificates != nil) {
		fault("AUTH", "must be keys where there are callers, tokens or certificates: nobody would ask for them otherwise")
	}
	if c.Auth == AuthKeys && !c.fileFailed && c.APIKeys == "" && len(c.file.Callers) == 0 && len(c.file.Tokens) == 0 && c.file.Certificates == nil && !anySigned(c.file.Sources) {
		fault("API_KEYS", "is missing: AUTH=keys needs callers, as name=sha256:HEX here or in %s; mayfly keys new makes them", configFile)
	}
}

func anySigned(sources []sourceSpec) bool {
	for i := range sources {
		if sources[i].Signature != nil {
			return true
		}
	}
	return false
}

// parseAPIKeys reads the short form: name=sha256:HEX, separated by commas.
func (c *Config) parseAPIKeys(owners map[string]*caller) error {
	for item := range strings.SplitSeq(c.APIKeys, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		name, hash, ok := strings.Cut(item, "=")
		sum, err := parseHash(hash)
		if !ok || !printable(name) || err != nil {
			return errors.New("want name=sha256:HEX, comma-separated; HEX is the SHA-256 of the caller's key, 64 digits; mayfly keys new makes both")
		}
		if owners[name] == nil {
			owners[name] = &caller{name: name}
		}
		c.callerKeys = append(c.callerKeys, callerKey{sum: sum, owner: owners[name]})
	}
	return nil
}

// parseHash reads sha256:HEX. Its error does not quote: it may have been a key.
func parseHash(text string) (sum [32]byte, err error) {
	digits, ok := strings.CutPrefix(strings.TrimSpace(text), "sha256:")
	raw, err := hex.DecodeString(digits)
	if !ok || err != nil || len(raw) != len(sum) {
		return sum, errors.New("want the key's hash, as sha256:HEX with 64 digits; mayfly keys new prints it")
	}
	return [32]byte(raw), nil
}

// checkTokens looks at the issuers of tokens.
func (c *Config) checkTokens(fault faultFunc) {
	seen := map[string]bool{}
	for i := range c.file.Tokens {
		t := &c.file.Tokens[i]
		place := fmt.Sprintf("%s: tokens.%s", c.fileName(), cmp.Or(logName(t.Name), fmt.Sprint(i)))
		t.May.check(place, anyName, c, fault)
		u, err := url.Parse(t.JWKS)
		switch {
		case !printable(t.Name):
			fault(place, "name is missing")
		case t.Issuer == "" || t.Audience == "":
			fault(place, "issuer and audience have to be said: a token for somebody else is none for us")
		case seen[t.Issuer]:
			fault(place, "another one has this issuer")
		case t.JWKS == "" && len(t.Keys) == 0:
			fault(place, "jwks (an https URL) or keys (references to public keys) is missing")
		case t.JWKS != "" && (err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil):
			fault(place, "jwks is no https URL")
		}
		seen[t.Issuer] = true
		for _, key := range t.Keys {
			c.reference(place, key.Reveal(), fault, func(text string) error {
				_, err := parsePublicKeys(text)
				return err
			})
		}
	}
}

// checkCertificates looks at the CA of client certificates.
func (c *Config) checkCertificates(fault faultFunc) {
	s := c.file.Certificates
	if s == nil {
		return
	}
	place := c.fileName() + ": certificates"
	s.May.check(place, func(name string) bool { return name == "cn" }, c, fault)
	if s.CA.Reveal() == "" {
		fault(place, "ca is missing: a reference to the PEM certificates of those who issue")
	}
	c.reference(place, s.CA.Reveal(), fault, func(text string) error {
		_, err := parseCAs(text)
		return err
	})
	if s.Name != "" && !printable(s.Name) {
		fault(place, "name has more than printable characters")
	}
}

// checkSources looks at the signatures and networks of the file's sources.
func (c *Config) checkSources(fault faultFunc) {
	for i := range c.file.Sources {
		d := &c.file.Sources[i]
		place := fmt.Sprintf("%s: sources.%s", c.fileName(), logName(d.Name))
		if _, err := parseNetworks(d.AllowFrom); err != nil {
			fault(place, "allowFrom: %v", err)
		}
		sig := d.Signature
		if sig == nil {
			continue
		}
		if err := validSignature(sig); err != nil {
			fault(place, "signature: %v", err)
		}
		for _, text := range sig.Secrets {
			c.reference(place, text.Reveal(), fault, func(text string) error {
				_, err := secretReader(sig)(text)
				return err
			})
		}
	}
}
