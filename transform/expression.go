package transform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/itchyny/gojq"
)

// mostMapping bounds the expressions of one request in time.
const mostMapping = 250 * time.Millisecond

// expression is one compiled jq text of a source.
type expression struct {
	field, text string
	plan        *plan      // nil where gojq has to do it
	code        *gojq.Code // what the plan does not cover, and whatever fails
	vars        int        // how many variables it is given
}

// language compiles expressions.
type language struct {
	options []gojq.CompilerOption
	natives map[string]helperFunc // name/arity: what plans call
}

func newLanguage() *language {
	list := helpers()
	l := &language{options: append(functions(list), gojq.WithEnvironLoader(func() []string { return nil })), natives: natives()}
	for _, h := range list {
		l.natives[fmt.Sprintf("%s/%d", h.name, h.args)] = h.call
	}
	return l
}

// refused are functions of jq that reach out of a mapping: to the clock, the
// environment, the input, the terminal. A mapping is the same every time.
func refused() map[string]string {
	return map[string]string{
		"now": "a mapping has no clock", "localtime": "a mapping knows no time zone", "strflocaltime": "a mapping knows no time zone",
		"input": "a mapping has one input, .", "inputs": "a mapping has one input, .", "input_filename": "a mapping has one input, .",
		"input_line_number": "a mapping has one input, .", "debug": "a mapping has no terminal; mayfly try shows every step", "stderr": "a mapping has no terminal",
		"env": "a mapping sees no environment", "$ENV": "a mapping sees no environment", "halt": "a mapping cannot end the program",
		"halt_error": "a mapping cannot end the program", "get_search_list": "a mapping has no modules", "modulemeta": "a mapping has no modules",
		"$__prog_args": "a mapping sees no command line",
	}
}

// compile makes an expression; an empty one gives nil. It sees no environment,
// no files and no modules. vars are the variables beside $request.
func (l *language) compile(field string, e Expr, vars []string) (*expression, *Fault) {
	if e.Text == "" {
		return nil, nil
	}
	query, err := gojq.Parse(e.Text)
	if err != nil {
		return nil, syntaxFault(field, e, err)
	}
	if len(query.Imports) > 0 || query.Meta != nil {
		return nil, faultAt(field, e, 0, "a mapping has no modules")
	}
	refused := refused()
	var forbidden []string
	walk(reflect.ValueOf(query), func(f *gojq.Func) {
		if why, ok := refused[f.Name]; ok {
			forbidden = append(forbidden, f.Name+" is not there: "+why)
		}
	})
	if len(forbidden) > 0 {
		name, _, _ := strings.Cut(forbidden[0], " ")
		return nil, faultAt(field, e, max(strings.Index(e.Text, name), 0), strings.Join(forbidden, "; "))
	}
	names := append([]string{"$request"}, vars...)
	code, err := gojq.Compile(query, append([]gojq.CompilerOption{gojq.WithVariables(names)}, l.options...)...)
	if err != nil {
		return nil, compileFault(field, e, err)
	}
	p := &planner{helpers: l.natives, names: append([]string(nil), names...), slots: len(names)}
	return &expression{field, e.Text, p.plan(query), code, len(names)}, nil
}

// walk visits every function call of a query.
func walk(v reflect.Value, visit func(*gojq.Func)) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		if f, ok := reflect.TypeAssert[*gojq.Func](v); ok {
			visit(f)
		}
		walk(v.Elem(), visit)
	case reflect.Struct:
		for i := range v.NumField() {
			walk(v.Field(i), visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), visit)
		}
	default:
	}
}

func syntaxFault(field string, e Expr, err error) *Fault {
	offset := 0
	if parse, ok := errors.AsType[*gojq.ParseError](err); ok {
		offset = parse.Offset - len(parse.Token)
	}
	return faultAt(field, e, offset, err.Error())
}

