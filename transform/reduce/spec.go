package reduce

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"mayfly/internal/settings"
	"mayfly/transform/message"
)

// Spec says how the readings of a request are reduced. An empty one reduces nothing.
type Spec struct {
	Window time.Duration        `yaml:"window"` // of the readings' times, as in 1m; all of the request when left out
	Fields map[string]Functions `yaml:"fields"` // members: min, max, avg, last or count, or a list of these
	Others string               `yaml:"others"` // the members that are not named: last (their last value) or drop
	Only   map[string]Change    `yaml:"only"`   // readings where a member has changed, by a number at least
}

// Function is what is made of the values of a member.
type Function string

// The functions.
const (
	Min   Function = "min"
	Max   Function = "max"
	Avg   Function = "avg"
	Last  Function = "last"
	Count Function = "count" // of the readings that have the member
)

var functions = []string{string(Min), string(Max), string(Avg), string(Last), string(Count)}

// Functions are one function, whose value has the name of the member, or a list, whose values have names such as
// temperature_min.
type Functions struct {
	List  []Function
	Plain bool
}

var errFunctions = errors.New("want min, max, avg, last or count, or a list, as in [min, max]")

// UnmarshalYAML reads either form.
func (f *Functions) UnmarshalYAML(unmarshal func(any) error) error {
	var one string
	var names []string
	if unmarshal(&one) == nil {
		f.Plain, names = true, []string{one}
	} else if unmarshal(&names) != nil || len(names) == 0 {
		return errFunctions
	}
	for _, name := range names {
		if problem := settings.Enum(name, functions...); problem != "" || name == "" {
			return errFunctions
		}
		f.List = append(f.List, Function(name))
	}
	return nil
}

// Change is how much a member has to change.
type Change struct {
	Least decimal // of a number; any change when 0
}

var errChange = errors.New("want changed, or how much a number changes at least, as in 0.5")

// UnmarshalYAML reads changed or a number.
func (c *Change) UnmarshalYAML(node ast.Node) error {
	text := node.GetToken().Value
	if text == "changed" {
		return nil
	}
	if number, ok := message.ParseNumber(text); ok {
		if c.Least, ok = decimalOf(number); ok && c.Least.Sign() >= 0 {
			return nil
		}
	}
	at := node.GetToken().Position
	return fmt.Errorf("[%d:%d] %w", at.Line, at.Column, errChange)
}

const (
	minWindow = time.Second
	maxWindow = 24 * time.Hour
	maxFields = 100
)

// Reducer reduces as a Spec says. It is safe for concurrent use.
type Reducer struct {
	window  time.Duration
	fields  []field
	drop    bool
	only    []condition
	windows bool // readings are put together, and not only left out
}

type field struct {
	path []string
	Functions
}

type condition struct {
	path []string
	Change
}

// New checks a Spec; the faults have members of it. The Reducer is nil for one that reduces nothing.
func New(s *Spec) (*Reducer, message.Faults) {
	var faults message.Faults
	fault := func(member, problem string) {
		faults = append(faults, &message.Fault{Field: member, Problem: problem})
	}
	r := &Reducer{window: s.Window, drop: s.Others == "drop", windows: s.Window > 0 || len(s.Fields) > 0}
	if s.Window != 0 && (s.Window < minWindow || s.Window > maxWindow) {
		fault("window", "must be from 1s to 24h")
	}
	if problem := settings.Enum(s.Others, "last", "drop"); problem != "" {
		fault("others", problem)
	}
	if len(s.Fields)+len(s.Only) > maxFields {
		fault("fields", fmt.Sprintf("and only name more than %d members", maxFields))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Fields)) {
		path, ok := pathOf(name)
		if !ok {
			fault("fields", message.Quote(name)+" is not a member, as in temperature or environment.temperature")
		}
		r.fields = append(r.fields, field{path, s.Fields[name]})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Only)) {
		path, ok := pathOf(name)
		if !ok {
			fault("only", message.Quote(name)+" is not a member, as in temperature or environment.temperature")
		}
		r.only = append(r.only, condition{path, s.Only[name]})
	}
	if s.Others != "" && !r.windows {
		fault("others", "is for members that are put together: say window or fields")
	}
	if len(faults) > 0 || !r.windows && len(r.only) == 0 {
		return nil, faults
	}
	return r, nil
}

// pathOf reads the path of a member.
func pathOf(name string) ([]string, bool) {
	path := strings.Split(strings.TrimPrefix(name, "."), ".")
	return path, len(path) <= 8 && !slices.Contains(path, "")
}
