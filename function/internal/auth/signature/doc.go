// Package signature verifies the signatures by which clouds prove that a webhook is
// theirs: HMAC over parts of a request in any of the usual forms, Soracom Beam and
// Actility ThingPark.
//
// Start reading at Verifier. Each scheme says what a request claims (claim.go); the
// clouds' own schemes are in clouds.go, what a definition describes is in hmac.go.
// It does not decide for which devices a signer may speak.
package signature
