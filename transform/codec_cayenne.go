package transform

import "context"

type cayenne struct{}

func (cayenne) Decode(context.Context, Uplink) (Decoded, error) { return Decoded{}, nil }
