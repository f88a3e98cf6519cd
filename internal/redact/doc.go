// Package redact keeps secrets out of logs, errors and documents.
//
// A [Value] holds a secret. Whoever prints, logs or marshals it, by any verb and
// at any depth, gets [Placeholder]; the secret itself takes a call of Reveal,
// which is easy to find in a review. A type that holds one secret embeds a Value
// and cannot be printed either.
//
// The package does not encrypt anything, and a text that was once revealed is an
// ordinary text. Start reading at Value.
package redact
