package function_test

import (
	"context"

	"mayfly/transform/codec"
)

// unavailableCodecs are what scripts become where no process can run them.
type unavailableCodecs struct{}

func (c unavailableCodecs) Load(string, []byte) (codec.Script, error) { return c, nil }

func (unavailableCodecs) Decode(context.Context, codec.Uplink) (codec.Decoded, error) {
	return codec.Decoded{}, errNoWorker()
}

func (unavailableCodecs) Encode(context.Context, codec.Downlink) (codec.Encoded, error) {
	return codec.Encoded{}, errNoWorker()
}

func (unavailableCodecs) Decodes() bool { return true }
func (unavailableCodecs) Encodes() bool { return true }

func errNoWorker() error {
	return &codec.Error{Kind: codec.Unavailable, Text: "the codec worker cannot be started: no room"}
}
