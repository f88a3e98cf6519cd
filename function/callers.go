package function

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// checkPermission tells what is wrong with a permission. names are the {name}s that
// its patterns may have.
func (c *Config) checkPermission(p *permissionSpec, place string, names func(string) bool, fault faultFunc) {
	for _, source := range p.Sources {
		if source != "telemetry" && source != "device" && !slices.Contains(c.Transformer.SourceNames(), source) {
			fault(place, "sources: there is no source %s", quote(source))
		}
	}
	for _, text := range p.Devices {
		if err := validatePattern(text, names); err != nil {
			fault(place, "devices: %s: %v", quote(text), err)
		}
	}
	for _, name := range p.Fleets {
		if !c.hasFleet(name) {
			fault(place, "fleets: there is no fleet %s", quote(name))
		}
	}
}

// checkCallers reads the callers of API_KEYS and of the file. Who has the same
// name in both, or several hashes in one, has several keys.
func (c *Config) checkCallers(file *fileSpec, fault faultFunc) {
	owners := map[string]*caller{}
	if err := c.parseAPIKeys(owners); err != nil {
		fault("API_KEYS", "%v", err)
	}
	for i := range file.Callers {
		spec := &file.Callers[i]
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
		c.checkPermission(&spec.May, place, nil, fault)
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
			if slices.ContainsFunc(c.Keys, func(other callerKey) bool { return other.sum == sum && other.owner != owner }) {
				fault(place, "keys: another caller has the same key")
			}
			c.Keys = append(c.Keys, callerKey{sum, k.Expires, owner})
		}
	}
	if len(c.Keys) > maxKeys {
		fault("callers", "have more than %d keys; give devices tokens or certificates instead", maxKeys)
	}
}

// checkMode checks that AUTH and the callers go together. What a file that could
// not be read says of callers is not known.
func (c *Config) checkMode(file *fileSpec, fileKnown bool, fault faultFunc) {
	if (c.Auth == AuthPlatform || c.Auth == AuthNone) && (c.APIKeys != "" || len(file.Callers) > 0 || len(c.Tokens) > 0 || c.Certificates != nil) {
		fault("AUTH", "must be keys where there are callers, tokens or certificates: nobody would ask for them otherwise")
	}
	if c.Auth == AuthKeys && fileKnown && c.APIKeys == "" && len(file.Callers) == 0 && len(c.Tokens) == 0 && c.Certificates == nil && !anySigned(c.Sources) {
		fault("API_KEYS", "is missing: AUTH=keys needs callers, as name=sha256:HEX here or in %s; mayfly keys new makes them", configFile)
	}
}

func (c *Config) hasFleet(name string) bool {
	_, has := c.Fleets[name]
	return has
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
		c.Keys = append(c.Keys, callerKey{sum: sum, owner: owners[name]})
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
	for i := range c.Tokens {
		t := &c.Tokens[i]
		place := fmt.Sprintf("%s: tokens.%s", c.fileName(), cmp.Or(logName(t.Name), fmt.Sprint(i)))
		c.checkPermission(&t.May, place, anyClaim, fault)
		u, err := url.Parse(t.JWKS)
		switch {
		case !printable(t.Name):
			fault(place, "name is missing")
		case t.Issuer == "" || t.Audience == "":
			fault(place, "issuer and audience must be set: a token for somebody else is not valid here")
		case seen[t.Issuer]:
			fault(place, "another one has this issuer")
		case t.JWKS == "" && len(t.Keys) == 0:
			fault(place, "jwks (an https URL) or keys (references to public keys) is missing")
		case t.JWKS != "" && (err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil):
			fault(place, "jwks is not an https URL")
		}
		seen[t.Issuer] = true
		for _, key := range t.Keys {
			reference(place, key.Reveal(), fault, func(text string) error {
				_, err := parsePublicKeys(text)
				return err
			})
		}
	}
}

// checkCertificates looks at the CA of client certificates.
func (c *Config) checkCertificates(fault faultFunc) {
	s := c.Certificates
	if s == nil {
		return
	}
	place := c.fileName() + ": certificates"
	c.checkPermission(&s.May, place, func(name string) bool { return name == "cn" }, fault)
	if s.CA.Reveal() == "" {
		fault(place, "ca is missing: a reference to the PEM certificates of those who issue")
	}
	reference(place, s.CA.Reveal(), fault, func(text string) error {
		_, err := parseCAs(text)
		return err
	})
	if s.Name != "" && !printable(s.Name) {
		fault(place, "name has more than printable characters")
	}
}

// checkSources looks at the signatures and networks of the file's sources.
func (c *Config) checkSources(fault faultFunc) {
	for i := range c.Sources {
		d := &c.Sources[i]
		place := fmt.Sprintf("%s: sources.%s", c.fileName(), logName(d.Name))
		if _, err := parseNetworks(d.AllowFrom); err != nil {
			fault(place, "allowFrom: %v", err)
		}
		sig := d.Signature
		if sig == nil {
			continue
		}
		if err := sig.validate(); err != nil {
			fault(place, "signature: %v", err)
		}
		for _, text := range sig.Devices {
			if err := validatePattern(text, nil); err != nil {
				fault(place, "signature: devices: %s: %v", quote(text), err)
			}
		}
		for _, text := range sig.Secrets {
			reference(place, text.Reveal(), fault, func(text string) error {
				_, err := sig.parseSecret(text)
				return err
			})
		}
	}
}
