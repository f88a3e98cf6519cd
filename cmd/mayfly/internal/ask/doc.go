// Package ask asks the user of a command for what its flags leave out. What an answer has to be, the command checks.
//
// Start reading at Questions.
package ask
