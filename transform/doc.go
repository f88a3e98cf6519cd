// Package transform turns the body of a request into messages for the hub: bytes
// in, messages out. It is pure: no network, no environment, no clock.
//
// It reads three kinds of body: Mayfly's own format ([Transformer.Native], which
// is Microsoft's bridge format and a little more), the bare measurements of one
// device ([Transformer.Device]), and whatever an IoT cloud sends, mapped by a
// [Source].
//
// A source is data: a YAML file of jq expressions with samples that prove it
// ([Definition]; the folder sources has the built-in ones). [Transformer.Detect]
// finds the source of a request by what it looks like.
//
// Measurements keep every digit that the sender wrote. A body that makes no
// message is an [*Error] whose Kind says whether it could not be read (Malformed),
// was read but is wrong (Invalid), or is of a media type that is not supported
// (Unsupported).
//
// The package does not decide who may send, does not deliver, and keeps nothing
// between requests. A Transformer and its sources are safe for concurrent use.
//
// Start reading at [Source.Map] in source.go, which shows what becomes of a body.
package transform
