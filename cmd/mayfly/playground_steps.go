package main

import (
	"encoding/json"
	"fmt"
	"strconv"

	"mayfly/emulator/console"
	"mayfly/transform"
)

const (
	mostSteps     = 200
	mostStepBytes = 400
)

// steps are the expressions of a mapping with what each gave.
func steps(t transform.Trace) []console.Step {
	var out []console.Step
	for i, part := range t.Parts {
		name := ""
		if len(t.Parts) > 1 {
			name = "[" + strconv.Itoa(i) + "]"
		}
		for _, s := range part.Steps {
			if len(out) == mostSteps {
				return out
			}
			out = append(out, console.Step{Part: name, Name: s.Field, Expression: s.Expression, Value: shortJSON(s.Value), Error: s.Error})
		}
	}
	return out
}

// answerOf is what the sender hears when all is well.
func answerOf(a *transform.TraceAnswer) string {
	if a == nil {
		return ""
	}
	text := strconv.Itoa(a.Status)
	if a.Body != "" {
		text += " " + a.Body
	}
	return text
}

func shortJSON(v any) string {
	if v == nil {
		return ""
	}
	text, err := json.Marshal(v)
	if err != nil {
		text = fmt.Append(nil, v)
	}
	if len(text) > mostStepBytes {
		return string(text[:mostStepBytes]) + "..."
	}
	return string(text)
}
