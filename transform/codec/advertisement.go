package codec

import (
	"context"
	"errors"

	"mayfly/transform/codec/ble"
)

// advertisement decodes what Bluetooth sensors advertise.
type advertisement struct{ kind ble.Kind }

// Decode implements [Codec].
func (a advertisement) Decode(_ context.Context, in Uplink) (Decoded, error) {
	if len(in.Bytes) > MaxPayload {
		return Decoded{}, codecError(Result, "the payload is larger than %d bytes", MaxPayload)
	}
	values, warnings, err := ble.Decode(in.Bytes, a.kind)
	if failed, ok := errors.AsType[*ble.Error](err); ok {
		kind := Unknown
		if failed.Truncated {
			kind = Truncated
		}
		return Decoded{}, codecError(kind, "%s", failed.Text)
	}
	return Decoded{Data: values, Warnings: warnings}, nil
}
