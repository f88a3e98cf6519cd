package signature

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"mayfly/internal/settings"
)

// Fault is one thing that is wrong with a specification.
type Fault struct {
	Member  string // as in algorithm; empty where it is about several
	Problem string // and what would be right
}

// Faults tells all that is wrong with a specification. The devices are not its
// concern.
func (s *Spec) Faults() []Fault {
	var faults []Fault
	add := func(member, problem string) {
		if problem != "" {
			faults = append(faults, Fault{member, problem})
		}
	}
	add("scheme", settings.Enum(s.Scheme, "hmac", "soracom", "actility"))
	add("algorithm", settings.Enum(s.Algorithm, "sha256", "sha512", "sha1"))
	add("encoding", settings.Enum(s.Encoding, "hex", "base64", "base64url"))
	add("secretEncoding", settings.Enum(s.SecretEncoding, "text", "hex", "base64"))
	if len(s.Secrets) == 0 {
		add("secrets", "is missing: a list of values or references")
	}
	for i, text := range s.Secrets {
		if strings.TrimSpace(text.Reveal()) == "" {
			add(fmt.Sprintf("secrets[%d]", i), "is empty")
		}
	}
	if s.Tolerance < 0 || s.Tolerance > 24*time.Hour {
		add("tolerance", "must be from 0 to 24h")
	}
	if s.Replay < 0 || s.Replay > 48*time.Hour {
		add("replay", "must be from 0 to 48h")
	} else if s.timed() && s.Replay != 0 && s.Replay < 2*cmp.Or(s.Tolerance, defaultTolerance) {
		add("replay", "must be at least twice the tolerance: what was forgotten could be used again")
	}
	if len(faults) == 0 {
		if _, err := newScheme(s); err != nil {
			add("", err.Error())
		}
	}
	return faults
}

// Validate tells the first thing that is wrong with a specification.
func (s *Spec) Validate() error {
	for _, f := range s.Faults() {
		return errors.New(strings.TrimPrefix(f.Member+": "+f.Problem, ": "))
	}
	return nil
}
