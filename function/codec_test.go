package function_test

import (
	"context"

	"mayfly/transform/codec"
)

// unavailableCodecs are what scripts become where no process can run them.
type unavailableCodecs struct{}

func (c unavailableCodecs) Load(string, []byte) (codec.Codec, error) { return c, nil }

func (unavailableCodecs) Decode(context.Context, codec.Uplink) (codec.Decoded, error) {
	return codec.Decoded{}, &codec.Error{
		Kind: codec.Unavailable, Text: "the codec worker cannot be started: no room",
	}
}
