package answer

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/itchyny/gojq"

	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// Replied is an answer of a source. What is zero is Mayfly's own.
type Replied struct {
	Status      int
	ContentType string
	Header      map[string]string // canonical names
	Body        []byte            // nil: Mayfly's own
}

// Request is what an answer is made for.
type Request struct {
	Value func() any // the value of $request
	Body  func() any // the value of the body, null where it cannot be read
}

// Reply makes the answer to a request. An error says which expression of the answer
// failed; the answer is Mayfly's own then.
func (s *Set) Reply(ctx context.Context, r Request, o *Report) (Replied, error) {
	chosen := &s.replies[o.Class]
	fallback := chosen
	switch {
	case o.Class == Partial && chosen.IsZero():
		chosen = &s.replies[Stored]
	case o.Class == Refused:
		fallback = &s.replies[Error]
		if chosen.IsZero() {
			chosen = fallback
		}
	}
	e := &evaluation{Request: r, ctx: ctx, report: o}
	defer e.done()
	out, err := e.reply(chosen)
	if err == nil && out.Body == nil && fallback != chosen {
		var body Replied
		if body, err = e.reply(fallback); err == nil {
			out.Body, out.ContentType, out.Header = body.Body, body.ContentType, over(body.Header, out.Header)
		}
	}
	if err == nil && out.Status != 0 && !allowedStatus(o.Class, out.Status) {
		err = fmt.Errorf("%sstatus gave %d: it %s", prefixes[o.Class], out.Status, statusRange[o.Class])
	}
	if err != nil {
		return Replied{}, err
	}
	return out, nil
}

func over(base, mine map[string]string) map[string]string {
	if base == nil {
		return mine
	}
	maps.Copy(base, mine)
	return base
}

// Probe finds the probe that a request is; path is what follows /api/SOURCE/.
func (s *Set) Probe(method, path string) *Probe {
	if p := s.find(method, path); p != nil {
		return p.Probe
	}
	return nil
}

func (s *Set) find(method, path string) *probe {
	for i := range s.probes {
		if p := &s.probes[i]; p.Path == path && slices.Contains(p.methods(), method) {
			return p
		}
	}
	return nil
}

// ReplyProbe makes the answer to the probe that a request is.
func (s *Set) ReplyProbe(ctx context.Context, r Request, method, path string) (Replied, error) {
	p := s.find(method, path)
	if p == nil {
		return Replied{}, nil
	}
	e := &evaluation{Request: r, ctx: ctx, report: &Report{}}
	defer e.done()
	return e.reply(&p.reply)
}

// evaluation is the making of one answer.
type evaluation struct {
	Request
	ctx    context.Context
	report *Report

	variable any // of a Single, in place of the report

	run  *mapping.Run // made when the first expression needs it
	body any
}

func (e *evaluation) done() {
	if e.run != nil {
		e.run.Done()
	}
}

// begin reads the body and binds the variables.
func (e *evaluation) begin() {
	if e.run != nil {
		return
	}
	e.run = mapping.NewRun(e.ctx, e.Request.Value())
	if e.report != nil {
		e.run.Bind(e.report.value())
	} else {
		e.run.Bind(e.variable)
	}
	e.body = e.Body()
}

// reply evaluates a reply.
func (e *evaluation) reply(r *reply) (Replied, error) {
	out := Replied{Status: r.fixed, ContentType: r.ContentType}
	if r.Body != "" {
		out.Body = []byte(r.Body)
	}
	var err error
	if r.fixed == 0 && r.status != nil {
		if out.Status, err = e.status(r); err != nil {
			return out, err
		}
	}
	for _, h := range r.headers {
		e.begin()
		text, err := e.run.Text(h.value, e.body)
		if err != nil {
			return out, err
		}
		if text == "" {
			continue
		}
		if out.Header == nil {
			out.Header = map[string]string{}
		}
		out.Header[h.name] = headerText(text)
	}
	return out, e.content(r, &out)
}

func (e *evaluation) status(r *reply) (int, error) {
	e.begin()
	value, err := e.run.One(r.status, e.body)
	if err != nil || value == nil && e.report != nil && e.report.Class == Refused { // null: the problem's own status
		return 0, err
	}
	given := value
	if number, ok := value.(json.Number); ok {
		n, _ := number.Int64() // 0 is refused as others out of range are
		value = int(n)
	}
	n, ok := gojq.ToInt(value)
	if !ok || n == 0 {
		return 0, r.status.Wrong("must give a status", given)
	}
	return n, nil
}

// content evaluates the body.
func (e *evaluation) content(r *reply, out *Replied) error {
	var kind string
	switch {
	case r.json != nil:
		e.begin()
		value, err := e.run.One(r.json, e.body)
		if err != nil {
			return err
		}
		text, err := message.Marshal(value)
		if err != nil {
			return err
		}
		text = append(text, '\n')
		out.Body, kind = text, "application/json"
	case r.text != nil:
		e.begin()
		text, err := e.run.Text(r.text, e.body)
		if err != nil {
			return err
		}
		out.Body, kind = []byte(text), "text/plain; charset=utf-8"
	case r.Body != "":
		kind = "application/json"
	}
	if out.ContentType == "" {
		out.ContentType = kind
	}
	if len(out.Body) > maxBody {
		return fmt.Errorf("the answer has %d bytes; an expression may give 64 KiB", len(out.Body))
	}
	return nil
}

// headerText makes a text fit for a header: one line of ASCII, bounded.
func headerText(text string) string {
	out := []byte(text[:min(len(text), maxHeader)])
	for i, c := range out {
		if c < ' ' || c > '~' {
			out[i] = ' '
		}
	}
	return string(out)
}
