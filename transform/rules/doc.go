// Package rules has the rules of the fields of messages, by the tags of the structs that they are
// read into, and what is told where they are broken.
//
// It reads no messages. Start reading at Rules.Struct.
package rules
