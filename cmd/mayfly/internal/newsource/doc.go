// Package newsource writes a source for a sender that nobody has described yet, from one body that it sent: it guesses
// the device id, the time, the parts of a batch and the readings by names and by forms, says what it was not sure of,
// and proves the source with the body as its sample.
//
// It does not decode payload bytes: it finds them, and leaves them to a codec. It sends nothing.
//
// Start reading at Draft in draft.go. What a name stands for is in names.go, what a text is by its form in forms.go,
// where the messages of a batch are in shape.go.
package newsource
