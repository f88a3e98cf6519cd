// Package entry is what durable mode puts into a queue: one message after mapping and authorization, with the source
// and the caller that it came from. Codec.Encode writes an entry as JSON, and Codec.Decode reads it as strictly as a
// request is read: who may write into a queue must not get past the rules for ids, properties, sizes and fleets.
//
//	{"v":1,"entry":{"source":"tts","device":"sensor-1","messageId":"...","body":{...},...},"hmac":"..."}
//
// v is the version. A release reads entries of its own version and of older ones; a newer one is an Error of the kind
// Future, and has to stay in the queue for a release that reads it. hmac is there where the codec has keys: it is
// HMAC-SHA-256 of version and entry as they stand, in hexadecimal digits.
//
// It does not put anything into a queue, and it does not decide what is queued. Start reading at Codec.
package entry
