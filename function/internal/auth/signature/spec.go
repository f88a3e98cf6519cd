package signature

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"mayfly/internal/secret"
)

// Spec is how a source's sender proves that a request is its own. Which of
// the fields count depends on the scheme.
type Spec struct {
	Scheme  string        `yaml:"scheme"`  // hmac (the default), soracom or actility
	Secrets []secret.Text `yaml:"secrets"` // values or references; several while one is being rotated

	// Of the scheme hmac. Signed is what the code is over: {body}, {timestamp},
	// {method}, {path}, {query} and {header:NAME} stand for the request's own.
	Header         string `yaml:"header"`         // where the code is
	Query          string `yaml:"query"`          // or in this parameter
	Field          string `yaml:"field"`          // of a header like t=1614265330,v1=5257a8
	Prefix         string `yaml:"prefix"`         // before the code, such as sha256=
	Algorithm      string `yaml:"algorithm"`      // sha256 (the default), sha512 or sha1
	Encoding       string `yaml:"encoding"`       // hex (the default), base64 or base64url
	SecretEncoding string `yaml:"secretEncoding"` // text (the default), hex or base64
	Signed         string `yaml:"signed"`         // {body} when empty
	Timestamp      string `yaml:"timestamp"`      // the header with the time, or field:NAME of the signature's own

	Tolerance time.Duration `yaml:"tolerance"` // how old and how early a time may be; 5m
	Replay    time.Duration `yaml:"replay"`    // how long a signature is not taken again; at least twice the tolerance
	Devices   []string      `yaml:"devices"`   // for which devices such a sender may speak; all when empty
}

// timed tells whether a signature has a time in it. Such a one is taken once.
func (s *Spec) timed() bool {
	return s.Timestamp != "" || s.Scheme == "soracom" || s.Scheme == "actility"
}

// ParseSecret makes the bytes of a secret from its text.
func (s *Spec) ParseSecret(text string) (key []byte, err error) {
	switch s.SecretEncoding {
	case "base64":
		key, err = base64.StdEncoding.DecodeString(strings.TrimPrefix(text, "whsec_")) // as Standard Webhooks writes it
	case "hex":
		key, err = hex.DecodeString(text)
	default:
		key = []byte(text)
	}
	if err != nil || len(key) == 0 {
		return nil, errors.New("is not a secret in the encoding that secretEncoding names")
	}
	return key, nil
}

// Covers tells whether such a signature covers a part of the request beside the body,
// or the whole of that part where the name is empty. One that is not valid covers all.
func (s *Spec) Covers(p Part, name string) bool {
	scheme, err := newScheme(s)
	return err != nil || scheme.Covers(p, name)
}
