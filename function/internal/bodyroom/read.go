package bodyroom

import (
	"bytes"
	"io"
)

// ReadAll reads a body whose length may be known; else it is negative. Room is made for what
// has come, not for what is announced: a sender that is slow must not hold it empty. The error
// is ErrFull where there is no more of it.
func (b *Body) ReadAll(r io.Reader, length int64) ([]byte, error) {
	buf := bytes.NewBuffer(make([]byte, 0, min(max(length, 0), 4<<10)+bytes.MinRead))
	_, err := buf.ReadFrom(b.Reader(r))
	return buf.Bytes(), err
}

// Reader gives a reader that takes room for what is read of a body.
func (b *Body) Reader(r io.Reader) io.Reader { return &countedReader{r: r, body: b} }

// countedReader takes room for what is read of a body.
type countedReader struct {
	r    io.Reader
	body *Body
}

func (c *countedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if full := c.body.Grow(n); full != nil {
		return n, full
	}
	return n, err
}
