// Package completion completes the command line of a kong application in bash, zsh and fish.
//
// [Script] returns what a user loads into the shell: a short script that asks the program itself for suggestions, so it
// does not have to change when the program does. [Suggest] answers, from the model that kong parses with.
//
// The values of flags and arguments come from their enum tags, or from a complete tag: complete:"file" means files, and
// other words name a list that the caller passes.
//
// Start reading in suggest.go.
package completion
