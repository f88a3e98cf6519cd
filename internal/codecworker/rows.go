package codecworker

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// Tables stay in the parent: a worker whose expression calls row asks for that row, over the pipes that its questions
// and answers go through anyway, and waits for it. The time of the expression goes on meanwhile.

// rows is [mapping.Tables] in a worker.
type rows struct {
	in  *bufio.Reader
	out io.Writer

	frame []byte
	buf   bytes.Buffer
}

var _ mapping.Tables = (*rows)(nil)

// Check implements [mapping.Tables]. The parent has checked the name.
func (*rows) Check(string) string { return "" }

// Row implements [mapping.Tables].
func (w *rows) Row(table string, key any) (any, error) {
	asks, err := appendValue(nil, []any{table, key}, maxFrame/2, 0)
	if err != nil {
		return nil, err
	}
	content, err := appendFrame(&w.buf, &answer{Asks: asks})
	if err == nil {
		_, err = w.out.Write(content)
	}
	if err == nil {
		w.frame, err = readFrame(w.in, w.frame, maxRequest)
	}
	var r request
	if err == nil {
		err = decodeFrame(w.frame, &r)
	}
	switch {
	case err != nil:
		return nil, err
	case r.Op != opRow:
		return nil, errFrame
	case r.Busy:
		return nil, &message.Error{Kind: message.Busy, Detail: r.Wrong}
	case r.Wrong != "":
		return nil, errors.New(r.Wrong)
	}
	values, err := readValues(r.Input)
	if err != nil || len(values) != 1 {
		return nil, errValue
	}
	return values[0], nil
}

// read reads the answer of a worker, and gives it the rows that it asks for before.
func (p *process) read(a *answer) error {
	for {
		var err error
		if p.content, err = readFrame(p.reader, p.content, maxFrame); err != nil {
			return err
		}
		*a = answer{}
		if err := decodeFrame(p.content, a); err != nil || a.Asks == nil {
			return err
		}
		frame, err := appendFrame(&p.frame, p.row(a.Asks))
		if err == nil {
			_, err = p.in.Write(frame)
		}
		if err != nil {
			return err
		}
	}
}

// row answers what a worker asks for.
func (p *process) row(asks []byte) *request {
	r := &request{Op: opRow}
	values, err := readValues(asks)
	if err != nil || len(values) != 2 || p.tables == nil {
		r.Wrong = "there are no tables"
		return r
	}
	name, _ := values[0].(string)
	if r.Wrong = p.tables.Check(name); r.Wrong != "" {
		return r
	}
	row, err := p.tables.Row(name, values[1])
	if err == nil {
		r.Input, err = appendValue(nil, []any{row}, maxFrame, 0)
	}
	if err != nil {
		r.Wrong, r.Busy = err.Error(), message.Is(err, message.Busy)
	}
	return r
}
