package enrich

import (
	"maps"
	"slices"
	"strings"

	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// Compiled is a step that can be applied. It is safe for concurrent use.
type Compiled struct {
	Step
	on  *mapping.Expression
	put put
}

// Compile makes a step that can be applied, or tells all that is wrong with it: the fields of the faults are members of
// the step. Whether there is such a table or look-up is for the caller to check.
func Compile(l *mapping.Language, s Step) (*Compiled, message.Faults) {
	c := &Compiled{Step: s}
	var faults message.Faults
	fault := func(member, problem string) {
		faults = append(faults, &message.Fault{Field: member, Problem: problem})
	}
	if (s.Table == "") == (s.Lookup == "") {
		fault("table", "or lookup must be set, and not both")
	}
	var wrong *message.Fault
	if c.on, wrong = l.Compile("on", s.On, []string{"$message"}); wrong != nil {
		faults = append(faults, wrong)
	}
	switch {
	case c.on == nil && wrong == nil && s.Lookup == "": // a look-up has a key of its own
		fault("on", "is missing: the key of the row, as in .serial for a measurement or $message.deviceId")
	case strings.Contains(s.On.Text, "$request"):
		fault("on", "has $request: a step sees the measurements and $message")
	}
	var ok bool
	if c.put, ok = parsePut(s.Put); !ok {
		fault("put", message.Quote(s.Put)+" is not properties, body, or a path in the body, as in .asset")
	}
	if !slices.Contains([]string{"", "ignore", "refuse"}, s.Failed) {
		fault("failed", message.Quote(s.Failed)+" is not known: want ignore or refuse")
	}
	c.checkFields(fault)
	return c, faults
}

func (c *Compiled) checkFields(fault func(member, problem string)) {
	if c.Fields != nil && len(c.Fields) == 0 {
		fault("fields", "is empty: leave it out for all fields")
	}
	seen := map[string]bool{}
	for _, f := range c.Fields {
		switch name := c.sameName(f.To); {
		case f.To == "" || f.From == "":
			fault("fields", "has a field without a name")
		case c.put.properties && !validProperty(f.To):
			fault("fields", message.Quote(f.To)+" cannot be a property: want letters, digits or !#$%&'*+-.^_`|~, and not a "+
				"name of the system; {name: "+f.From+"} gives it another one")
		case seen[name]:
			fault("fields", message.Quote(f.To)+" is there twice")
		default:
			seen[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Missing.Values)) {
		switch {
		case len(c.Fields) > 0 && !seen[c.sameName(name)]:
			fault("missing", message.Quote(name)+" is not one of the fields")
		case c.put.properties && !validProperty(name):
			fault("missing", message.Quote(name)+" cannot be a property")
		}
	}
}

// sameName gives what two names have in common that are one: case does not count in properties.
func (c *Compiled) sameName(name string) string {
	if c.put.properties {
		return strings.ToLower(name)
	}
	return name
}

// CheckColumns tells what is wrong with the fields for a table with these columns; empty where nothing is.
func (c *Compiled) CheckColumns(columns []string) (member, problem string) {
	for _, f := range c.Fields {
		if !slices.Contains(columns, f.From) {
			return "fields", message.Quote(f.From) + " is not a column of the table" + nearest(f.From, columns)
		}
	}
	if len(c.Fields) == 0 && c.put.properties {
		for _, name := range columns {
			if !validProperty(name) {
				return "fields", "is missing: the column " + message.Quote(name) +
					" cannot be a property under its own name"
			}
		}
	}
	return "", ""
}
