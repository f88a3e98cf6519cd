// Package jwks reads the public keys that tokens are verified by: JWK Sets
// (RFC 7517) and PEM. Remote is a set behind a URL, fetched when it is needed.
//
// It does not verify tokens: package auth does.
package jwks
