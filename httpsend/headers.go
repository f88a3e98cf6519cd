package httpsend

import "iter"

// Headers lists the event's system and application properties under the names
// that they have as HTTP headers, in a fixed order; the values are not encoded
// yet. It is for those who want to show an event before it is sent.
func (e *Event) Headers() iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		more := true
		e.properties(func(name, value string) { more = more && yield(name, value) })
	}
}
