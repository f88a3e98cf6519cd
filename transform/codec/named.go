package codec

import "strings"

// Named is a codec under the name that a definition has for it.
type Named struct {
	Codec
	Name string
}

// EncoderOf gives a codec as an encoder; nil where it cannot encode.
func EncoderOf(c Codec) Encoder {
	if named, ok := c.(Named); ok {
		c = named.Codec
	}
	if s, ok := c.(Script); ok && s.Encodes() {
		return s
	}
	return nil
}

// Blame puts the name of a codec's file before what the codec says, unless that has it.
func Blame(c Codec, text string) string {
	if named, ok := c.(Named); ok && strings.HasSuffix(named.Name, ".js") && !strings.Contains(text, named.Name) {
		return named.Name + ": " + text
	}
	return text
}
