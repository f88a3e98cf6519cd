package transform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/itchyny/gojq"
)

// mostMapping bounds the expressions of one request in time.
const mostMapping = 250 * time.Millisecond

// expression is one compiled jq text of a source.
type expression struct {
	field, text string
	code        *gojq.Code
}

// newExpression compiles a jq text; an empty one gives nil. It sees no
// environment, no files and no modules.
func newExpression(field, text string) (*expression, error) {
	if text == "" {
		return nil, nil
	}
	query, err := gojq.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %q: %w", field, text, err)
	}
	code, err := gojq.Compile(query, append(functions(helpers()),
		gojq.WithVariables([]string{"$request"}),
		gojq.WithEnvironLoader(func() []string { return nil }))...)
	if err != nil {
		return nil, fmt.Errorf("%s: %q: %w", field, text, err)
	}
	return &expression{field, text, code}, nil
}

// wrong makes the error of an expression whose result will not do.
func (e *expression) wrong(hint string, value any) *Error {
	if e == nil {
		return &Error{Kind: Invalid, Detail: hint}
	}
	return invalid(FieldError{Path: e.field, Rule: "mapping", Hint: hint + e.gave(value)})
}

// gave shows an expression with what it gave.
func (e *expression) gave(value any) string {
	return fmt.Sprintf(" (%s gave %s)", e.text, gojq.Preview(value))
}

// run evaluates the expressions of a source for one request.
type run struct {
	ctx     context.Context
	request map[string]any
}

// all gives every value of an expression; a missing one gives its input.
func (r *run) all(e *expression, input any) ([]any, error) {
	if e == nil {
		return []any{input}, nil
	}
	var values []any
	iter := e.code.RunWithContext(r.ctx, input, r.request)
	for {
		value, ok := iter.Next()
		if !ok {
			return values, nil
		}
		if err, failed := value.(error); failed {
			return nil, e.failed(err)
		}
		if values = append(values, value); len(values) > mostMessages {
			return nil, e.wrong("gives too many values", nil)
		}
	}
}

// failed turns an error of jq into ours.
func (e *expression) failed(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return invalid(FieldError{Path: e.field, Rule: "mapping", Hint: fmt.Sprintf("takes longer than %s (%s)", mostMapping, e.text)})
	}
	return invalid(FieldError{Path: e.field, Rule: "mapping", Hint: fmt.Sprintf("%v (in %s)", err, e.text)})
}

// one gives the only value of an expression; none, or no expression, is null.
func (r *run) one(e *expression, input any) (any, error) {
	if e == nil {
		return nil, nil
	}
	values, err := r.all(e, input)
	switch {
	case err != nil || len(values) == 0:
		return nil, err
	case len(values) > 1:
		return nil, e.wrong(fmt.Sprintf("gives %d values, one is wanted", len(values)), values[1])
	}
	return values[0], nil
}

// truth gives whether an expression holds.
func (r *run) truth(e *expression, input any) (bool, error) {
	value, err := r.one(e, input)
	return value != nil && value != false, err
}

// text gives a scalar as text; null is empty.
func (r *run) text(e *expression, input any) (string, error) {
	value, err := r.one(e, input)
	if err != nil {
		return "", err
	}
	switch value := value.(type) {
	case nil:
		return "", nil
	case string:
		return value, nil
	case bool, int, float64, *big.Int, json.Number:
		text, err := marshal(value)
		return string(text), err
	}
	return "", e.wrong("must give a string, a number or a boolean, not "+typeName(value), value)
}

// time gives a point in time; null is the zero time.
func (r *run) time(e *expression, input any) (time.Time, error) {
	text, err := r.text(e, input)
	if err != nil || text == "" {
		return time.Time{}, err
	}
	at, err := parseTime(text)
	if err != nil {
		return time.Time{}, e.wrong(err.Error(), text)
	}
	return at, nil
}

func typeName(value any) string { return "a value of type " + gojq.TypeOf(value) }
