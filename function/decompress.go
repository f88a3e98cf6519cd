package function

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/klauspost/compress/zstd"

	"mayfly/function/internal/problem"
	"mayfly/transform/message"
)

// maxEncodings is how many times a body may be compressed, one on top of another.
const maxEncodings = 2

// maxZstdWindow is the largest window that RFC 9659 lets a sender of HTTP use.
const maxZstdWindow = 8 << 20

// errLarge means that a body is over the limit once it is decompressed.
var errLarge = errors.New("the decompressed body is over the limit")

// contentEncodings lists the content codings of a body in the order they were applied.
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

// checkEncodings refuses what decompress could not read, before the body is read.
func checkEncodings(encodings []string) error {
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

// decompress undoes one content coding of a body that has arrived whole: a sender
// that is slow must not hold a decoder and its window. It returns errLarge when
// the result is over the limit.
func (s *Service) decompress(body []byte, encoding string) ([]byte, error) {
	var r io.Reader
	var err error
	switch encoding {
	case "zstd":
		return s.unzstd(body)
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
	text, err := readAll(io.LimitReader(r, s.config.BodyLimit+1), int64(len(body)))
	if int64(len(text)) > s.config.BodyLimit {
		return nil, errLarge
	}
	return text, err
}

func (s *Service) unzstd(body []byte) ([]byte, error) {
	decoder, err := s.zstd()
	if err != nil {
		return nil, err
	}
	text, err := decoder.DecodeAll(body, nil)
	switch {
	case errors.Is(err, zstd.ErrDecoderSizeExceeded), int64(len(text)) > s.config.BodyLimit:
		return nil, errLarge
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return nil, errors.New("the window of a frame is larger than 8 MiB, the most that RFC 9659 allows")
	}
	return text, err
}

// newZstd returns a decoder for bodies of up to limit bytes. It starts no goroutine,
// and decodes one body at a time, so that bodies which would grow large never take
// more memory than one of them.
func newZstd(limit int64) (*zstd.Decoder, error) {
	memory := uint64(max(limit, maxZstdWindow)) // it bounds the window as well
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderMaxMemory(memory), zstd.WithDecoderMaxWindow(memory))
}
