package config

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"mayfly/function/internal/auth/jwks"
	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/pemfile"
	"mayfly/function/internal/sanitize"
	"mayfly/transform/message"
)

// checkPermission tells what is wrong with a permission. names are the {name}s that
// its patterns may have.
func (c *Config) checkPermission(p *policy.PermissionSpec, place string, names func(string) bool, fault faultFunc) {
	for _, source := range p.Sources {
		if source != "telemetry" && source != "device" && !slices.Contains(c.Transformer.SourceNames(), source) {
			fault(place, "sources: there is no source %s", message.Quote(source))
		}
	}
	for _, text := range p.Devices {
		if err := policy.ValidatePattern(text, names); err != nil {
			fault(place, "devices: %s: %v", message.Quote(text), err)
		}
	}
	for _, name := range p.Fleets {
		if !c.hasFleet(name) {
			fault(place, "fleets: there is no fleet %s", message.Quote(name))
		}
	}
}

// checkCallers reads the callers of API_KEYS and of the file. The same name twice in
// API_KEYS is one caller with two keys.
func (c *Config) checkCallers(file *File, fault faultFunc) {
	owners := map[string]*policy.Caller{}
	if err := c.parseAPIKeys(owners); err != nil {
		fault("API_KEYS", "%v", err)
	}
	for i := range file.Callers {
		spec := &file.Callers[i]
		place := fmt.Sprintf("%s: callers.%s", c.fileName(), cmp.Or(sanitize.LogName(spec.Name), fmt.Sprint(i)))
		if !sanitize.Printable(spec.Name) {
			fault(place, "name is missing, or has more than printable characters")
		}
		if len(spec.Keys) == 0 {
			fault(place, "keys is missing: mayfly keys new makes one")
		}
		if owners[spec.Name] != nil {
			fault(place, "another caller has this name")
		}
		c.checkPermission(&spec.May, place, nil, fault)
		owners[spec.Name] = policy.NewCaller(spec.Name, &spec.May)
		c.addKeys(spec.Keys, owners[spec.Name], place, fault)
	}
	if len(c.Keys) > policy.MaxKeys {
		fault("callers", "have more than %d keys; give devices tokens or certificates instead", policy.MaxKeys)
	}
}

// addKeys reads the keys of one caller.
func (c *Config) addKeys(keys []policy.KeySpec, owner *policy.Caller, place string, fault faultFunc) {
	for _, k := range keys {
		sum, err := parseHash(k.Hash.Reveal())
		if err != nil {
			fault(place, "keys: %v", err)
			continue
		}
		ofAnother := func(other policy.Key) bool { return other.Sum == sum && other.Owner != owner }
		if slices.ContainsFunc(c.Keys, ofAnother) {
			fault(place, "keys: another caller has the same key")
		}
		c.Keys = append(c.Keys, policy.Key{Sum: sum, Expires: k.Expires, Owner: owner})
	}
}

// checkMode checks that AUTH and the callers go together. What a file that could
// not be read says of callers is not known.
func (c *Config) checkMode(file *File, fileKnown bool, fault faultFunc) {
	if (c.Auth == policy.ModePlatform || c.Auth == policy.ModeNone) &&
		(c.APIKeys != "" || len(file.Callers) > 0 || len(c.Tokens) > 0 || c.Certificates != nil) {
		fault(
			"AUTH",
			"must be keys where there are callers, tokens or certificates: nobody would ask for them otherwise",
		)
	}
	if c.Auth == policy.ModeKeys && fileKnown && c.APIKeys == "" && len(file.Callers) == 0 && len(c.Tokens) == 0 &&
		c.Certificates == nil && !anySigned(c.Sources) {
		fault(
			"API_KEYS",
			"is missing: AUTH=keys needs callers, as name=sha256:HEX here or in %s; mayfly keys new makes them",
			configFile,
		)
	}
}

func (c *Config) hasFleet(name string) bool {
	_, has := c.Fleets[name]
	return has
}

func anySigned(sources []Source) bool {
	for i := range sources {
		if sources[i].Signature != nil {
			return true
		}
	}
	return false
}

// parseAPIKeys reads the short form: name=sha256:HEX, separated by commas.
func (c *Config) parseAPIKeys(owners map[string]*policy.Caller) error {
	for item := range strings.SplitSeq(c.APIKeys, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		name, hash, ok := strings.Cut(item, "=")
		sum, err := parseHash(hash)
		if !ok || !sanitize.Printable(name) || err != nil {
			return errors.New(
				"want name=sha256:HEX, comma-separated; HEX is the SHA-256 of the caller's key, 64 digits; " +
					"mayfly keys new makes both",
			)
		}
		if owners[name] == nil {
			owners[name] = &policy.Caller{Name: name}
		}
		c.Keys = append(c.Keys, policy.Key{Sum: sum, Owner: owners[name]})
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

// checkTokens checks the issuers of tokens.
func (c *Config) checkTokens(fault faultFunc) {
	seen := map[string]bool{}
	for i := range c.Tokens {
		t := &c.Tokens[i]
		place := fmt.Sprintf("%s: tokens.%s", c.fileName(), cmp.Or(sanitize.LogName(t.Name), fmt.Sprint(i)))
		c.checkPermission(&t.May, place, policy.AnyClaim, fault)
		u, err := url.Parse(t.JWKS)
		switch {
		case !sanitize.Printable(t.Name):
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
				_, err := jwks.Parse(text)
				return err
			})
		}
	}
}

// checkCertificates checks the CA of client certificates.
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
		_, err := pemfile.ParseCAs(text)
		return err
	})
	if s.Name != "" && !sanitize.Printable(s.Name) {
		fault(place, "name has more than printable characters")
	}
}

// checkSources checks the signatures and networks of the file's sources.
func (c *Config) checkSources(fault faultFunc) {
	for i := range c.Sources {
		d := &c.Sources[i]
		place := fmt.Sprintf("%s: sources.%s", c.fileName(), sanitize.LogName(d.Name))
		if _, err := policy.ParseNetworks(d.AllowFrom); err != nil {
			fault(place, "allowFrom: %v", err)
		}
		sig := d.Signature
		if sig == nil {
			continue
		}
		if err := sig.Validate(); err != nil {
			fault(place, "signature: %v", err)
		}
		for _, text := range sig.Devices {
			if err := policy.ValidatePattern(text, nil); err != nil {
				fault(place, "signature: devices: %s: %v", message.Quote(text), err)
			}
		}
		for _, text := range sig.Secrets {
			reference(place, text.Reveal(), fault, func(text string) error {
				_, err := sig.ParseSecret(text)
				return err
			})
		}
	}
}
