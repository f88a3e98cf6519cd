package function

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
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
	if err := checkEncodings(encodings); err != nil {
		return nil, err
	}
	body, err := readAll(counted, r.ContentLength)
	var over *http.MaxBytesError
	switch {
	case counted.busy:
		return nil, errBusy
	case errors.As(err, &over):
		return nil, tooLarge
	case err != nil:
		return nil, &refusal{code: codeMalformedBody, detail: "the body ended before its time: " + err.Error()}
	}
	// Each layer is bounded: a small one may hold a large one that holds nothing.
	for _, encoding := range slices.Backward(encodings) {
		body, err = s.decompress(body, encoding)
		switch {
		case errors.Is(err, errLarge):
			return nil, tooLarge
		case err != nil:
			return nil, &refusal{code: codeMalformedBody, detail: "the body is not " + encoding + ": " + err.Error()}
		}
	}
	return body, nil
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
