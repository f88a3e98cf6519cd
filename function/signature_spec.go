package function

import (
	"time"

	"mayfly/internal/secret"
	"mayfly/transform"
)

// sourceSpec is a source of the configuration file: its mapping, and who may send
// to it.
type sourceSpec struct {
	transform.Definition `yaml:",inline"`

	Signature *signatureSpec `yaml:"signature"`
	AllowFrom []string       `yaml:"allowFrom"` // networks; everywhere when left out
}

// mappings gives the sources without what is not the mapping's concern.
func mappings(specs []sourceSpec) []transform.Definition {
	list := make([]transform.Definition, len(specs))
	for i := range specs {
		list[i] = specs[i].Definition
	}
	return list
}

// adopt takes back the definitions, whose names and methods may have come from
// the sources that they change, and hands signatures and networks down likewise.
func adopt(specs []sourceSpec, list []transform.Definition) {
	for i := range specs {
		s := &specs[i]
		s.Definition = list[i]
		for j := range i {
			if base := &specs[j]; base.Name == s.From {
				if s.Signature == nil {
					s.Signature = base.Signature
				}
				if s.AllowFrom == nil {
					s.AllowFrom = base.AllowFrom
				}
				break
			}
		}
	}
}

// signatureSpec is how a source's sender proves that a request is its own. Which of
// the fields count depends on the scheme.
type signatureSpec struct {
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
