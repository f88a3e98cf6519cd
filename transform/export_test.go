package transform

// Decode is decode, for tests: format is what a source would say.
func Decode(r *Request, format Format, csv CSV) (any, error) {
	return decodeAs(r, reading{format: format, csv: csv})
}
