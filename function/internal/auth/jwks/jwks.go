package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"mayfly/transform/message"
)

// Key is a key that tokens are verified by. alg and kid may be empty.
type Key struct {
	ID, Alg string
	Key     crypto.PublicKey
}

const (
	maxJWKS     = 256 << 10
	maxJWKSKeys = 64
	minRSA      = 2048
)

// Parse reads a JWK Set (RFC 7517), or PEM blocks of public keys and
// certificates.
func Parse(text string) ([]Key, error) {
	var keys []Key
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		return parseSet([]byte(text))
	}
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		var key any
		var err error
		switch block.Type {
		case "PUBLIC KEY":
			key, err = x509.ParsePKIXPublicKey(block.Bytes)
		case "CERTIFICATE":
			var cert *x509.Certificate
			if cert, err = x509.ParseCertificate(block.Bytes); err == nil {
				key = cert.PublicKey
			}
		default:
			err = errors.New("a block of type " + message.Quote(block.Type) + " is not a public key")
		}
		if err == nil {
			err = strong(key)
		}
		if err != nil {
			return nil, err
		}
		keys = append(keys, Key{Key: key})
	}
	if len(keys) == 0 {
		return nil, errors.New("want a JWK Set or PEM public keys")
	}
	return keys, nil
}

// jwk is one key of a set, with the members of the three kinds that are taken.
type jwk struct {
	Kty string `json:"kty"`
	Kid string `json:"kid"`
	Use string `json:"use"`
	Alg string `json:"alg"`
	Crv string `json:"crv"`
	N   string `json:"n"`
	E   string `json:"e"`
	X   string `json:"x"`
	Y   string `json:"y"`
}

// parseSet reads a set. Keys of other kinds, such as secrets for HMAC, are left
// out: a set may hold keys for others.
func parseSet(text []byte) ([]Key, error) {
	var set struct {
		Keys []jwk `json:"keys"`
	}
	if json.Unmarshal(text, &set) != nil {
		return nil, errors.New("is not a JWK Set")
	}
	var keys []Key
	for i := range set.Keys[:min(len(set.Keys), maxJWKSKeys)] {
		k := &set.Keys[i]
		if k.Use != "" && k.Use != "sig" {
			continue
		}
		if key, err := k.public(); err == nil && strong(key) == nil {
			keys = append(keys, Key{k.Kid, k.Alg, key})
		}
	}
	if len(keys) == 0 {
		return nil, errors.New(
			"the JWK Set has no RSA key from 2048 bits up, no EC key and no Ed25519 key to verify with",
		)
	}
	return keys, nil
}

func (k *jwk) public() (crypto.PublicKey, error) {
	field := func(text string) []byte {
		raw, _ := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "=")) // what cannot be read makes no key
		return raw
	}
	switch {
	case k.Kty == "RSA":
		e := new(big.Int).SetBytes(field(k.E))
		if !e.IsInt64() || e.Int64() < 3 || e.Int64() > 1<<31-1 || e.Bit(0) == 0 {
			return nil, errors.New("exponent")
		}
		return &rsa.PublicKey{N: new(big.Int).SetBytes(field(k.N)), E: int(e.Int64())}, nil
	case k.Kty == "EC":
		var curve elliptic.Curve
		switch k.Crv {
		case "P-256":
			curve = elliptic.P256()
		case "P-384":
			curve = elliptic.P384()
		case "P-521":
			curve = elliptic.P521()
		default:
			return nil, errors.New("curve")
		}
		size := (curve.Params().BitSize + 7) / 8
		x, y := field(k.X), field(k.Y)
		if len(x) != size || len(y) != size {
			return nil, errors.New("size")
		}
		return ecdsa.ParseUncompressedPublicKey(curve, append(append([]byte{4}, x...), y...))
	case k.Kty == "OKP" && k.Crv == "Ed25519":
		if raw := field(k.X); len(raw) == ed25519.PublicKeySize {
			return ed25519.PublicKey(raw), nil
		}
	}
	return nil, errors.New("kind")
}

// strong tells what is wrong with a key that should not be relied on.
func strong(key crypto.PublicKey) error {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSA || bits > 16384 {
			return errors.New("an RSA key has from 2048 to 16384 bits")
		}
		return nil
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return nil
	}
	return errors.New("want an RSA, EC or Ed25519 key")
}

// maxTries bounds the keys that are tried for a JWT that names none.
const maxTries = 3

// Choose gives the keys that may have signed a JWT by an algorithm and the id of a key, which may be empty: of the
// JWT's own kind, so that a public key is never taken for another's secret. many tells that it names none, and that
// there are too many to try.
func Choose(keys []Key, alg, kid string) (set jwt.VerificationKeySet, many bool) {
	for _, k := range keys {
		if (k.ID == "" || kid == "" || k.ID == kid) && (k.Alg == "" || k.Alg == alg) && Fits(alg, k.Key) {
			set.Keys = append(set.Keys, k.Key)
		}
	}
	if kid == "" && len(set.Keys) > maxTries {
		return jwt.VerificationKeySet{}, true
	}
	return set, false
}

// Fits tells whether a key is of the kind that an algorithm of JWTs verifies by.
func Fits(alg string, key crypto.PublicKey) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return strings.HasPrefix(alg, "RS")
	case *ecdsa.PublicKey:
		return alg == map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[key.Params().BitSize]
	case ed25519.PublicKey:
		return alg == "EdDSA"
	}
	return false
}
