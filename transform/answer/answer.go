package answer

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// Answer is what the sender is answered: Reply when every message is stored or ignored,
// and the others when not. What a reply leaves out is Mayfly's own. Its jq texts are over
// the body (null where it cannot be read); $request is as elsewhere, and $outcome is the
// Report.
type Answer struct {
	Reply `yaml:",inline"`
	// Partial is for a request of which some messages are stored and the others never can
	// be; Reply where it is left out.
	Partial Reply `yaml:"partial"`
	// Refused is for a request of which nothing is stored and nothing can be; Error where it
	// is left out.
	Refused Reply `yaml:"refused"`
	// Error is for every other failure: it keeps its status unless it says otherwise.
	Error Reply `yaml:"error"`
}

// Reply is one answer.
type Reply struct {
	Status      mapping.Expr            `yaml:"status"`      // a number, or jq that gives one
	ContentType string                  `yaml:"contentType"` // application/json, or text/plain of text
	Headers     map[string]mapping.Expr `yaml:"headers"`     // name: jq; null leaves it out
	Body        string                  `yaml:"body"`        // as it is
	JSON        mapping.Expr            `yaml:"json"`        // jq: the body as a JSON value
	Text        mapping.Expr            `yaml:"text"`        // jq: the body as a text
}

// Probe is a request of the sender that holds no messages: whether the service is there,
// a query before the first message.
type Probe struct {
	Path    string   `yaml:"path"`    // below /api/SOURCE/
	Methods []string `yaml:"methods"` // GET when empty
	Public  bool     `yaml:"public"`  // answered without a credential
	Answer  Reply    `yaml:"answer"`  // what the sender is answered
}

// Class says which of its answers a sender gets.
type Class int

// The classes of answers.
const (
	Stored  Class = iota // every message is stored or ignored
	Partial              // some are stored, the others never can be
	Refused              // nothing is stored, and nothing can be
	Error                // every other failure
)

var prefixes = [...]string{"answer.", "answer.partial.", "answer.refused.", "answer.error."}

// replies gives the replies of an answer, by class.
func (a *Answer) replies() [len(prefixes)]*Reply {
	return [...]*Reply{&a.Reply, &a.Partial, &a.Refused, &a.Error}
}

// Inherit takes the replies that an answer leaves out from another.
func (a *Answer) Inherit(base *Answer) {
	theirs := base.replies()
	for class, mine := range a.replies() {
		if mine.IsZero() {
			*mine = *theirs[class]
			mine.Headers = maps.Clone(mine.Headers)
		}
	}
}

// Each changes every expression of an answer and of probes by a function.
func Each(a *Answer, probes []Probe, change func(field string, e mapping.Expr) mapping.Expr) {
	for class, r := range a.replies() {
		r.each(prefixes[class], change)
	}
	for i := range probes {
		probes[i].Answer.each(probes[i].prefix(), change)
	}
}

// EachOf changes every expression of a reply by a function.
func EachOf(r *Reply, prefix string, change func(field string, e mapping.Expr) mapping.Expr) {
	r.each(prefix, change)
}

func (r *Reply) each(prefix string, change func(field string, e mapping.Expr) mapping.Expr) {
	r.Status = change(prefix+"status", r.Status)
	r.JSON = change(prefix+"json", r.JSON)
	r.Text = change(prefix+"text", r.Text)
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		r.Headers[name] = change(prefix+"headers."+name, r.Headers[name])
	}
}

func (p *Probe) prefix() string { return "probes." + p.Path + "." }

func (p *Probe) methods() []string {
	if len(p.Methods) == 0 {
		return []string{"GET"}
	}
	return p.Methods
}

// IsZero tells whether the definition leaves the reply out.
func (r *Reply) IsZero() bool {
	return r.Status.IsZero() && r.ContentType == "" && len(r.Headers) == 0 && r.Body == "" &&
		r.JSON.IsZero() && r.Text.IsZero()
}

// FixedStatus gives the status of a reply that is a number; otherwise 0.
func (r *Reply) FixedStatus() int {
	n, err := strconv.Atoi(strings.TrimSpace(r.Status.Text))
	if err != nil {
		return 0 // left out, or jq
	}
	return n
}

// The limits of what expressions put into an answer.
const (
	maxBody    = 64 << 10
	maxHeaders = 16
	maxHeader  = 1 << 10
)

// check tells what is wrong with a reply besides its expressions.
func (r *Reply) check(prefix string) message.Faults {
	var faults message.Faults
	fault := func(member, problem string) {
		faults = append(faults, &message.Fault{Field: prefix + member, Problem: problem})
	}
	bodies := 0
	for _, given := range []bool{r.Body != "", !r.JSON.IsZero(), !r.Text.IsZero()} {
		if given {
			bodies++
		}
	}
	if bodies > 1 {
		fault("body", "body, json and text exclude one another: keep one")
	}
	if len(r.Headers) > maxHeaders {
		fault("headers", "may hold 16 headers")
	}
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		if !message.ValidProperty(name) || refusedHeader(name) {
			fault("headers", message.Quote(name)+" cannot be set here")
		}
	}
	return faults
}

// refusedHeader knows the headers that belong to the server or to the connection.
func refusedHeader(name string) bool {
	switch name = strings.ToLower(name); name {
	case "content-type", "content-length", "content-encoding", "connection", "keep-alive", "transfer-encoding",
		"trailer", "upgrade", "te", "date", "host", "set-cookie", "www-authenticate", "proxy-authenticate",
		"strict-transport-security":
		return true
	}
	return strings.HasPrefix(name, "access-control-")
}

const noRetry = "must be from 200 to 499, but not 408, 425 or 429, which ask for a retry"

var statusRange = [...]string{
	Stored: "must be from 200 to 299", Partial: noRetry, Refused: noRetry, Error: "must be from 400 to 599",
}

// allowedStatus tells whether a status says what an answer of the class means.
func allowedStatus(class Class, status int) bool {
	switch class {
	case Stored:
		return status >= 200 && status <= 299
	case Partial, Refused:
		return status >= 200 && status <= 499 && status != 408 && status != 425 && status != 429
	case Error:
	}
	return status >= 400 && status <= 599
}
