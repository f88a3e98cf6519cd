package playground

import (
	"encoding/json"
	"fmt"
	"strconv"

	"mayfly/emulator/console"
	"mayfly/transform"
)

const (
	maxSteps     = 200
	maxStepBytes = 400
)

// steps are the expressions of a mapping with their values.
func steps(t transform.Trace) []console.Step {
	var out []console.Step
	for i, part := range t.Parts {
		name := ""
		if len(t.Parts) > 1 {
			name = "[" + strconv.Itoa(i) + "]"
		}
		for _, s := range part.Steps {
			if len(out) == maxSteps {
				return out
			}
			out = append(out, console.Step{Part: name, Name: s.Field, Expression: s.Expression,
				Value: shortJSON(s.Value),
				Error: s.Error})
		}
	}
	return out
}

// answerOf is what the sender gets when all is delivered.
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
	if len(text) > maxStepBytes {
		return string(text[:maxStepBytes]) + "..."
	}
	return string(text)
}
