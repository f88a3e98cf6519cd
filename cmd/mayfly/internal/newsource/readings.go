package newsource

import (
	"fmt"
	"slices"
	"strings"

	"mayfly/cmd/mayfly/internal/newsource/clue"
	"mayfly/transform/message"
)

// entry is a member of the measurements.
type entry struct {
	name string
	at   *clue.Field
	call string // behind the expression
}

// readings finds the measurements and the properties.
func (b *builder) readings() {
	defer b.write()
	if b.words != "" {
		return
	}
	if name, value, ok := pair(b.parts); ok && !b.noPair && len(b.shape.steps) > 0 && b.isPair(name, value) {
		b.onePair(name, value)
		return
	}
	clean := b.isText()
	var terms []string
	var told []string
	container := b.container()
	if container != nil {
		for _, f := range b.fields {
			if !f.Outer && f.Within(container) {
				b.taken[f] = true
			}
		}
	}
	lists := b.lists()
	var entries []entry
	for _, f := range b.free() {
		switch b.meaning(f, container != nil) {
		case reading:
			e := entry{at: f}
			if s, ok := f.Value.(string); ok {
				e.call = clue.NumberIn(s)
				clean = clean || e.call != "" || clue.IsNumeric(s)
			}
			entries = append(entries, e)
		case property:
			b.property(f)
		case nothing:
		}
	}
	entries = b.withoutKinds(entries, container != nil || len(lists) > 0)
	if len(entries)+len(lists) == 0 && container == nil && !b.encoded {
		entries = b.anything()
	}
	nameAll(entries)
	b.later = append(b.later, func() {
		tail := " | drop_nulls"
		if clean {
			tail = " | readings"
		}
		if container != nil {
			terms = append(terms, b.expr(&clue.Field{Names: container})+" // {}")
		}
		if len(entries) > 0 {
			terms = append(terms, b.object(entries))
		}
		for _, l := range lists {
			terms = append(terms, l())
		}
		written := terms[:0:0]
		for _, t := range terms {
			if len(terms) > 1 && strings.Contains(t, " ") {
				t = "(" + t + ")"
			}
			written = append(written, t)
		}
		switch joined := strings.Join(written, " + "); {
		case joined == "":
		case b.encoded && container == nil && len(lists) == 0:
			b.also = joined + tail
		default:
			b.measurements = joined + tail
		}
	})
	if container != nil {
		told = append(told, "all of "+clue.Path(container))
	}
	for _, e := range entries {
		told = append(told, e.name)
	}
	if len(lists) > 0 {
		told = append(told, "the values of a list, by their names")
	}
	if len(told) > 0 {
		b.note("measurements", shorten(told), false, b.otherReadings(container, entries)...)
	}
}

func shorten(list []string) string {
	const maxTold = 12
	if len(list) > maxTold {
		list = append(slices.Clone(list[:maxTold]), fmt.Sprintf("and %d more", len(list)-maxTold))
	}
	return strings.Join(list, ", ")
}

// otherReadings says what to write where other bodies have other members.
func (b *builder) otherReadings(container []string, entries []entry) []string {
	if container != nil || len(entries) == 0 || b.wrapped {
		return nil
	}
	for _, e := range entries {
		if len(e.at.Names) > 1 {
			return nil
		}
	}
	var rest []string
	for _, f := range b.fields {
		if name := clue.Text(f.Names[0]); !slices.ContainsFunc(entries, func(e entry) bool { return e.at == f }) &&
			!slices.Contains(rest, name) && !clue.IsSecret(f.Names[0], f.Value) {
			rest = append(rest, name)
		}
	}
	if len(rest) == 0 {
		return nil
	}
	return []string{"omit([" + strings.Join(rest, ", ") + "]), which takes members that this body does not have, too"}
}

// isText tells bodies whose values are all texts.
func (b *builder) isText() bool {
	for _, f := range b.fields {
		if clue.IsNumber(f.Value) {
			return false
		}
	}
	return true
}

type meaning int

const (
	nothing meaning = iota
	reading
	property
)

