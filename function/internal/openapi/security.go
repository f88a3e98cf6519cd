package openapi

import (
	"cmp"

	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/platform"
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
			sig := s.file.Signature
			in, name := "header", cmp.Or(sig.Header, "signature")
			if sig.Query != "" {
				in, name = "query", sig.Query
			}
			schemes[s.signatureScheme()] = securityScheme{
				Type: schemeKey, In: in, Name: name,
				Description: "The sender's signature of the request (" + cmp.Or(sig.Scheme, "hmac") + ").",
			}
		}
		if s.keyInQuery(b) {
			schemes[s.queryScheme()] = securityScheme{
				Type: schemeKey, In: "query", Name: s.SecretQuery[0], Description: "The caller's key.",
			}
		}
	}
}

func (s *source) signatureScheme() string { return "signature-" + slug(s.Name) }

// keyInQuery tells whether the sender may show its key in the query.
func (s *source) keyInQuery(b *builder) bool {
	return b.config.Auth == policy.ModeKeys && len(s.SecretQuery) > 0
}

func (s *source) queryScheme() string { return "query-" + slug(s.Name) }

// securityOf gives what the sender of a source shows; nil where that is what others show.
func (b *builder) securityOf(s *source) *[]securityRequirement {
	switch {
	case s.signed(): // whatever AUTH says
		return &[]securityRequirement{{s.signatureScheme(): {}}}
	case s.keyInQuery(b):
		_, all := b.security()
		all = append(all, securityRequirement{s.queryScheme(): {}})
		return &all
	}
	return nil
}
