package clue

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"mayfly/transform/credential"
	"mayfly/transform/message"
)

// Field is a member that is no object, wherever it stands.
type Field struct {
	Names []string // from the part, or from what is around it
	Value any
	Outer bool // it is around the parts
}

// Name is the name of the field, folded.
func (f *Field) Name() string { return Folded(f.Names[len(f.Names)-1]) }

// Parent is the name of the object that the field is in; empty for none.
func (f *Field) Parent() string {
	if len(f.Names) < 2 {
		return ""
	}
	return f.Names[len(f.Names)-2]
}

// Within tells whether a field is in an object.
func (f *Field) Within(names []string) bool {
	return len(f.Names) > len(names) && slices.Equal(f.Names[:len(names)], names)
}

// FieldsOf lists what is in an object that is no object, in the order of the names.
func FieldsOf(object map[string]any) []*Field {
	var out []*Field
	collect(object, nil, &out)
	return out
}

// Bounds of what is looked at.
const (
	maxFields = 500
	maxInside = 12
)

func collect(object map[string]any, at []string, out *[]*Field) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		inside := append(slices.Clone(at), name)
		inner, ok := object[name].(map[string]any)
		switch {
		case len(*out) >= maxFields || len(inside) > maxInside:
			return
		case ok && len(inner) > 0 && !isMoment(name, inner):
			collect(inner, inside, out)
		default:
			*out = append(*out, &Field{Names: inside, Value: object[name]})
		}
	}
}

// isMoment tells an object that is one time, such as {"seconds": 1767225600, "nanos": 0}.
func isMoment(name string, object map[string]any) bool {
	if TimeScore(name) < 45 || len(object) > 9 {
		return false
	}
	_, ok := ReadTime(object, FarFuture())
	return ok
}

// FarFuture is a bound for times that takes all that devices send.
func FarFuture() time.Time { return time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC) }

// IsSecret tells a member that carries a credential of the sender.
func IsSecret(name string, v any) bool {
	s, isText := v.(string)
	switch {
	case v == nil || v == true || v == false || v == "":
		return false
	case isText && (jwtForm().MatchString(s) || strings.HasPrefix(s, "Bearer ") || strings.HasPrefix(s, "Basic ")):
		return true
	case credential.Known(strings.TrimLeft(name, "@#")):
		return !In("token pwd psk bearer jwt", Folded(name)) || !IsNumber(v)
	}
	return isText && In(secretWords, Folded(name)) && len(s) >= 8 && !strings.Contains(s, " ")
}

// Candidate is a member, or another part of a request, that may name the device.
type Candidate struct {
	At     *Field
	Where  string // the expression; empty for a field
	Shown  string // for people
	Sample string // its value
	Form   string // such as an EUI-64
	Score  int
	Call   string // behind the expression, such as " | eui"
}

// Candidates are the fields that may name the device, the likeliest first. taken are members that have another meaning.
func Candidates(fields []*Field, taken map[string]bool) []Candidate {
	var out []Candidate
	for _, f := range fields {
		if taken[Path(f.Names)] || In(UnitWords, f.Name()) && HasValue(fields, f) {
			continue
		}
		if c, ok := CandidateOf(f.Names, f.Value); ok {
			c.At, c.Shown = f, Path(f.Names)
			out = append(out, c)
		}
	}
	SortCandidates(out)
	return out
}

// SortCandidates sorts the likeliest first.
func SortCandidates(list []Candidate) {
	slices.SortStableFunc(list, func(a, b Candidate) int {
		return cmp.Or(b.Score-a.Score, cmp.Compare(len(a.Shown), len(b.Shown)))
	})
}

// MinIDScore is what a field needs to name the device.
const MinIDScore = 30

// CandidateOf looks at a value that may name the device.
func CandidateOf(names []string, v any) (c Candidate, ok bool) {
	s, ok := v.(string)
	if n, isNumber := message.NumberText(v); isNumber && !strings.ContainsAny(n, ".eE-") {
		s, ok = n, true
	}
	if !ok || s == "" || len(s) > maxIDBytes || strings.ContainsAny(s, "\n\r\t") {
		return c, false
	}
	if _, isTime := ReadTime(v, FarFuture()); isTime && TimeScore(names[len(names)-1]) > 0 {
		return c, false
	}
	c = Candidate{Sample: s, Score: IDScore(names)}
	var more int
	if c.Form, more = IDForm(s); c.Form == "" && IsSecret(names[len(names)-1], v) {
		return c, false
	}
	if c.Form != "" {
		switch {
		case c.Score == 0 && more > 20 && !In("appeui joineui gatewayeui", Folded(names[len(names)-1])):
			c.Score = more + 16
		case c.Score > 8:
			c.Score += more
		}
	}
	if strings.Contains(s, "://") || strings.Count(s, " ") > 4 {
		c.Score -= 40
	}
	switch {
	case c.Form == "an EUI-64" && (strings.ContainsAny(s, ":-") || strings.ToLower(s) != s):
		c.Call = " | eui"
	case !message.ValidDeviceID(s):
		c.Call = " | slug"
		if strings.Trim(strings.Map(ascii, s), "-._: ") == "" {
			return c, false
		}
	}
	return c, c.Score >= MinIDScore
}

