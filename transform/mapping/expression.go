package mapping

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"mayfly/transform/mapping/plan"
	"mayfly/transform/message"

	"github.com/itchyny/gojq"
)

// Expression is one compiled jq text of a source; nil is one that the source
// leaves out.
type Expression struct {
	Field string // of the definition, as in deviceId or properties.rssi
	Text  string

	plan    *plan.Plan // nil where gojq has to evaluate it
	program *Program   // for what the plan does not cover, and for whatever fails
	code    *Code      // likewise, where there is no machine
	machine Machine
}

// Language compiles expressions. It is safe for concurrent use.
type Language struct {
	options []gojq.CompilerOption
	funcs   map[string]plan.Func // by name/arity
	zone    string
	machine Machine // nil: this process
	tables  Tables  // may be nil
}

// NewLanguage makes jq with the functions of docs/mapping.md. zone is that of times without
// one.
func NewLanguage(zone message.Zone) *Language {
	l := &Language{}
	list := append(helpers(zone), helper{textGuard, 1, noText}, helper{rawTime, 0, itself}, helper{rawTime, 1, itself},
		helper{rowFunc, 2, l.row}, helper{windowsFunc, 2, windows(zone)}, helper{"summary", 0, summary})
	l.options = append(functions(list), gojq.WithEnvironLoader(func() []string { return nil }))
	l.funcs = make(map[string]plan.Func, len(list))
	for _, h := range list {
		l.funcs[fmt.Sprintf("%s/%d", h.name, h.args)] = plan.Func(h.call)
	}
	return l
}

// On has a machine evaluate by gojq what plans do not cover. zone is the name of the zone
// that the language was made with.
func (l *Language) On(m Machine, zone string) *Language {
	l.machine, l.zone = m, zone
	return l
}

// refused are functions of jq that reach out of a mapping: to the clock, the
// environment, the input, the terminal. A mapping is the same every time.
func refused() map[string]string {
	const (
		clock       = "a mapping has no clock"
		zone        = "a mapping knows no time zone"
		input       = "a mapping has one input, ."
		terminal    = "a mapping has no terminal"
		environment = "a mapping sees no environment"
		end         = "a mapping cannot end the program"
		modules     = "a mapping has no modules"
	)
	return map[string]string{
		"now": clock, "localtime": zone, "strflocaltime": zone,
		"input": input, "inputs": input, "input_filename": input, "input_line_number": input,
		"debug": terminal + "; mayfly try shows every step", "stderr": terminal,
		"env": environment, "$ENV": environment, "$__prog_args": "a mapping sees no command line",
		"halt": end, "halt_error": end, "get_search_list": modules, "modulemeta": modules,
	}
}

// Compile makes an expression; an empty text gives nil. It sees no environment,
// no files and no modules. vars are the variables besides $request, with their $.
func (l *Language) Compile(field string, e Expr, vars []string) (*Expression, *message.Fault) {
	return l.compile(field, e, vars, nil)
}

// CompileTraced is Compile for an expression whose input and variables have known
// origins: it fails where numbers are read from a text of the body.
func (l *Language) CompileTraced(field string, e Expr, vars []string, o Origins) (*Expression, *message.Fault) {
	return l.compile(field, e, vars, func(q *gojq.Query) bool { return o.guard(q, false) })
}

// CompileBytes is CompileTraced for an expression that has to give bytes: it fails where
// its result is a text of the body, too.
func (l *Language) CompileBytes(field string, e Expr, vars []string, o Origins) (*Expression, *message.Fault) {
	return l.compile(field, e, vars, func(q *gojq.Query) bool { return o.guard(q, true) })
}

