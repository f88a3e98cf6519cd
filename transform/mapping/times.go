package mapping

import (
	"errors"
	"fmt"
	"time"

	"mayfly/transform/datetime"
	"mayfly/transform/message"

	"github.com/itchyny/gojq"
)

// utcOf gives a time as RFC 3339 in UTC; null for what is not a time. how is a unit, a
// pattern, or empty.
func utcOf(in any, how string, zone message.Zone) (any, error) {
	t, ok, err := timeOf(in, how, zone)
	if !ok {
		return nil, err
	}
	return message.FormatTime(t), nil
}

// epochOf gives a time as seconds since 1970; null for what is not a time.
func epochOf(in any, zone message.Zone) (any, error) {
	switch in.(type) {
	case nil, map[string]any:
	default:
		if _, ok := timeText(in); !ok {
			return nil, fmt.Errorf("cannot be applied to %s", message.TypeName(in))
		}
	}
	t, ok, err := timeOf(in, "", zone)
	if !ok {
		return nil, err
	}
	return float64(t.UnixNano()) / 1e9, nil
}

// timeOf reads a time; ok is false where there is none.
func timeOf(in any, how string, zone message.Zone) (t time.Time, ok bool, err error) {
	if object, ok := in.(map[string]any); ok {
		t, err := datetime.Object(object, zone)
		return readable(t, err)
	}
	text, ok := timeText(in)
	if !ok {
		return t, false, nil
	}
	switch how {
	case "", "s", "ms", "us", "ns":
		t, err := time.Time{}, message.ErrTime
		if how != "" {
			t, err = message.ParseEpoch(text, how)
		}
		if err != nil {
			t, err = message.ParseTime(text, zone)
		}
		return readable(t, err)
	}
	pattern, err := datetime.ParsePattern(how)
	if err != nil {
		return t, false, err
	}
	t, err = pattern.Read(text, zone)
	return readable(t, err)
}

// readable passes the error of a time that has to have a zone. What is not a time is none.
func readable(t time.Time, err error) (time.Time, bool, error) {
	if errors.Is(err, message.ErrNoZone) {
		return t, false, err
	}
	return t, err == nil, nil
}

// rawTime is the name of the function that takes the place of utc in [Language.CompileRaw].
const rawTime = "_raw_time"

func itself(in any, _ []any) (any, error) { return in, nil }

// CompileRaw compiles an expression that makes a time so that it gives what utc is applied
// to. It is for an expression that gave null: was there a time that it could not read?
func (l *Language) CompileRaw(field string, e Expr, vars []string) (*Expression, error) {
	out, fault := l.compile(field, e, vars, func(q *gojq.Query) bool { return rename(q, "utc", rawTime) })
	if fault != nil {
		return nil, fmt.Errorf("%s: %w", field, fault)
	}
	return out, nil
}