// meaning tells what a field that is neither id nor time is.
func (b *builder) meaning(f *clue.Field, beside bool) meaning {
	name, last := f.Name(), f.Names[len(f.Names)-1]
	s, isText := f.Value.(string)
	radio := clue.In(clue.RadioWords, name) && (b.encoded || beside)
	switch {
	case f.Value == nil || f.Value == "" || clue.In(clue.FlagWords, name):
		return nothing
	case strings.Contains(s, "://") || strings.HasSuffix(name, "unit") || strings.HasSuffix(name, "units"):
		return nothing
	case clue.In(clue.UnitWords, name) && clue.HasValue(b.fields, f):
		return nothing
	case clue.IsMessageID(f.Names):
		return nothing
	case clue.TimeScore(last) >= clue.MinTimeScore && !isNumberWithFraction(f.Value):
		if _, isTime := clue.ReadTime(f.Value, clue.FarFuture()); isTime || clue.ClockForm().MatchString(s) {
			return nothing
		}
	}
	if list, ok := f.Value.([]any); ok {
		if f.Outer || len(list) == 0 || objects(list) || slices.ContainsFunc(f.Names,
			func(n string) bool { return clue.In(clue.SideWords, clue.Folded(n)) }) {
			return nothing
		}
		return reading
	}
	if !scalar(f.Value) {
		return nothing
	}
	side := slices.ContainsFunc(f.Names[:len(f.Names)-1], func(n string) bool {
		return clue.In(clue.SideWords+" gateway gw network application customer user account organization tenant",
			clue.Folded(n))
	})
	numeric := clue.IsNumeric(f.Value) || f.Value == true || f.Value == false || clue.NumberIn(s) != ""
	switch {
	case side:
		return nothing
	case f.Outer || radio || clue.In(clue.CountWords, name) || clue.IDScore(f.Names) >= clue.MinIDScore &&
		!fraction(f.Value) || isIDName(name):
		return property
	case numeric:
		return reading
	case isText && (clue.In(clue.StatusWords, name) || clue.IsState(s)):
		return reading
	case isText && len(s) <= 128:
		return property
	}
	return nothing
}

func isIDName(name string) bool {
	return strings.HasSuffix(name, "id") && len(name) < 30 && name != "humid"
}

func isNumberWithFraction(v any) bool { return clue.IsNumber(v) && fraction(v) }

func fraction(v any) bool {
	s, ok := message.ScalarText(v)
	return ok && strings.Contains(s, ".")
}

// withoutKinds makes properties of what tells the kind of a message, where there are numbers beside it.
func (b *builder) withoutKinds(entries []entry, numbers bool) []entry {
	for _, e := range entries {
		s, _ := e.at.Value.(string)
		numbers = numbers || clue.IsNumeric(e.at.Value) || clue.NumberIn(s) != ""
	}
	if !numbers && !b.encoded {
		return entries
	}
	return slices.DeleteFunc(entries, func(e entry) bool {
		s, isText := e.at.Value.(string)
		if !isText || !clue.In(clue.KindWords, e.at.Name()) || clue.IsNumeric(s) || clue.NumberIn(s) != "" {
			return false
		}
		b.property(e.at)
		return true
	})
}

// nameAll names readings: by the member's name, or with that of what it is in where its own says little or is not the
// only one.
func nameAll(entries []entry) {
	clean := func(name string) string { return strings.TrimLeft(name, "@#") }
	count := map[string]int{}
	for i := range entries {
		f := entries[i].at
		name, parent := clean(f.Names[len(f.Names)-1]), clean(f.Parent())
		switch {
		case parent == "":
		case clue.In(clue.ValueWords, clue.Folded(name)):
			name = parent
		case clue.In(clue.PartWords, clue.Folded(name)) && !clue.In(clue.Containers+" "+clue.DeviceWords,
			clue.Folded(parent)):
			name = parent + "_" + name
		}
		entries[i].name = name
		count[name]++
	}
	used := map[string]bool{}
	for i := range entries {
		f, name := entries[i].at, entries[i].name
		if count[name] > 1 && len(f.Names) > 1 && clean(f.Parent()) != name {
			name = clean(f.Parent()) + "_" + name
		}
		for up := len(f.Names) - 3; up >= 0 && used[name]; up-- {
			name = clean(f.Names[up]) + "_" + name
		}
		for used[name] {
			name += "_"
		}
		entries[i].name, used[name] = name, true
	}
}

