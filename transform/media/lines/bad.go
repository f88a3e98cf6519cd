package lines

import (
	"errors"

	"mayfly/transform/message"
)

// Bad is a line that cannot be read of a body whose other lines can.
type Bad struct {
	Line   int            // counted from 1
	Before int            // how many values of the body stand before it
	Err    *message.Error // Malformed; it names the line
}

// Collector leaves out the lines that cannot be read, if it may. A nil one may not.
type Collector struct {
	// SkipLines leaves out the lines of NDJSON, CSV and InfluxDB bodies that cannot be read,
	// as long as another one can; otherwise the first is the error.
	SkipLines bool
	// Bad are the lines that were left out, in their order.
	Bad []Bad
	// Note, where it is set, is told of each value that is left out.
	Note func(text string)
}

func (c *Collector) note(text string) {
	if c != nil && c.Note != nil {
		c.Note(text)
	}
}

// Skips tells whether lines that cannot be read are left out.
func (c *Collector) Skips() bool { return c != nil && c.SkipLines }

// Skip takes note of a line that cannot be read. Where lines are not left out, it gives
// the error back, which ends the reading.
func (c *Collector) Skip(line, before int, err *message.Error) error {
	if !c.Skips() {
		return err
	}
	err.Detail = message.Shorten(err.Detail)
	c.Bad = append(c.Bad, Bad{line, before, err})
	return nil
}

// Count counts the lines that could not be read.
func (c *Collector) Count() int {
	if c == nil {
		return 0
	}
	return len(c.Bad)
}

// Worthless gives the error of a body without a line that can be read; nil where there
// is a value, or no bad line either.
func (c *Collector) Worthless(values int) error {
	if values > 0 || c.Count() == 0 {
		return nil
	}
	err := c.Bad[0].Err
	c.Bad = nil
	return err
}

// isBound tells whether an error is of a bound, which ends the reading, and not of a line.
func isBound(err error) bool {
	own, ok := errors.AsType[*message.Error](err)
	return ok && own.Kind != message.Malformed
}
