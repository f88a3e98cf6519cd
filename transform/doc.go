// Package transform turns the body of a request into messages for the hub:
// bytes in, messages out. It is pure: no network, no environment, no clock.
//
//	t, err := transform.New(transform.Options{})
//	messages, err := t.Native(&transform.Request{Body: body})
//
// Three kinds of body are read: Mayfly's own format ([Transformer.Native], which
// is Microsoft's bridge format and a little more), the bare measurements of a
// device that is known already ([Transformer.Device]), and whatever an IoT cloud
// sends, mapped by a [Source].
//
// A source is data: a YAML file with jq expressions (folder sources/ holds the
// built-in ones), each with samples that prove it. See [Definition].
//
// Measurements keep every digit that the sender wrote. An error is an [*Error]
// whose Kind says whether the body could not be read (Malformed), was read but
// makes no message (Invalid), or is of a kind that nobody reads (Unsupported).
//
// A Transformer and its sources are safe for concurrent use.
package transform
