package policy

import (
	"errors"
	"fmt"
	"time"

	"mayfly/function/internal/ratelimit"
	"mayfly/internal/secret"
)

// PermissionSpec is what somebody may do, as the file says it.
type PermissionSpec struct {
	Sources []string       `yaml:"sources"` // all when left out; telemetry and device are the native ones
	Devices []string       `yaml:"devices"` // patterns
	Fleets  []string       `yaml:"fleets"`  // the first is meant where a message names none
	Rate    ratelimit.Rate `yaml:"rate"`    // requests, as in 10/s
	// Downlink is false for who may send for devices and not receive what waits for them.
	Downlink *bool `yaml:"downlink"`
}

func (p *PermissionSpec) sendOnly() bool { return p.Downlink != nil && !*p.Downlink }

// CallerSpec is a caller with keys.
type CallerSpec struct {
	Name string         `yaml:"name"` // of the caller, for the log
	Keys []KeySpec      `yaml:"keys"` // hashes of its keys; several while one is being replaced
	May  PermissionSpec `yaml:",inline"`
}

// KeySpec is a key's hash: sha256:HEX, or {hash: sha256:HEX, expires: TIME}.
type KeySpec struct {
	Hash    secret.Text `yaml:"hash"` // somebody may have put the key itself here
	Expires time.Time   `yaml:"-"`    // the zero time is for ever
}

// UnmarshalYAML takes the short form as well.
func (k *KeySpec) UnmarshalYAML(unmarshal func(any) error) error {
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
	// The YAML package would read what is not a time as the zero time, which means for ever.
	date := fmt.Sprint(long.Expires)
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, date); err == nil && !at.IsZero() {
			k.Expires = at
			return nil
		}
	}
	return errors.New("expires is not a time: want 2027-01-31, or 2027-01-31T08:30:00Z")
}

// TokenSpec is an issuer of JWTs.
type TokenSpec struct {
	Name     string         `yaml:"name"`     // of the issuer, for the log
	Issuer   string         `yaml:"issuer"`   // value of the claim iss
	Audience string         `yaml:"audience"` // value that the claim aud must have
	JWKS     string         `yaml:"jwks"`     // https URL
	Keys     []secret.Text  `yaml:"keys"`     // references to PEM public keys or JWK Sets
	May      PermissionSpec `yaml:",inline"`
}

// CertificateSpec is a CA whose certificates callers show.
type CertificateSpec struct {
	Name string         `yaml:"name"` // of the CA, for the log
	CA   secret.Text    `yaml:"ca"`   // reference to PEM
	ALB  bool           `yaml:"alb"`  // on Lambda behind a load balancer that verifies: take its headers
	May  PermissionSpec `yaml:",inline"`
}
