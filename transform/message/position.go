package message

import (
	"bytes"
	"fmt"
)

// Position names a place in a body as line, column (in bytes) and offset, as
// editors count.
func Position(body []byte, offset int64) string {
	before := body[:min(offset, int64(len(body)))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - (bytes.LastIndexByte(before, '\n') + 1) + 1
	return fmt.Sprintf("line %d, column %d (offset %d)", line, column, offset)
}
