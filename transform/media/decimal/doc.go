// Package decimal adds numbers as JSON writes them without a loss of digits. It is for the base
// values of SenML.
//
// It has no type of its own. Start reading at [Add].
package decimal
