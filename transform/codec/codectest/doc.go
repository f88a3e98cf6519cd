// Package codectest reads examples of what payload formatters make, as the LoRaWAN
// device repository keeps them, and checks codecs by them. It is for tools and
// tests: nothing that serves requests imports it.
//
// Start reading at [Parse], then at [Example.Check].
package codectest
