package transform

import (
	"strings"
	"sync"

	"mayfly/transform/datetime"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// required is what a source that changes another one writes for its timestamp: it takes
// the other's expression, and refuses messages without a time.
const required = "required"

// requireTime takes the word for what it says.
func (d *Definition) requireTime() {
	if strings.TrimSpace(d.Timestamp.Text) == required {
		d.Timestamp, d.TimestampRequired = mapping.Expr{}, true
	}
}

// rawTimes compiles the expression of the time so that it gives what it does not read,
// when that is first asked for.
func rawTimes(l *mapping.Language, d *Definition, vars []string) func() *mapping.Expression {
	return sync.OnceValue(func() *mapping.Expression {
		e, err := l.CompileRaw("timestamp", d.Timestamp, vars)
		if err != nil {
			return nil // it compiles as it is
		}
		return e
	})
}

// untimed is for a message whose source tells no time: it is refused where the source
// requires one, and a time that is there and cannot be read is noted.
func (s *Source) untimed(j *job, part any) error {
	shape := ""
	if s.of.timestamp != nil {
		observe := j.Observe
		j.Observe = nil
		values, err := j.All(s.rawTime(), part)
		j.Observe = observe
		for _, value := range values {
			if shape == "" && err == nil {
				shape = datetime.Shape(value)
			}
		}
	}
	const unread = "there is a time that utc does not read, of the form "
	switch {
	case s.TimestampRequired && shape == "":
		return message.InvalidFields(message.FieldError{Path: "timestamp", Rule: "required",
			Hint: "is missing: the source requires a time"})
	case s.TimestampRequired:
		return message.InvalidFields(message.FieldError{Path: "timestamp", Rule: "timestamp",
			Hint: unread + shape + "; want another one, or a pattern: utc(\"day-first\")"})
	case shape != "":
		j.note(NoteTime, "timestamp: "+unread+shape+"; the message has that of its arrival")
	}
	return nil
}
