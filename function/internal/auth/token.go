package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"mayfly/function/internal/auth/jwks"
	"mayfly/function/internal/auth/policy"
	"mayfly/internal/cache"
	"mayfly/internal/secret"
)

const (
	maxToken    = 8 << 10
	maxTokens   = 20_000
	tokenMemory = time.Minute // so long a token that was good is not verified again
	tokenLeeway = 30 * time.Second
)

// tokens verifies JWTs, each by the keys of its issuer.
type tokens struct {
	issuers map[string]*tokenIssuer
	parser  *jwt.Parser
	good    *cache.Cache[remembered]
}

// remembered is a token or a certificate that was good a short while ago.
type remembered struct {
	caller         *policy.Caller
	expires, until time.Time
}

// tokenIssuer is one who issues tokens, and what they let their bearers do.
type tokenIssuer struct {
	*policy.Permission
	validator *jwt.Validator
	static    []*secret.Value[[]jwks.Key]
	remote    *jwks.Remote
}

// newTokens makes the verifier of the issuers; nil where there are none.
func newTokens(o *Options) *tokens {
	if len(o.Tokens) == 0 {
		return nil
	}
	t := &tokens{
		issuers: map[string]*tokenIssuer{},
		// The issuer's own validator looks at the claims, when it is known who it is.
		parser: jwt.NewParser(jwt.WithoutClaimsValidation(),
			jwt.WithValidMethods([]string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"})),
		good: cache.New[remembered](maxTokens, 0),
	}
	for i := range o.Tokens {
		s := &o.Tokens[i]
		issuer := &tokenIssuer{
			Permission: policy.NewPermission(&s.May, s.Name, "{sub}"),
			validator: jwt.NewValidator(
				jwt.WithIssuer(s.Issuer),
				jwt.WithAudience(s.Audience),
				jwt.WithExpirationRequired(),
				jwt.WithLeeway(tokenLeeway),
				jwt.WithTimeFunc(o.Now),
			),
		}
		for _, text := range s.Keys {
			ref, _ := secret.Parse(text.Reveal()) // checked
			issuer.static = append(issuer.static, secret.NewValue(o.Secrets, ref, jwks.Parse))
		}
		if s.JWKS != "" {
			issuer.remote = jwks.NewRemote(s.JWKS, o.Transport, o.Now)
		}
		t.issuers[s.Issuer] = issuer
	}
	return t
}

// isToken tells a JWT from a key.
func isToken(text string) bool {
	return strings.HasPrefix(text, "eyJ") && strings.Count(text, ".") == 2
}

// caller finds who bears a token.
func (t *tokens) caller(ctx context.Context, text string, now time.Time) (*policy.Caller, error) {
	if len(text) > maxToken {
		return nil, policy.Unauthenticated("the token is too long")
	}
	sum := sha256.Sum256([]byte(text))
	key := string(sum[:])
	if g, ok := t.good.Get(key); ok && now.Before(g.until) && now.Before(g.expires) {
		return g.caller, nil
	}
	var issuer *tokenIssuer
	claims := jwt.MapClaims{}
	_, err := t.parser.ParseWithClaims(text, claims, func(token *jwt.Token) (any, error) {
		name, _ := claims["iss"].(string)
		if issuer = t.issuers[name]; issuer == nil {
			return nil, errors.New("nobody here knows its issuer")
		}
		return issuer.keysFor(ctx, token)
	})
	if err == nil {
		err = issuer.validator.Validate(claims)
	}
	if err != nil {
		if failed, ok := errors.AsType[*secret.Error](err); ok {
			return nil, failed // not the bearer's fault
		}
		return nil, policy.Unauthenticated(tokenFault(err))
	}
	subject, _ := claims["sub"].(string)
	c := issuer.Holder(subject, func(name string) string {
		value, _ := claims[name].(string)
		return value
	})
	expires, _ := claims.GetExpirationTime() // it was validated
	t.good.Set(key, remembered{c, expires.Time, now.Add(tokenMemory)})
	return c, nil
}

// tokenFault names what is wrong without the token's own words.
func tokenFault(err error) string {
	for _, known := range []error{
		jwt.ErrTokenMalformed, jwt.ErrTokenUnverifiable, jwt.ErrTokenSignatureInvalid, jwt.ErrTokenExpired,
		jwt.ErrTokenNotValidYet,
		jwt.ErrTokenInvalidAudience, jwt.ErrTokenInvalidIssuer, jwt.ErrTokenRequiredClaimMissing,
		jwt.ErrTokenUsedBeforeIssued,
	} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "the token is not valid"
}

// keysFor gives the keys of the issuer that may have signed a token: of the
// token's own kind, so that a public key is never taken for another's secret.
func (i *tokenIssuer) keysFor(ctx context.Context, token *jwt.Token) (any, error) {
	if token.Header["crit"] != nil {
		return nil, errors.New("it has critical headers that are not known here")
	}
	kid, _ := token.Header["kid"].(string)
	for _, missing := range []bool{false, true} {
		keys, err := i.all(ctx, missing)
		set, many := jwks.Choose(keys, token.Method.Alg(), kid)
		if many {
			return nil, errors.New("it does not name its key, and there are many")
		}
		if len(set.Keys) > 0 {
			return set, nil
		}
		if err != nil { // it may be among those that are not here
			return nil, err
		}
	}
	return nil, errors.New("its key is not known")
}

// all gives all keys that there are. With an error there may be more.
func (i *tokenIssuer) all(ctx context.Context, missing bool) (all []jwks.Key, failed error) {
	for _, value := range i.static {
		if missing {
			value.Refresh(ctx)
		}
		keys, err := value.Get(ctx)
		failed = cmp.Or(failed, err)
		all = append(all, keys...)
	}
	if i.remote != nil {
		keys, err := i.remote.Get(ctx, missing)
		failed = cmp.Or(failed, err)
		all = append(all, keys...)
	}
	return all, failed
}
