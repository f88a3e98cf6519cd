package convert

import (
	"strconv"
	"strings"

	"mayfly/transform/template/dtdl"
)

// The rules that a value can break.
const (
	RuleType      = "type"      // the value is of another kind
	RuleRange     = "range"     // the number is too big
	RuleFormat    = "format"    // the string is not of the schema's form
	RuleEnum      = "enum"      // the value is not one of those listed
	RuleName      = "name"      // the name is written differently
	RuleUnknown   = "unknown"   // the model has no such member
	RuleRequired  = "required"  // a member is missing
	RuleComponent = "component" // the member belongs to a component
	RuleModel     = "model"     // there is no such model
)

// Finding is one member that does not fit, or did not before it was changed. It
// holds names and kinds, never a value.
type Finding struct {
	Path string `json:"path,omitempty"` // as in location.lat, readings[3]; empty for the message itself
	Rule string `json:"rule"`
	Hint string `json:"hint"` // the schema that is wanted and what came; the nearest name
	// Fixable means that the member can be made to fit without loss.
	Fixable bool `json:"-"`
}

// MaxFindings bounds the findings of a message that are kept, of each kind.
const MaxFindings = 20

// step is one step of a path: a member, or an element where index is not negative.
type step struct {
	name  string
	index int
}

// Walk compares the values of one message with their schemas. It is not safe for
// concurrent use.
type Walk struct {
	Wrong   List // what does not fit
	Unknown List // members that there are no schemas for
	Changes List // what does not fit, and can be made to
	Quiet   bool // Changes are not wanted

	path   []step
	room   [8]step
	fields map[*dtdl.Schema]map[string]*dtdl.Field // by folded name
}

// List is findings, of which the first MaxFindings are kept.
type List struct {
	Items []Finding
	More  int // findings beyond those
}

// Len counts all the findings.
func (l *List) Len() int { return len(l.Items) + l.More }

// Enter adds a member to the path of what is found next, Leave takes it off.
func (w *Walk) Enter(name string) {
	if w.path == nil {
		w.path = w.room[:0]
	}
	w.path = append(w.path, step{name, -1})
}

func (w *Walk) enterIndex(i int) {
	if w.path == nil {
		w.path = w.room[:0]
	}
	w.path = append(w.path, step{index: i})
}

// Leave goes back to where Enter came from.
func (w *Walk) Leave() { w.path = w.path[:len(w.path)-1] }

// list returns the list that a finding belongs to.
func (w *Walk) list(rule string, fixable bool) *List {
	switch {
	case fixable:
		return &w.Changes
	case rule == RuleUnknown || rule == RuleModel:
		return &w.Unknown
	}
	return &w.Wrong
}

// Silent reports whether the next finding of that kind is only counted, so that
// its hint is not needed.
func (w *Walk) Silent(rule string, fixable bool) bool {
	return fixable && w.Quiet || len(w.list(rule, fixable).Items) >= MaxFindings
}

// Add notes a finding at the present path. fixable means that the member can be
// made to fit without loss. The hint is put together of its parts.
func (w *Walk) Add(rule string, fixable bool, hint ...string) {
	l := w.list(rule, fixable)
	if w.Silent(rule, fixable) {
		l.More++
		return
	}
	l.Items = append(l.Items, Finding{w.where(), rule, strings.Join(hint, ""), fixable})
}

// maxShown bounds a name that comes from the sender.
const maxShown = 64

// Shown writes a name from a message so that it is safe in an error.
func Shown(name string) string {
	plain := len(name) <= maxShown && name != ""
	for i := 0; plain && i < len(name); i++ {
		plain = name[i] > ' ' && name[i] < 0x7f && name[i] != '"' && name[i] != '\\'
	}
	switch {
	case plain:
		return name
	case len(name) > maxShown:
		return strconv.QuoteToASCII(name[:maxShown] + "...")
	}
	return strconv.QuoteToASCII(name)
}

func (w *Walk) where() string {
	var b strings.Builder
	for i := range w.path {
		s := &w.path[i]
		switch {
		case s.index >= 0:
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		case i > 0:
			b.WriteString("." + Shown(s.name))
		default:
			b.WriteString(Shown(s.name))
		}
	}
	return b.String()
}
