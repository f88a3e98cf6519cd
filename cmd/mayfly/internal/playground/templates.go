package playground

import (
	"net/http"
	"strconv"

	"mayfly/emulator/console"
	"mayfly/transform/message"
	"mayfly/transform/template"
)

// fit adds what the device templates make of message i of n. One that is refused is the problem of the request.
func (p *Playground) fit(source string, m *message.Message, i, n int, result *console.Result) {
	if source == nativeFormat || source == deviceFormat {
		source = "" // as the bridge's own routes have none
	}
	e := p.configured.Load().options.Fitter.Explain(*m, source)
	if e == nil {
		result.Messages = append(result.Messages, consoleMessage(m))
		return
	}
	step := console.Step{Name: "template", Expression: e.Policy + " " + e.ModelID, Value: "fits"}
	if n > 1 {
		step.Part = "[" + strconv.Itoa(i) + "]"
	}
	if len(e.Changes)+len(e.Findings) == 0 {
		result.Steps = append(result.Steps, step)
	}
	for _, f := range e.Changes {
		step.Name, step.Value = name(f), "made right: "+f.Hint
		result.Steps = append(result.Steps, step)
	}
	for _, f := range e.Findings {
		step.Name, step.Value, step.Error = name(f), "", "does not fit: "+f.Hint
		result.Steps = append(result.Steps, step)
	}
	if e.Refused {
		result.Answer, result.Problem = "", refusal(step.Part, e.ModelID, e.Findings)
	}
	for j := range e.Messages {
		result.Messages = append(result.Messages, consoleMessage(&e.Messages[j]))
	}
}

func name(f template.Finding) string {
	if f.Path == "" {
		return "template"
	}
	return "template " + f.Path
}

// refusal is what the sender would get for a message that its template does not take.
func refusal(part, model string, findings []template.Finding) *console.Problem {
	p := &console.Problem{
		Where: "request", Status: http.StatusUnprocessableEntity, Code: "template-mismatch",
		Detail: "the message does not fit the model " + model,
	}
	if part != "" {
		part += "."
	}
	for _, f := range findings {
		p.Fields = append(p.Fields, console.Field{Path: part + f.Path, Rule: f.Rule, Hint: f.Hint})
	}
	return p
}
