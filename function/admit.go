package function

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"mayfly/internal/zstd"
)

// readBody reads a body whole, decompressed, within the limit. What is over the
// limit is not read to its end.
func (s *Service) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limit := s.config.BodyLimit
	tooLarge := &refusal{code: codeBodyTooLarge, detail: "the body is larger than " + byteCount(limit)}
	if r.ContentLength > limit {
		return nil, tooLarge
	}
	counted := &countedReader{r: http.MaxBytesReader(w, r.Body, limit), load: &s.load}
	defer counted.done()
	encodings := contentEncodings(r.Header)
	if len(encodings) > 2 {
		return nil, &refusal{code: codeUnsupportedMedia, detail: "the body is compressed more than twice"}
	}
	body := io.Reader(counted)
	for _, encoding := range slices.Backward(encodings) {
		decoder, err := decompress(body, encoding)
		if err != nil {
			return nil, err
		}
		defer func() { _ = decoder.Close() }()
		body = decoder
	}
	text, err := readAll(io.LimitReader(body, limit+1), r.ContentLength)
	var over *http.MaxBytesError
	switch {
	case counted.busy:
		return nil, errBusy
	case errors.As(err, &over), int64(len(text)) > limit:
		return nil, tooLarge
	case err != nil && len(encodings) > 0:
		return nil, &refusal{code: codeMalformedBody, detail: "the body is not what its Content-Encoding says: " + err.Error()}
	case err != nil:
		return nil, &refusal{code: codeMalformedBody, detail: "the body ended before its time: " + err.Error()}
	}
	return text, nil
}

// mostBodyBytes bounds the bodies that are coming in at one time, all together:
// senders that are slow are many, and each holds what it has sent.
const mostBodyBytes = 128 << 20

// countedReader counts what is read of a body while it is not done.
type countedReader struct {
	r    io.Reader
	load *load
	n    int64
	busy bool
}

func (c *countedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if c.load.bytes.Add(int64(n)) > c.load.mostBytes {
		c.busy = true
		return n, errBusy
	}
	return n, err
}

func (c *countedReader) done() { c.load.bytes.Add(-c.n) }

// readAll reads a body whose length may be known. Room is made for what has come,
// not for what is announced: a sender that is slow must not hold it empty.
func readAll(r io.Reader, length int64) ([]byte, error) {
	buf := bytes.NewBuffer(make([]byte, 0, min(max(length, 0), 4<<10)+bytes.MinRead))
	_, err := buf.ReadFrom(r)
	return buf.Bytes(), err
}

func contentEncodings(h http.Header) []string {
	var list []string
	for _, value := range h.Values("Content-Encoding") {
		for name := range strings.SplitSeq(value, ",") {
			// Microsoft's own examples send "utf-8", which is no content coding.
			switch name = strings.ToLower(strings.TrimSpace(name)); name {
			case "", "identity", "utf-8":
			default:
				list = append(list, name)
			}
		}
	}
	return list
}

func decompress(r io.Reader, encoding string) (io.ReadCloser, error) {
	broken := func(err error) error {
		return &refusal{code: codeMalformedBody, detail: "the body is not " + encoding + ": " + err.Error()}
	}
	switch encoding {
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, broken(err)
		}
		return z, nil
	case "deflate":
		// RFC 9110 means the zlib format; many senders mean bare deflate.
		head := make([]byte, 2)
		n, err := io.ReadFull(r, head)
		if err != nil {
			return nil, broken(io.ErrUnexpectedEOF)
		}
		r = io.MultiReader(bytes.NewReader(head[:n]), r)
		if head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
			z, err := zlib.NewReader(r)
			if err != nil {
				return nil, broken(err)
			}
			return z, nil
		}
		return flate.NewReader(r), nil
	case "zstd":
		return io.NopCloser(zstd.NewReader(r)), nil
	default:
		return nil, &refusal{code: codeUnsupportedMedia, detail: "Content-Encoding " + quote(encoding) + " is not read; send gzip, deflate, zstd or none"}
	}
}
