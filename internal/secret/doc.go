// Package secret reads the values that references stand for: a literal, a file, a
// Key Vault secret, a Secrets Manager secret or an SSM parameter.
//
// It does not parse what it reads, and it never prints it. It uses no client of a
// cloud's SDK: linking one takes longer at a cold start than all of Mayfly, whether
// or not it is needed, and one HTTP call per store is enough.
//
// Start reading at Parse, which makes a Reference of a text, and Loader.Load, which
// reads it once. A Value keeps what was read, and reads it again when it is refused.
package secret
