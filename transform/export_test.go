package transform

// Decode is decode, for tests: format is what a source would say.
func Decode(r *Request, format Format, csv CSV) (any, error) {
	return decodeAs(r, reading{format: format, csv: csv})
}

// NativeFast and NativeSlow are the two ways of Native, for tests.
func NativeFast(body []byte) (Message, bool) { return nativeOne(&Request{Body: body}) }

// NativeSlow reads with encoding/json and the validator alone.
func (t *Transformer) NativeSlow(body []byte) ([]Message, error) {
	items, err := jsonValues(&Request{Body: body})
	if err != nil {
		return nil, err
	}
	var messages []Message
	for i, item := range items {
		message, fields := t.nativeSlow(item, element(i, len(items)))
		if len(fields) > 0 {
			return nil, invalid(fields...)
		}
		messages = append(messages, message)
	}
	return messages, nil
}
