package codecworker

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// hello is what a worker writes first. Its last byte is the version of the
// protocol.
const hello = "mayfly codec worker\x04"

// maxFrame bounds an answer. It becomes values in the parent, which take some twenty times
// its size, so it is held to what four messages of IoT Hub could carry.
const maxFrame = 1 << 20

// maxRequest is what a request may have: the input of an expression may be a whole body.
const maxRequest = maxInput + 64<<10

const headerBytes = 4

var errFrame = errors.New("not a frame")

// sealFrame fills in the header of a frame that was made behind headerBytes of
// room.
func sealFrame(frame []byte) []byte {
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-headerBytes))
	return frame
}

// readFrame reads the content of the next frame, into buf where that has the
// room. The error is io.EOF where there is no further frame.
func readFrame(r *bufio.Reader, buf []byte, limit int) ([]byte, error) {
	var header [headerBytes]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, err
	}
	size := int(binary.BigEndian.Uint32(header[:]))
	if size == 0 || size > limit {
		return nil, fmt.Errorf("%w: %d bytes, want 1 to %d", errFrame, size, limit)
	}
	if cap(buf) < size {
		buf = make([]byte, size)
	}
	buf = buf[:size]
	if _, err := io.ReadFull(r, buf); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return buf, nil
}