// compileFault places an error that names a function or a variable.
func compileFault(field string, e Expr, err error) *Fault {
	offset := 0
	if _, name, ok := strings.Cut(err.Error(), "not defined: "); ok {
		name, _, _ = strings.Cut(name, "/")
		offset = max(strings.Index(e.Text, name), 0)
	}
	return faultAt(field, e, offset, err.Error())
}

// faultAt makes the fault of an expression at an offset of its text.
func faultAt(field string, e Expr, offset int, problem string) *Fault {
	offset = min(max(offset, 0), len(e.Text))
	before := e.Text[:offset]
	line := strings.Count(before, "\n")
	start := strings.LastIndexByte(before, '\n') + 1
	end := len(e.Text)
	if n := strings.IndexByte(e.Text[offset:], '\n'); n >= 0 {
		end = offset + n
	}
	f := &Fault{File: e.File, Field: field, Problem: problem, Expression: strings.TrimSpace(e.Text[start:end])}
	if e.Line > 0 {
		f.Line, f.Column = e.Line+line, e.Column+utf8.RuneCountInString(e.Text[start:offset])
	}
	return f
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
	return fmt.Sprintf(" (%s gave %s)", strings.TrimSpace(e.text), gojq.Preview(value))
}

// run evaluates the expressions of a source for one request.
type run struct {
	about
	parent   context.Context
	ctx      context.Context // with the limit of time; made when gojq is first needed
	cancel   context.CancelFunc
	vars     []any // $request, what let says, and what plans bind
	steps    int
	observed func(e *expression, values []any, err error) // for Trace
}

func newRun(ctx context.Context, r *Request) *run {
	run := &run{parent: ctx, vars: make([]any, 1, 16)}
	run.vars[0] = r.value()
	return run
}

func (r *run) done() {
	if r.cancel != nil {
		r.cancel()
	}
}

// limited gives the context of gojq: its expressions may not end.
func (r *run) limited() context.Context {
	if r.ctx == nil {
		r.ctx, r.cancel = context.WithTimeout(r.parent, mostMapping)
	}
	return r.ctx
}

// all gives every value of an expression; a missing one gives its input.
func (r *run) all(e *expression, input any) ([]any, error) {
	if e == nil {
		return []any{input}, nil
	}
	values, err := r.planned(e, input)
	if err != nil {
		values, err = r.machine(e, input)
	}
	if r.observed != nil {
		r.observed(e, values, err)
	}
	return values, err
}

// planned evaluates by the plan.
func (r *run) planned(e *expression, input any) ([]any, error) {
	if e.plan == nil {
		return nil, errBeyond
	}
	if e.plan.one != nil {
		value, err := e.plan.one(r, input)
		return []any{value}, err
	}
	var values []any
	err := e.plan.each(r, input, func(value any) error {
		if values = append(values, value); len(values) > mostMessages {
			return errBeyond
		}
		return nil
	})
	return values, err
}

// machine evaluates by gojq.
func (r *run) machine(e *expression, input any) ([]any, error) {
	var values []any
	iter := e.code.RunWithContext(r.limited(), input, r.vars[:e.vars]...)
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
	return invalid(FieldError{Path: e.field, Rule: "mapping", Hint: fmt.Sprintf("%v (in %s)", err, strings.TrimSpace(e.text))})
}

// one gives the only value of an expression; none, or no expression, is null.
func (r *run) one(e *expression, input any) (any, error) {
	if e == nil {
		return nil, nil
	}
	if e.plan != nil && e.plan.one != nil && r.observed == nil {
		if value, err := e.plan.one(r, input); err == nil {
			return value, nil
		}
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
	return truth(value), err
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
	case json.Number:
		return value.String(), nil
	case bool, int, float64, *big.Int:
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
	at, err := lenientTime(text)
	if err != nil {
		return time.Time{}, e.wrong(err.Error(), text)
	}
	return at, nil
}

func typeName(value any) string { return "a value of type " + gojq.TypeOf(value) }