func ascii(r rune) rune {
	if r > 0x7e {
		return -1
	}
	return r
}

// TimeCandidate is a member, or a pair of them, that may be the time.
type TimeCandidate struct {
	At    *Field
	Other *Field // the time of day, where at is the date alone
	Found Moment
	Score int
}

// BestTime finds the time of the readings; nil where there is none.
func BestTime(fields []*Field, now time.Time) *TimeCandidate {
	all := TimeCandidates(fields, now)
	if len(all) == 0 {
		return nil
	}
	return &all[0]
}

// MinTimeScore is what a field needs to be the time.
const MinTimeScore = 45

// TimeCandidates are the fields that may be the time, the likeliest first.
func TimeCandidates(fields []*Field, now time.Time) []TimeCandidate {
	var out []TimeCandidate
	for i, f := range fields {
		last := f.Names[len(f.Names)-1]
		score := TimeScore(last)
		m, ok := ReadTime(f.Value, now)
		if ok && score == 0 && (!m.isEpoch || digits(f.Value) == 13) {
			score = MinTimeScore + 3 // by its form
		}
		for _, up := range f.Names[:len(f.Names)-1] {
			if In(SideWords+" gateway network", Folded(up)) {
				score -= 30
			}
		}
		if ok && score >= MinTimeScore && !dateOnly(f.Value, m) {
			out = append(out, TimeCandidate{At: f, Found: m, Score: score - len(f.Names)})
		}
		if c, ok := dateAndTime(fields, i, now); ok {
			out = append(out, c)
		}
	}
	if len(out) == 0 { // better the day than the time of arrival
		for _, f := range fields {
			if m, ok := ReadTime(f.Value, now); ok && TimeScore(f.Names[len(f.Names)-1]) >= MinTimeScore {
				out = append(out, TimeCandidate{At: f, Found: m, Score: MinTimeScore})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b TimeCandidate) int { return b.Score - a.Score })
	return out
}

// dateOnly tells a date without a time of day.
func dateOnly(v any, m Moment) bool {
	s, ok := v.(string)
	return ok && !m.isEpoch && !strings.ContainsAny(s, ":T") && m.At.Equal(m.At.Truncate(24*time.Hour))
}

// dateAndTime joins a date with the time of day that stands beside it.
func dateAndTime(fields []*Field, i int, now time.Time) (c TimeCandidate, ok bool) {
	f := fields[i]
	date, isText := message.ScalarText(f.Value)
	if !isText || TimeScore(f.Names[len(f.Names)-1]) < 30 || ClockForm().MatchString(date) {
		return c, false
	}
	for _, other := range fields {
		clock, isText := other.Value.(string)
		if !isText || other == f || other.Outer != f.Outer || other.Parent() != f.Parent() {
			continue
		}
		digits := dateDigits().MatchString(date) && clockDigits().MatchString(clock) &&
			TimeScore(other.Names[len(other.Names)-1]) > 0
		if !digits && (!ClockForm().MatchString(strings.TrimSpace(clock)) || IsNumber(f.Value)) {
			continue
		}
		if m, ok := ReadTime(date+" "+clock, now); ok {
			return TimeCandidate{At: f, Other: other, Found: m, Score: 97}, true
		}
	}
	return c, false
}

// Compact writes a value for people.
func Compact(v any) string {
	const maxShown = 60
	raw, err := json.Marshal(v)
	if err != nil {
		return "a value"
	}
	if s := []rune(string(raw)); len(s) > maxShown {
		return string(s[:maxShown]) + "..."
	}
	return string(raw)
}

// digits counts those of a whole number.
func digits(v any) int {
	s, _ := message.ScalarText(v)
	return len(s)
}

const maxIDBytes = 128 // of a device id

// HasValue tells whether a value stands beside a field, such as the number beside its unit.
func HasValue(fields []*Field, f *Field) bool {
	for _, other := range fields {
		if other != f && len(other.Names) == len(f.Names) && other.Within(f.Names[:len(f.Names)-1]) &&
			In(ValueWords, other.Name()) && IsNumeric(other.Value) {
			return true
		}
	}
	return false
}
