package transform

func newSigfox(string) (Codec, error) { return cayenne{}, nil }
