package answer

import (
	"maps"
	"net/textproto"
	"slices"
	"strings"

	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// Set is the answers of a source, compiled.
type Set struct {
	replies [len(prefixes)]reply // by class
	probes  []probe
}

// reply is a Reply that is compiled.
type reply struct {
	*Reply
	fixed              int // the status, where it is a number
	status, json, text *mapping.Expression
	headers            []header
}

type header struct {
	name  string // canonical
	value *mapping.Expression
}

type probe struct {
	*Probe
	reply reply
}

// variables are those of an answer besides $request.
var variables = []string{"$outcome"}

// Compile makes the answers of a source, or tells all that is wrong with them. It keeps
// what it is given.
func Compile(l *mapping.Language, a *Answer, probes []Probe) (*Set, message.Faults) {
	s := &Set{probes: make([]probe, len(probes))}
	var faults message.Faults
	for class, r := range a.replies() {
		faults = append(faults, s.replies[class].compile(l, prefixes[class], r, variables)...)
		if n := s.replies[class].fixed; n != 0 && !allowedStatus(Class(class), n) {
			faults = append(faults, &message.Fault{Field: prefixes[class] + "status", Problem: statusRange[class]})
		}
	}
	for i := range probes {
		p := &probes[i]
		s.probes[i].Probe = p
		faults = append(faults, s.probes[i].reply.compile(l, p.prefix(), &p.Answer, variables)...)
		if p.Path == "" || strings.HasPrefix(p.Path, "/") || strings.HasSuffix(p.Path, "/") {
			faults = append(faults, &message.Fault{Field: "probes",
				Problem: "path is what follows /api/SOURCE/, as in ping"})
		}
		for _, m := range p.Methods {
			if !slices.Contains([]string{"GET", "HEAD", "POST", "PUT"}, m) {
				faults = append(faults, &message.Fault{Field: p.prefix() + "methods",
					Problem: message.Quote(m) + " is not known: want GET, HEAD, POST or PUT"})
			}
		}
	}
	return s, faults
}

func (r *reply) compile(l *mapping.Language, prefix string, d *Reply, variables []string) message.Faults {
	r.Reply, r.fixed = d, d.FixedStatus()
	var faults message.Faults
	compile := func(member string, e mapping.Expr) *mapping.Expression {
		compiled, fault := l.Compile(prefix+member, e, variables)
		if fault != nil {
			faults = append(faults, fault)
		}
		return compiled
	}
	r.status, r.json, r.text = compile("status", d.Status), compile("json", d.JSON), compile("text", d.Text)
	for _, name := range slices.Sorted(maps.Keys(d.Headers)) {
		r.headers = append(r.headers, header{textproto.CanonicalMIMEHeaderKey(name), compile("headers."+name, d.Headers[name])})
	}
	return append(faults, d.check(prefix)...)
}
