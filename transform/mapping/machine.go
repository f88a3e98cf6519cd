package mapping

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"mayfly/transform/message"

	"github.com/itchyny/gojq"
)

// Machine evaluates expressions by gojq, outside of this process. What gojq does between
// two looks at its context has no bound: a function may take minutes, or gigabytes.
//
// The values and the time that gojq took are given back. The error is an [EvalError],
// [ErrMemory], [context.DeadlineExceeded] where it took longer than limit, or why nothing
// could be evaluated.
type Machine interface {
	Evaluate(ctx context.Context, p *Program, vars []any, in any, limit time.Duration) (
		values []any, spent time.Duration, err error,
	)
}

// ErrMemory means that an expression takes too much memory.
var ErrMemory = errors.New("takes too much memory")

// Program is an expression as a Machine gets it.
type Program struct {
	Text string
	Vars []string // the names of its variables, $request first
	Zone string   // as message.ParseZone reads it
	// Tables are those of this process: a machine elsewhere asks for the rows that it needs. May be nil.
	Tables Tables
	Key    [sha256.Size]byte
}

// NewProgram makes a program. vars are the names of its variables, $request first.
func NewProgram(text string, vars []string, zone string) *Program {
	key := sha256.Sum256([]byte(strings.Join(append([]string{zone, text}, vars...), "\x00")))
	return &Program{Text: text, Vars: vars, Zone: zone, Key: key}
}

// Compile makes the code of a program that [Language.Compile] has passed, with the Tables of the program.
func (p *Program) Compile() (*Code, error) {
	zone, err := message.ParseZone(p.Zone)
	if err != nil {
		return nil, err
	}
	query, err := gojq.Parse(p.Text)
	if err != nil {
		return nil, err
	}
	return NewLanguage(zone).WithTables(p.Tables).code(query, p.Vars)
}

// Code is a compiled program.
type Code struct{ code *gojq.Code }

func (l *Language) code(query *gojq.Query, vars []string) (*Code, error) {
	code, err := gojq.Compile(query, append([]gojq.CompilerOption{gojq.WithVariables(vars)}, l.options...)...)
	if err != nil {
		return nil, err
	}
	return &Code{code}, nil
}

// EvalError is an expression that fails.
type EvalError struct {
	Text     string // what gojq says
	Brief    string // the same without the values
	NotBytes bool   // Text is a text where bytes are wanted, and Brief what wants them
}

// Error tells what gojq says.
func (e *EvalError) Error() string { return e.Text }

// Evaluate gives every value of a program. Its error is an [EvalError], or ctx's.
func (c *Code) Evaluate(ctx context.Context, vars []any, in any) ([]any, error) {
	var values []any
	for iter := c.code.RunWithContext(ctx, in, vars...); ; {
		value, ok := iter.Next()
		if !ok {
			return values, nil
		}
		if err, failed := value.(error); failed {
			return nil, evalError(err)
		}
		if values = append(values, value); len(values) > message.MaxMessages {
			const text = "gives too many values"
			return nil, &EvalError{Text: text, Brief: text}
		}
	}
}

func evalError(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return err
	}
	if own, ok := errors.AsType[*message.Error](err); ok && own.Kind == message.Busy {
		return own // of row
	}
	if text, ok := errors.AsType[textError](err); ok {
		return &EvalError{Text: text.text, Brief: text.wants, NotBytes: true}
	}
	return &EvalError{Text: sentence(err.Error()), Brief: sentence(withoutValues(err))}
}

// machine evaluates by gojq: in a machine where the language has one, else here.
func (r *Run) machine(e *Expression, input any) ([]any, error) {
	vars := r.scope.Vars[:len(e.program.Vars)]
	if e.machine == nil {
		values, err := e.code.Evaluate(r.limited(), vars, input)
		return values, e.failed(err)
	}
	left := maxMappingTime - r.spent
	if left <= 0 {
		return nil, e.failed(context.DeadlineExceeded)
	}
	values, spent, err := e.machine.Evaluate(r.parent, e.program, vars, input, left)
	r.spent += spent
	if err != nil {
		return nil, e.failed(err)
	}
	for _, value := range values {
		if r.scope.Meter == nil {
			break
		}
		if err := r.scope.Meter.Bytes(message.Estimate(value, message.MaxMemory)); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// failed turns an error of a machine into ours.
func (e *Expression) failed(err error) error {
	var hint, brief string
	own, ok := errors.AsType[*EvalError](err)
	switch {
	case err == nil:
		return nil
	case ok && own.NotBytes:
		return e.Wrong(textError{own.Brief, own.Text}.Error(), own.Text)
	case ok:
		hint, brief = own.Text+e.Where(), own.Brief+e.Where()
	case errors.Is(err, context.DeadlineExceeded):
		hint = fmt.Sprintf("takes longer than %s (%s)", maxMappingTime, e.Text)
		brief = hint
	case errors.Is(err, ErrMemory):
		hint = err.Error() + e.Where()
		brief = hint
	default:
		return err
	}
	return message.InvalidFields(message.FieldError{Path: e.Field, Rule: "mapping", Hint: hint, Brief: brief})
}
