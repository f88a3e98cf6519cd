package transform

import (
	"cmp"
	"slices"

	"mayfly/transform/media/lines"
	"mayfly/transform/message"
)

// Refused is a part of a body that makes no message, though another one does.
type Refused struct {
	Part int // of the body, counted from 0; of a line that cannot be read, the part that follows it
	Line int // of the body, counted from 1, where that line cannot be read; else 0
	Err  *message.Error
}

// refuse adds a part that is wrong.
func (o *Outcome) refuse(part int, fields []message.FieldError) {
	o.Refused = append(o.Refused, Refused{Part: part, Err: message.InvalidFields(fields...)})
}

// finish adds the lines that could not be read, and gives an error where nothing came
// out but what is wrong.
func (o *Outcome) finish(bad []lines.Bad) error {
	for _, line := range bad {
		o.Refused = append(o.Refused, Refused{Part: line.Before, Line: line.Line, Err: line.Err})
	}
	slices.SortStableFunc(o.Refused, func(a, b Refused) int {
		if a.Part == b.Part && (a.Line == 0 || b.Line == 0) {
			return b.Line - a.Line // the line stands before the part
		}
		return cmp.Or(a.Part-b.Part, a.Line-b.Line)
	})
	if len(o.Messages) > 0 || len(o.Refused) == 0 {
		return nil
	}
	return o.refusal()
}

// refusal is the error of all that is wrong.
func (o *Outcome) refusal() error {
	first := o.Refused[0].Err
	if first.Kind != message.Invalid {
		return first
	}
	var fields []message.FieldError
	for _, r := range o.Refused {
		fields = append(fields, r.Err.Fields...)
	}
	return message.InvalidFields(sameForeign(fields, len(o.Messages)+len(o.Refused)+o.Ignored)...)
}

// strict makes an error of an outcome with anything wrong in it.
func strict(o Outcome, err error) (Outcome, error) {
	if err == nil && len(o.Refused) > 0 {
		err = o.refusal()
	}
	if err != nil {
		return Outcome{}, err
	}
	return o, nil
}
