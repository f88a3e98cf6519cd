package config

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"mayfly/function/internal/auth/jwks"
	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/pemfile"
	"mayfly/function/internal/sanitize"
	"mayfly/internal/settings"
	"mayfly/transform/message"
)

// checkFile checks what the file says of callers, tokens, certificates and signatures.
// Its fleets have been checked before.
func (c *Config) checkFile(file *File) {
	c.checkCallers(file)
	c.checkTokens(file)
	c.checkCertificates(file)
	c.checkSources(file)
}

// checkPermission tells what is wrong with a permission. names are the {name}s that
// its patterns may have.
func (c *Config) checkPermission(p *policy.PermissionSpec, place string, names func(string) bool, file *File) {
	known := append([]string{"telemetry", "device"}, c.Transformer.SourceNames()...)
	for i := range file.Sources { // those that are at fault, too
		known = append(known, cmp.Or(file.Sources[i].Name, file.Sources[i].From))
	}
	for i, source := range p.Sources {
		if !slices.Contains(known, source) {
			file.add(fmt.Sprintf("%s.sources[%d]", place, i), "%s", unknownName("source", source, known))
		}
	}
	for i, text := range p.Devices {
		if err := policy.ValidatePattern(text, names); err != nil {
			file.add(fmt.Sprintf("%s.devices[%d]", place, i), "%s: %v", message.Quote(text), err)
		}
	}
	for i, name := range p.Fleets {
		if !c.hasFleet(name) {
			file.add(fmt.Sprintf("%s.fleets[%d]", place, i), "%s",
				unknownName("fleet", name, slices.Collect(maps.Keys(c.Fleets))))
		}
	}
}

// unknownName tells that there is no such thing, and what was probably meant.
func unknownName(kind, name string, known []string) string {
	text := "there is no " + kind + " " + message.Quote(name)
	if near := settings.Nearest(name, known); near != "" {
		text += ": did you mean " + near + "?"
	}
	return text
}

// checkAPIKeys reads the callers of API_KEYS. The same name twice is one caller with
// two keys.
func (c *Config) checkAPIKeys(fault faultFunc) {
	c.owners = map[string]*policy.Caller{}
	if err := c.parseAPIKeys(c.owners); err != nil {
		fault("API_KEYS", "%v", err)
	}
}

// checkCallers reads the callers of the file.
func (c *Config) checkCallers(file *File) {
	for i := range file.Callers {
		spec := &file.Callers[i]
		place := fmt.Sprintf("callers[%d]", i)
		if !sanitize.Printable(spec.Name) {
			file.add(place+".name", "is missing, or has more than printable characters")
		}
		if len(spec.Keys) == 0 {
			file.add(place+".keys", "is missing: mayfly keys new makes one")
		}
		if spec.Name != "" && c.owners[spec.Name] != nil {
			file.add(place+".name", "another caller has this name")
		}
		c.checkPermission(&spec.May, place, nil, file)
		owner := policy.NewCaller(spec.Name, &spec.May)
		c.owners[spec.Name] = owner
		c.addKeys(spec.Keys, owner, place, file)
	}
	if len(c.Keys) > policy.MaxKeys {
		file.add("callers", "have more than %d keys; give devices tokens or certificates instead", policy.MaxKeys)
	}
}

// addKeys reads the keys of one caller.
func (c *Config) addKeys(keys []policy.KeySpec, owner *policy.Caller, place string, file *File) {
	for i, k := range keys {
		at := fmt.Sprintf("%s.keys[%d]", place, i)
		sum, err := parseHash(k.Hash.Reveal())
		if err != nil {
			file.add(at, "%v", err)
			continue
		}
		ofAnother := func(other policy.Key) bool { return other.Sum == sum && other.Owner != owner }
		if slices.ContainsFunc(c.Keys, ofAnother) {
			file.add(at, "another caller has the same key")
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
func (c *Config) checkTokens(file *File) {
	seen := map[string]bool{}
	for i := range c.Tokens {
		t := &c.Tokens[i]
		place := fmt.Sprintf("tokens[%d]", i)
		c.checkPermission(&t.May, place, policy.AnyClaim, file)
		if !sanitize.Printable(t.Name) {
			file.add(place+".name", "is missing, or has more than printable characters")
		}
		for _, needed := range []struct{ member, value string }{{"issuer", t.Issuer}, {"audience", t.Audience}} {
			if needed.value == "" {
				file.add(place+"."+needed.member,
					"is missing: issuer and audience must be set, a token for somebody else is not valid here")
			}
		}
		if t.Issuer != "" && seen[t.Issuer] {
			file.add(place+".issuer", "another one has this issuer")
		}
		u, err := url.Parse(t.JWKS)
		if t.JWKS == "" && len(t.Keys) == 0 {
			file.add(place+".jwks", "is missing: jwks (an https URL) or keys (references to public keys) must be set")
		} else if t.JWKS != "" && (err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil) {
			file.add(place+".jwks", "is not an https URL")
		}
		seen[t.Issuer] = true
		for n, key := range t.Keys {
			file.publicReference(fmt.Sprintf("%s.keys[%d]", place, n), key.Reveal(), func(text string) error {
				_, err := jwks.Parse(text)
				return err
			})
		}
	}
}

// checkCertificates checks the CA of client certificates.
func (c *Config) checkCertificates(file *File) {
	s := c.Certificates
	if s == nil {
		return
	}
	c.checkPermission(&s.May, "certificates", func(name string) bool { return name == "cn" }, file)
	if s.CA.Reveal() == "" {
		file.add("certificates.ca", "is missing: a reference to the PEM certificates of those who issue")
	}
	file.publicReference("certificates.ca", s.CA.Reveal(), func(text string) error {
		_, err := pemfile.ParseCAs(text)
		return err
	})
	if s.Name != "" && !sanitize.Printable(s.Name) {
		file.add("certificates.name", "has more than printable characters")
	}
}
