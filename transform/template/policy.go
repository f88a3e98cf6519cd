package template

import (
	"errors"
	"fmt"
	"strings"

	"mayfly/transform/template/convert"
)

// Mode is what happens to a message that does not fit its model.
type Mode uint8

// The modes.
const (
	Off     Mode = iota
	Report       // it is reported, and the message goes as it is
	Coerce       // what can be made right without loss is; the rest goes as it is
	Require      // likewise, and what does not fit then is refused
)

var modeNames = [...]string{"off", "report", "coerce", "require"}

// String returns the name of the mode in a configuration.
func (m Mode) String() string { return modeNames[m] }

// ParseMode reads the name of a mode.
func ParseMode(name string) (Mode, error) {
	for m, known := range modeNames {
		if known == name {
			return Mode(m), nil
		}
	}
	return Off, fmt.Errorf("%q is not a template policy; want %s", name, strings.Join(modeNames[:], ", "))
}

// Policy is a mode and what else there is to say about it.
type Policy struct {
	Mode Mode
	// RefuseUnknown makes Require refuse telemetry that the model does not have, and
	// messages of a model that is not in the Set. Both are reported in any case.
	RefuseUnknown bool
	// Explain makes Coerce and Require report the changes too, at some cost.
	Explain bool
}

var errPolicy = errors.New("want off, report, coerce, require, or {require: {unknown: refuse}}")

// UnmarshalText reads the name of a mode.
func (p *Policy) UnmarshalText(text []byte) error {
	mode, err := ParseMode(strings.TrimSpace(string(text)))
	*p = Policy{Mode: mode}
	return err
}

// UnmarshalYAML reads the name of a mode, or {require: {unknown: refuse}}.
func (p *Policy) UnmarshalYAML(unmarshal func(any) error) error {
	var name string
	if unmarshal(&name) == nil {
		return p.UnmarshalText([]byte(name))
	}
	var long map[string]map[string]string
	if unmarshal(&long) != nil || len(long) != 1 || len(long["require"]) != 1 {
		return errPolicy
	}
	switch long["require"]["unknown"] {
	case "refuse":
		*p = Policy{Mode: Require, RefuseUnknown: true}
	case "report":
		*p = Policy{Mode: Require}
	default:
		return errPolicy
	}
	return nil
}

// Finding is one member that does not fit: its path in the measurements, the rule
// that it breaks and what would be right. It holds names and kinds, never a value.
type Finding = convert.Finding

// RuleModel is the rule of a finding about the model itself, which is not among the templates.
const RuleModel = convert.RuleModel

// Input is a message that is to fit.
type Input struct {
	ModelID   string // a message without one is not checked
	Component string
	Body      []byte // the measurements: a JSON object
}

// Message is a message that comes out.
type Message struct {
	Component string
	Body      []byte
}

// Result is what comes of a message.
type Result struct {
	// Messages are what is to be sent: one, or several where telemetry of components
	// was among that of the device. A body that needed no change is the one that
	// came in.
	Messages []Message
	Findings []Finding // what does not fit, as much of it as helps
	Changes  []Finding // what did not fit and was made right, if the policy asks for it
	More     int       // findings beyond that
}

// Mismatch is a message that is refused.
type Mismatch struct {
	ModelID  string
	Findings []Finding // at least one; what it is refused for comes first
	More     int       // findings beyond these
}

// Error describes what does not fit, in one line.
func (m *Mismatch) Error() string {
	const maxShown = 3
	var b strings.Builder
	fmt.Fprintf(&b, "the message does not fit the model %s", m.ModelID)
	for i, f := range m.Findings[:min(len(m.Findings), maxShown)] {
		b.WriteString([]string{"; ", ": "}[b2i(i == 0)])
		if f.Path != "" {
			b.WriteString(f.Path + " ")
		}
		b.WriteString(f.Hint)
	}
	if n := len(m.Findings) - maxShown + m.More; n > 0 {
		fmt.Fprintf(&b, "; and %d more", n)
	}
	return b.String()
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
