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
	"sync/atomic"

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
	pot := &s.load.bodies
	if s.config.Auth == AuthKeys && about(r.Context()).caller == nil {
		pot = &s.load.strangers
	}
	counted := &countedReader{r: http.MaxBytesReader(w, r.Body, limit), pot: pot}
	defer counted.done()
	encodings := contentEncodings(r.Header)
	if len(encodings) > 2 {
		return nil, &refusal{code: codeUnsupportedMedia, detail: "the body is compressed more than twice"}
	}
	body := io.Reader(counted)
	var layers []*io.LimitedReader // a small layer may hold a large one that holds nothing
	for _, encoding := range slices.Backward(encodings) {
		decoder, err := decompress(body, encoding)
		if err != nil {
			return nil, err
		}
		defer func() { _ = decoder.Close() }()
		layer := &io.LimitedReader{R: decoder, N: limit + 1}
		layers = append(layers, layer)
		body = layer
	}
	text, err := readAll(body, r.ContentLength)
	var over *http.MaxBytesError
	switch {
	case counted.busy:
		return nil, errBusy
	case errors.As(err, &over), slices.ContainsFunc(layers, func(l *io.LimitedReader) bool { return l.N <= 0 }):
		return nil, tooLarge
	case err != nil && len(encodings) > 0:
		return nil, &refusal{code: codeMalformedBody, detail: "the body is not what its Content-Encoding says: " + err.Error()}
	case err != nil:
		return nil, &refusal{code: codeMalformedBody, detail: "the body ended before its time: " + err.Error()}
	}
	return text, nil
}

// What bounds the bodies that are coming in at one time, all together: senders that
// are slow are many, and each holds what it has sent. Who has not shown who it is,
// because a signature over the body will, has a share of its own: strangers must not
// shut callers out.
const (
	mostBodyBytes     = 128 << 20
	mostStrangerBytes = 16 << 20
)

// pot is bytes that are held, up to a bound.
type pot struct {
	held atomic.Int64
	most int64
}

// countedReader counts what is read of a body while it is not done.
type countedReader struct {
	r    io.Reader
	pot  *pot
	n    int64
	busy bool
}

func (c *countedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if c.pot.held.Add(int64(n)) > c.pot.most {
		c.busy = true
		return n, errBusy
	}
	return n, err
}

func (c *countedReader) done() { c.pot.held.Add(-c.n) }

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
