package openapi

import (
	"cmp"

	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/platform"
	"mayfly/transform/signing"
)

// The names of the security schemes.
const (
	schemeKey         = "apiKey"
	schemeBearer      = "bearer"
	schemeBasic       = "basic"
	schemeFunctions   = "functionsKey"
	schemeCode        = "functionsCode"
	schemeCertificate = "clientCertificate"
)

// security gives the ways in which callers prove who they are, and that each of them is
// enough.
func (b *builder) security() (map[string]securityScheme, []securityRequirement) {
	schemes := map[string]securityScheme{}
	need := []securityRequirement{}
	add := func(name string, s securityScheme) {
		schemes[name] = s
		need = append(need, securityRequirement{name: {}})
	}
	c := b.config
	switch c.Auth {
	case policy.ModeKeys:
		if len(c.Keys) > 0 || len(c.Tokens) > 0 || c.Certificates == nil {
			b.addKeys(add)
		}
		if c.Certificates != nil {
			add(schemeCertificate, securityScheme{
				Type: "mutualTLS", Description: "A client certificate of the authority that the bridge trusts.",
			})
		}
	case policy.ModePlatform:
		if c.Host == platform.Functions {
			const of = "A key of the function or the host, where the function app asks for one."
			key := securityScheme{Type: schemeKey, In: "header", Name: "x-functions-key", Description: of}
			add(schemeFunctions, key)
			add(schemeCode, securityScheme{Type: schemeKey, In: "query", Name: "code", Description: of})
		}
	default:
	}
	b.addSenders(schemes)
	return schemes, need
}

// addKeys adds the ways in which keys and tokens are shown.
func (b *builder) addKeys(add func(string, securityScheme)) {
	bearer := securityScheme{Type: "http", Scheme: "bearer", Description: "The same key."}
	if len(b.config.Tokens) > 0 {
		bearer.BearerFormat = "JWT"
		bearer.Description = "A token of an issuer that the bridge trusts, or a key."
	}
	if len(b.config.Keys) == 0 && len(b.config.Tokens) > 0 {
		bearer.Description = "A token of an issuer that the bridge trusts."
		add(schemeBearer, bearer)
		return
	}
	add(schemeKey, securityScheme{
		Type: schemeKey, In: "header", Name: "x-api-key",
		Description: "The caller's key, as mayfly keys new has made it.",
	})
	add(schemeBearer, bearer)
	add(schemeBasic, securityScheme{
		Type: "http", Scheme: "basic", Description: "Any user name, and the key as password.",
	})
	add(schemeCode, securityScheme{
		Type: schemeKey, In: "query", Name: "code", Description: "The key, for senders made for Azure Functions.",
	})
}

// addSenders adds the schemes of single sources: signatures, and keys in the query.
func (b *builder) addSenders(schemes map[string]securityScheme) {
	for _, s := range b.sources {
		if s.signed() {
			if scheme, ok := ofSignature(s.file.Signature); ok {
				schemes[s.signatureScheme()] = scheme
			}
		}
		if s.keyInQuery(b) {
			schemes[s.queryScheme()] = securityScheme{
				Type: schemeKey, In: "query", Name: s.SecretQuery[0], Description: "The caller's key.",
			}
		}
	}
}

// ofSignature gives how the sender of a source proves itself; false where that is in the body.
func ofSignature(sig *signing.Spec) (securityScheme, bool) {
	scheme := securityScheme{
		Type: schemeKey, In: "header", Name: cmp.Or(sig.Header, "signature"),
		Description: "The sender's signature of the request (" + cmp.Or(string(sig.Scheme), "hmac") + ").",
	}
	switch {
	case sig.Scheme == signing.Basic:
		return securityScheme{Type: "http", Scheme: "basic", Description: "The user and password of this source."}, true
	case sig.Query != "":
		scheme.In, scheme.Name = "query", sig.Query
	case sig.Header == "" && len(sig.Members) > 0:
		return scheme, false
	}
	return scheme, true
}

func (s *source) signatureScheme() string { return "signature-" + slug(s.Name) }

// keyInQuery tells whether the sender may show its key in the query.
func (s *source) keyInQuery(b *builder) bool {
	return b.config.Auth == policy.ModeKeys && len(s.SecretQuery) > 0
}

func (s *source) queryScheme() string { return "query-" + slug(s.Name) }

// besideBody gives what a sender shows whose proof is in the body: nothing else, or what others show where that proof
// is the same for all customers of a cloud.
func (b *builder) besideBody(sig *signing.Spec) *[]securityRequirement {
	if b.config.Auth == policy.ModeKeys && !sig.Suffices() {
		return nil
	}
	return &[]securityRequirement{{}}
}

// securityOf gives what the sender of a source shows; nil where that is what others show.
func (b *builder) securityOf(s *source) *[]securityRequirement {
	switch {
	case s.signed(): // whatever AUTH says
		if _, ok := ofSignature(s.file.Signature); !ok {
			return b.besideBody(s.file.Signature)
		}
		return &[]securityRequirement{{s.signatureScheme(): {}}}
	case s.keyInQuery(b):
		_, all := b.security()
		all = append(all, securityRequirement{s.queryScheme(): {}})
		return &all
	}
	return nil
}