func (l *Language) compile(field string, e Expr, vars []string, change func(*gojq.Query) bool) (
	*Expression, *message.Fault,
) {
	if e.Text == "" {
		return nil, nil
	}
	query, err := gojq.Parse(e.Text)
	if err != nil {
		return nil, syntaxFault(field, e, err)
	}
	if len(query.Imports) > 0 || query.Meta != nil {
		return nil, FaultAt(field, e, 0, "a mapping has no modules")
	}
	refused := refused()
	var forbidden, wrong []string
	rewritten := false
	walk(reflect.ValueOf(query), func(f *gojq.Func) {
		if why, ok := refused[f.Name]; ok {
			forbidden = append(forbidden, f.Name+" is not there: "+why)
		}
		rewritten = rewriteWindows(f) || rewritten
		if problem := l.checkRow(f); problem != "" {
			wrong = append(wrong, problem)
		}
	})
	if len(forbidden) > 0 {
		name, _, _ := strings.Cut(forbidden[0], " ")
		return nil, FaultAt(field, e, max(strings.Index(e.Text, name), 0), strings.Join(forbidden, "; "))
	}
	if len(wrong) > 0 {
		return nil, FaultAt(field, e, strings.Index(e.Text, rowFunc), wrong[0])
	}
	text := e.Text
	if change != nil && change(query) || rewritten {
		text = query.String()
	}
	names := append([]string{"$request"}, vars...)
	code, err := l.code(query, names)
	if err != nil {
		return nil, compileFault(field, e, err)
	}
	machine := l.machine
	if lean(query, func(name string, args int) bool { return l.funcs[fmt.Sprintf("%s/%d", name, args)] != nil }) {
		machine = nil
	}
	program := NewProgram(text, names, l.zone)
	program.Tables = l.tables
	return &Expression{
		Field: field, Text: e.Text, plan: plan.New(query, names, l.funcs), program: program, code: code, machine: machine,
	}, nil
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
		for _, field := range v.Fields() {
			walk(field, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), visit)
		}
	default:
	}
}

// rename gives the calls of a function another name. It reports whether there are any.
func rename(q *gojq.Query, from, to string) (found bool) {
	walk(reflect.ValueOf(q), func(f *gojq.Func) {
		if f.Name == from {
			f.Name, found = to, true
		}
	})
	return found
}

func syntaxFault(field string, e Expr, err error) *message.Fault {
	offset := 0
	if parse, ok := errors.AsType[*gojq.ParseError](err); ok {
		offset = parse.Offset - len(parse.Token)
	}
	return FaultAt(field, e, offset, err.Error())
}

// compileFault places an error that names a function or a variable.
func compileFault(field string, e Expr, err error) *message.Fault {
	offset := 0
	if _, name, ok := strings.Cut(err.Error(), "not defined: "); ok {
		name, _, _ = strings.Cut(name, "/")
		offset = max(strings.Index(e.Text, name), 0)
	}
	return FaultAt(field, e, offset, err.Error())
}

// FaultAt makes the fault of an expression at an offset of its text.
func FaultAt(field string, e Expr, offset int, problem string) *message.Fault {
	offset = min(max(offset, 0), len(e.Text))
	before := e.Text[:offset]
	line := strings.Count(before, "\n")
	start := strings.LastIndexByte(before, '\n') + 1
	end := len(e.Text)
	if n := strings.IndexByte(e.Text[offset:], '\n'); n >= 0 {
		end = offset + n
	}
	f := &message.Fault{File: e.File, Field: field, Problem: problem, Expression: strings.TrimSpace(e.Text[start:end])}
	if e.Line > 0 {
		f.Line, f.Column = e.Line+line, e.Column+utf8.RuneCountInString(e.Text[start:offset])
	}
	return f
}

// Wrong makes the error of an expression whose result will not do.
func (e *Expression) Wrong(hint string, value any) *message.Error {
	if e == nil {
		return &message.Error{Kind: message.Invalid, Detail: hint}
	}
	return message.InvalidFields(message.FieldError{
		Path: e.Field, Rule: "mapping", Hint: hint + e.Gave(value), Brief: hint + e.Where(),
	})
}

// Where shows an expression without what it gave.
func (e *Expression) Where() string { return fmt.Sprintf(" (in %s)", strings.TrimSpace(e.Text)) }

// Gave shows an expression with what it gave.
func (e *Expression) Gave(value any) string {
	return fmt.Sprintf(" (%s gave %s)", strings.TrimSpace(e.Text), gojq.Preview(value))
}
