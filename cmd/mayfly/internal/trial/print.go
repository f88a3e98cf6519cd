package trial

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"mayfly/httpsend"
	"mayfly/transform"
	"mayfly/transform/enrich"
	"mayfly/transform/message"
	"mayfly/transform/reduce"
	"mayfly/transform/template"
)

// Print writes a trial for people.
func (t *Trial) Print(w io.Writer, colors bool) {
	p := &printer{w: w, color: colors}
	p.trial(t)
}

// printer writes a trace for people.
type printer struct {
	w     io.Writer
	color bool
}

func (p *printer) trial(t *Trial) {
	p.title("source " + t.Source)
	if t.Error == nil || t.Decoded != nil {
		p.title("body, as it was read")
		p.value("", t.Decoded)
	}
	if t.Error != nil {
		p.failed(t.Error)
		return
	}
	for i := range t.Parts {
		part := &t.Parts[i]
		if len(t.Parts) > 1 {
			p.title(fmt.Sprintf("part %d of %d", i+1, len(t.Parts)))
		} else {
			p.title("mapped")
		}
		for _, step := range part.Steps {
			if step.Error != "" {
				p.line("%s  %s", p.paint("36", step.Field), p.paint("31", step.Error))
				continue
			}
			p.value(p.paint("36", step.Field)+"  ", step.Value)
		}
		p.reduced(t.Reduced, i)
		p.enrichment(t.Enrichment, i)
		p.templates(t.Templates, i)
		if part.Ignored {
			p.line("%s", p.paint("33", "ignored: not telemetry"))
		}
		if part.Message != nil {
			p.message(part.Message)
		}
		for _, m := range part.More {
			p.message(m)
		}
		if part.Error != nil {
			p.failed(part.Error)
		}
	}
	for _, note := range t.Notes {
		p.line("%s", p.paint("33", note))
	}
	if t.Failure() != nil {
		return
	}
	p.title(fmt.Sprintf("answer %d %s", t.Answer.Status, strings.TrimSpace(t.Answer.Body)))
}

// reduced tells what became of the readings of a part.
func (p *printer) reduced(list []Reduced, part int) {
	for i := range list {
		r := &list[i]
		if r.Part != part {
			continue
		}
		p.line("%s  %s", p.paint("36", "reduce "+r.DeviceID), p.paint("33", reduce.Describe(r.Readings)))
	}
}

// enrichment tells what became of each step.
func (p *printer) enrichment(steps []Added, part int) {
	for i := range steps {
		s := &steps[i]
		if s.Part != part {
			continue
		}
		text := string(s.Outcome)
		if s.Key != nil {
			key, err := message.Marshal(s.Key)
			if err == nil {
				text += " for " + string(key)
			}
		}
		if len(s.Put) > 0 {
			text += ": " + strings.Join(s.Put, ", ")
		}
		if len(s.Kept) > 0 {
			text += "; the device has sent " + strings.Join(s.Kept, ", ")
		}
		if s.Error != "" {
			text += "; " + s.Error
		}
		color := "32"
		if s.Outcome != enrich.Hit {
			color = "33"
		}
		p.line("%s  %s", p.paint("36", "enrich "+s.Step), p.paint(color, text))
	}
}

// templates tells what the templates make of the messages of a part.
func (p *printer) templates(steps []Step, part int) {
	for i := range steps {
		s := &steps[i]
		if s.Part != part {
			continue
		}
		p.title(fmt.Sprintf("template %s, %s", s.ModelID, s.Policy))
		for _, f := range s.Changes {
			p.line("%s  %s", p.paint("36", "made right"), told(f))
		}
		for _, f := range s.Findings {
			p.line("%s", p.paint("33", "does not fit  "+told(f)))
		}
		if s.More > 0 {
			p.line("%s", p.paint("33", fmt.Sprintf("and %d more", s.More)))
		}
		if len(s.Changes)+len(s.Findings) == 0 {
			p.line("fits")
		}
	}
}

// told writes what was found about a member.
func told(f template.Finding) string {
	if f.Path == "" {
		return f.Hint
	}
	return sentence(f.Path, f.Hint)
}

func (p *printer) message(m *transform.TraceMessage) {
	p.title("device " + m.DeviceID)
	event := httpsend.Event{Body: m.Body, MessageID: m.Message.MessageID, Time: m.Message.Time, Component: m.Component,
		Properties: m.Properties}
	p.title("event")
	for name, value := range event.Headers() {
		p.line("%s: %s", p.paint("36", name), value)
	}
	p.line("")
	p.line("%s", p.paint("32", string(m.Body)))
}

func (p *printer) failed(e *transform.TraceError) {
	kind := map[string]string{
		"malformed": "the body is malformed: ", "unsupported": "the body cannot be read: ", "template": "refused: ",
	}[e.Kind]
	p.line("%s", p.paint("31", kind+e.Detail))
	if e.Kind == "template" {
		return // its fields stand above
	}
	for _, f := range e.Fields {
		p.line("%s", p.paint("31", "  "+sentence(f.Path, f.Hint)))
	}
}

// sentence joins a field and what is wrong with it, which may begin with a verb.
func sentence(field, hint string) string {
	verb, _, _ := strings.Cut(hint, " ")
	if slices.Contains([]string{"is", "must", "gave", "gives", "takes"}, verb) {
		return field + " " + hint
	}
	return field + ": " + hint
}

func (p *printer) title(text string) { p.line("%s", p.paint("1", text)) }

func (p *printer) value(prefix string, value any) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		p.line("%sa value that JSON cannot write, such as NaN", prefix)
		return
	}
	p.line("%s%s", prefix, strings.TrimSpace(b.String()))
}

func (p *printer) line(format string, args ...any) { _, _ = fmt.Fprintf(p.w, format+"\n", args...) }

func (p *printer) paint(code, text string) string {
	if !p.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
