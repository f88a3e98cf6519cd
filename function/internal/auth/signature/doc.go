// Package signature verifies how senders prove that a webhook is theirs: by an HMAC or a hash over parts of a request
// in any of the usual forms, by a token, a user and password, a JWT, a signature whose certificate they publish, and
// by Soracom Beam's and Actility ThingPark's own rules.
//
// Start reading at Verifier. Each scheme says what a request claims (claim.go); what a definition describes is in
// package signing, and what may be wrong with it in faults.go. It does not decide for which devices a signer may speak.
package signature
