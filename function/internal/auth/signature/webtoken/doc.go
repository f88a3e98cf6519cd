// Package webtoken verifies the JWTs by which senders prove that a request is theirs: with a claim that holds the hash
// of the body (Disruptive Technologies' X-Dt-Signature), or with the members of the body as claims (RockBLOCK).
//
// It does not find them in a request, and remembers none. Start reading at Rules.Verify.
package webtoken
