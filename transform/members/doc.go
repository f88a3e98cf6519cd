// Package members reads the members of Mayfly's own formats that are more than a text: timestamps and properties. What is
// wrong with them comes as field errors, with the place of the message in its batch in front.
//
// It knows no whole message: package transform does. Start at Timestamp and at Scalars.
package members
