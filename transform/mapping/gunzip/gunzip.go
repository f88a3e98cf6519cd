package gunzip

import (
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"strings"
)

// Max bounds what comes out, in bytes.
const Max = 1 << 20

// Bytes decompresses gzip (RFC 1952) or zlib (RFC 1950), whichever the first bytes say.
func Bytes(compressed string) (any, error) {
	var r io.Reader
	var err error
	switch {
	case strings.HasPrefix(compressed, "\x1f\x8b"):
		r, err = gzip.NewReader(strings.NewReader(compressed))
	case len(compressed) >= 2 && compressed[0]&15 == 8 && (int(compressed[0])<<8|int(compressed[1]))%31 == 0:
		r, err = zlib.NewReader(strings.NewReader(compressed))
	default:
		err = errors.New("the bytes are neither gzip nor zlib: does base64 come first, as in unb64 | gunzip?")
	}
	if err != nil {
		return nil, err
	}
	var out strings.Builder
	n, err := io.Copy(&out, io.LimitReader(r, Max+1))
	switch {
	case n > Max:
		return nil, errors.New("the bytes are more than 1 MiB when decompressed")
	case err != nil:
		return nil, errors.New("the compressed bytes are cut off or damaged: " + err.Error())
	}
	return out.String(), nil
}
