package decompress

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"mayfly/function/internal/problem"
	"mayfly/function/internal/workroom"
	"mayfly/transform/message"
)

// maxEncodings is how many times a body may be compressed, one on top of another.
const maxEncodings = 2

// maxZstdWindow is the largest window that RFC 9659 lets a sender of HTTP use.
const maxZstdWindow = 8 << 20

// ErrTooLarge means that a body is over the limit once it is decompressed.
var ErrTooLarge = errors.New("the decompressed body is over the limit")

// Encodings lists the content codings of a body in the order they were applied.
func Encodings(h http.Header) []string {
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

// Check refuses what Decompress could not read, before the body is read.
func Check(encodings []string) error {
	if len(encodings) > maxEncodings {
		return &problem.Error{Code: problem.UnsupportedMedia, Detail: "the body is compressed more than twice"}
	}
	for _, encoding := range encodings {
		switch encoding {
		case "gzip", "x-gzip", "deflate", "zstd":
		default:
			return &problem.Error{
				Code: problem.UnsupportedMedia,
				Detail: "Content-Encoding " + message.Quote(encoding) +
					" is not read; send gzip, deflate, zstd or none",
			}
		}
	}
	return nil
}

// Decompressor undoes content codings, on a few bodies at a time: each holds a decoder
// with its window.
type Decompressor struct {
	limit int64              // of a body, in bytes
	turns chan struct{}      // as many as may decompress at a time
	zstd  chan *zstd.Decoder // the one for zstd, which may have a window of 8 MiB; nil until it is made
}

// New makes a Decompressor of bodies of up to limit bytes, of which atOnce decompress at a
// time.
func New(limit int64, atOnce int) *Decompressor {
	d := &Decompressor{limit: limit, turns: make(chan struct{}, atOnce), zstd: make(chan *zstd.Decoder, 1)}
	d.zstd <- nil
	return d
}

// Decompress undoes one content coding of a body that has arrived whole: a sender
// that is slow must not hold a decoder. What the result takes is on the lease. It
// returns ErrTooLarge when the result is over the limit, and the errors of the lease.
func (d *Decompressor) Decompress(ctx context.Context, body []byte, encoding string, lease *workroom.Lease) (
	[]byte, error,
) {
	select {
	case d.turns <- struct{}{}:
		defer func() { <-d.turns }()
	case <-ctx.Done():
		return nil, workroom.ErrFull
	}
	var r io.Reader
	var err error
	switch encoding {
	case "zstd":
		return d.unzstd(ctx, body, lease)
	case "deflate":
		// RFC 9110 means the zlib format; many senders mean bare deflate.
		if len(body) >= 2 && body[0]&0x0f == 8 && (uint(body[0])<<8|uint(body[1]))%31 == 0 {
			r, err = zlib.NewReader(bytes.NewReader(body))
		} else {
			r = flate.NewReader(bytes.NewReader(body))
		}
	default:
		r, err = gzip.NewReader(bytes.NewReader(body))
	}
	if err != nil {
		return nil, err
	}
	return d.inflate(r, len(body), lease)
}

// inflate reads a decompressed body into a buffer that grows as it needs.
func (d *Decompressor) inflate(r io.Reader, size int, lease *workroom.Lease) ([]byte, error) {
	var text []byte
	for room := d.firstSize(size); ; room = min(4*room, d.limit+1) {
		if err := lease.Take(room); err != nil {
			return nil, err
		}
		had := int64(cap(text))
		text = append(make([]byte, 0, room), text...)
		lease.Give(had)
		for int64(len(text)) < room {
			n, err := r.Read(text[len(text):room])
			if text = text[:len(text)+n]; err == io.EOF {
				return text, nil
			} else if err != nil {
				return nil, err
			}
		}
		if room > d.limit {
			return nil, ErrTooLarge
		}
	}
}

// firstSize is what room is made for first, in bytes: few bodies are compressed to less
// than a sixth.
func (d *Decompressor) firstSize(compressed int) int64 {
	return min(6*int64(compressed)+bytes.MinRead, d.limit+1)
}

func (d *Decompressor) unzstd(ctx context.Context, body []byte, lease *workroom.Lease) ([]byte, error) {
	var header zstd.Header
	if err := header.Decode(body); err == nil && header.HasFCS &&
		header.FrameContentSize > uint64(max(d.limit, maxZstdWindow)) {
		return nil, ErrTooLarge
	}
	var decoder *zstd.Decoder
	select {
	case decoder = <-d.zstd:
	case <-ctx.Done():
		return nil, workroom.ErrFull
	}
	defer func() { d.zstd <- decoder }()
	if decoder == nil {
		var err error
		if decoder, err = newZstd(); err != nil {
			return nil, err
		}
	}
	err := decoder.Reset(bytes.NewReader(body))
	var text []byte
	if err == nil {
		text, err = d.inflate(decoder, len(body), lease)
	}
	if header.WindowSize > maxKeptWindow {
		decoder = nil
	} else {
		_ = decoder.Reset(nil) // it lets go of the body; nil is always taken
	}
	if errors.Is(err, zstd.ErrWindowSizeExceeded) {
		err = errors.New("the window of a frame is larger than 8 MiB, the most that RFC 9659 allows")
	}
	return text, err
}

// maxKeptWindow is the window that the decoder keeps between two bodies.
const maxKeptWindow = 1 << 20

// newZstd returns a decoder that starts no goroutine. Its buffer has the size of the
// window, whatever the body becomes.
func newZstd() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecodeBuffersBelow(0), zstd.WithDecoderMaxWindow(maxZstdWindow))
}

// All undoes the content codings that a header names, for people who look at a body. The result has at most limit
// bytes.
func All(ctx context.Context, header http.Header, body []byte, limit int64) ([]byte, error) {
	encodings := Encodings(header)
	err := Check(encodings)
	lease := workroom.New(16*limit, limit).Open(true)
	defer lease.Close()
	for _, encoding := range slices.Backward(encodings) {
		if err == nil {
			body, err = New(limit, 1).Decompress(ctx, body, encoding, lease)
		}
	}
	return body, err
}
