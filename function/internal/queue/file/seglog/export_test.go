package seglog

// FutureHeader is the header of a segment of a format that is not known yet.
func FutureHeader() []byte { return header{version: Version + 1, salt: 1, first: 1}.encode() }

// HeaderSize is where the records of a segment begin.
const HeaderSize = headerSize
