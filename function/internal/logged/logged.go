package logged

import (
	"strings"

	"mayfly/function/internal/problem"
	"mayfly/function/internal/results"
	"mayfly/function/internal/sanitize"
	"mayfly/internal/redact"
	"mayfly/transform/message"
)

const (
	// Max bounds a list in one log record.
	Max      = 5
	maxRunes = 200
)

// Text gives the beginning of a foreign text, in one line.
func Text(text string) string { return sanitize.Line(text, maxRunes) }

// Hide takes secrets out of a text.
func Hide(text string, secrets []string) string {
	for _, secret := range secrets {
		text = strings.ReplaceAll(text, secret, redact.Placeholder)
	}
	return text
}

// FieldError is one of errors[] as the log has it.
type FieldError struct {
	Device string `json:"device,omitempty"`
	Path   string `json:"path"`
	Rule   string `json:"rule"`
	Hint   string `json:"hint"`
}

// String is for LOG_FORMAT=text.
func (e FieldError) String() string { return e.Path + " " + e.Hint }

// Errors gives the first of errors[], without secrets.
func Errors(fields []message.FieldError, secrets []string) []FieldError {
	list := make([]FieldError, 0, Max)
	text := func(s string) string { return Text(Hide(s, secrets)) }
	for i := range fields[:min(len(fields), Max)] {
		f := &fields[i]
		list = append(list, FieldError{f.DeviceID, text(f.Path), f.Rule, text(f.Logged())})
	}
	return list
}

// Result is one of results[] that failed, as the log has it.
type Result struct {
	Device string       `json:"device,omitempty"`
	Line   int          `json:"line,omitempty"`
	Code   problem.Code `json:"code"`
	Detail string       `json:"detail,omitempty"`
}

// String is for LOG_FORMAT=text.
func (r Result) String() string { return r.Device + " " + string(r.Code) + ": " + r.Detail }

// Results gives the first of results[] that failed.
func Results(all []results.Result) []Result {
	var list []Result
	for i := range all {
		if r := &all[i]; r.Code != "" && len(list) < Max {
			list = append(list, Result{r.DeviceID, r.Line, r.Code, Text(r.Detail)})
		}
	}
	return list
}