// object writes the object of some readings.
func (b *builder) object(entries []entry) string {
	members := make([]string, len(entries))
	length := 0
	for i, e := range entries {
		at := b.expr(e.at)
		switch {
		case e.call != "":
			members[i] = clue.Key(e.name) + ": (" + at + e.call + ")"
		case at == "."+e.name:
			members[i] = e.name
		default:
			members[i] = clue.Key(e.name) + ": " + at
		}
		length += len(members[i]) + 2
	}
	const maxLine = 90
	if length <= maxLine {
		return "{" + strings.Join(members, ", ") + "}"
	}
	return "{\n  " + strings.Join(members, ",\n  ") + "\n}"
}

// property makes an application property of a field.
func (b *builder) property(f *clue.Field) {
	const maxProperties = 10
	name := strings.TrimLeft(f.Names[len(f.Names)-1], "@#")
	for _, p := range b.properties {
		if strings.EqualFold(p[0], name) {
			name = strings.TrimLeft(f.Parent(), "@#") + "-" + name
		}
	}
	if len(b.properties) >= maxProperties || !message.ValidProperty(name) ||
		slices.ContainsFunc(b.properties, func(p [2]string) bool { return strings.EqualFold(p[0], name) }) {
		return
	}
	i := len(b.properties)
	b.properties = append(b.properties, [2]string{name, ""})
	b.later = append(b.later, func() {
		if i < len(b.properties) { // else they turned out to be all that there is
			b.properties[i][1] = b.expr(f)
		}
	})
}

// container finds an object whose members are all readings.
func (b *builder) container() []string {
	counts := map[string]int{}
	at := map[string][]string{}
	var order []string
	for _, f := range b.fields {
		for i := 1; i < len(f.Names) && !f.Outer; i++ {
			p := clue.Path(f.Names[:i])
			if at[p] == nil {
				at[p] = f.Names[:i]
				order = append(order, p)
			}
			switch {
			case b.taken[f] || i != len(f.Names)-1 || b.notReading(f):
				counts[p] -= 1000
			default:
				counts[p]++
			}
		}
	}
	best := ""
	for _, p := range order {
		names := at[p]
		last := clue.Folded(names[len(names)-1])
		if counts[p] > 0 && (clue.In(clue.Containers, last) || counts[p] > 3) &&
			!clue.In(clue.OtherWords+" "+clue.SideWords, last) &&
			(best == "" || counts[p] > counts[best]) && !clue.In(clue.DeviceWords+" meta metadata info context "+
			"location position gps", last) {
			best = p
		}
	}
	return at[best]
}

// notReading tells what cannot be in an object that is taken as a whole.
func (b *builder) notReading(f *clue.Field) bool {
	s, isText := f.Value.(string)
	if isText && clue.NumberIn(s) != "" || !scalar(f.Value) {
		return true
	}
	return b.meaning(f, false) != reading && f.Value != nil && (!isText || len(s) > 32 ||
		clue.IDScore(f.Names) >= clue.MinIDScore)
}

// anything takes what there is, where nothing looks like a reading.
func (b *builder) anything() []entry {
	var entries []entry
	for _, f := range b.fields {
		if scalar(f.Value) && f.Value != nil && !slices.Contains(b.hidden, f) && !b.usedAsID(f) {
			entries = append(entries, entry{at: f})
		}
	}
	b.properties = nil
	if len(entries) == 0 {
		b.measurements = "{seen: true}"
	}
	b.note("measurements", "nothing in the body looks like a reading", true)
	return entries
}

// usedAsID tells whether a field is the id or the time.
func (b *builder) usedAsID(f *clue.Field) bool {
	return b.taken[f] && (clue.IDScore(f.Names) >= clue.MinIDScore ||
		clue.TimeScore(f.Names[len(f.Names)-1]) >= clue.MinTimeScore)
}

// write writes the expressions.
func (b *builder) write() {
	for _, f := range b.fields { // properties around the parts are worth a wrapper
		b.wrapped = b.wrapped || f.Outer && !b.taken[f] && b.meaning(f, false) == property &&
			!clue.In(clue.CountWords, f.Name())
	}
	for _, do := range b.later {
		do()
	}
}
