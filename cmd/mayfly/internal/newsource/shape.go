package newsource

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mayfly/cmd/mayfly/internal/newsource/clue"
)

// shape is where the messages of a body are, as steps of the expression each.
type shape struct {
	prelude []string // expressions that read JSON inside texts
	steps   []step
	maybe   []string // what else the lists may be, for people
}

// step goes from a value to the parts in it.
type step struct {
	path    []string // of the list, or of the object
	kind    stepKind
	columns []string // of rows: the path of their names
}

type stepKind string

const (
	elements stepKind = "elements" // of a list of objects
	members  stepKind = "members"  // of an object whose names are ids
	rows     stepKind = "rows"     // lists of values, with their names elsewhere
	parallel stepKind = "parallel" // an object of lists of the same length
)

const maxDepth = 6

// finder finds the shape of a body.
type finder struct {
	now time.Time
	xml bool // whose lists of one element are no lists
}

// prepare reads the JSON that texts of an object hold; it changes the value.
func (f *finder) prepare(v any, at []string, s *shape) any {
	object, ok := v.(map[string]any)
	if !ok || len(at) > maxDepth {
		return v
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		inside := append(slices.Clone(at), name)
		if held, ok := object[name].(string); ok {
			value, how := clue.JSONIn(held)
			if how == "" {
				continue
			}
			s.prelude = append(s.prelude, fmt.Sprintf("%s |= (%s)", clue.Path(inside), how))
			object[name] = value
		}
		object[name] = f.prepare(object[name], inside, s)
	}
	return object
}

// find adds the steps that lead to the messages of a value.
func (f *finder) find(v any, s *shape) {
	for range maxDepth {
		next, inner := f.step(v, s)
		if next == nil {
			return
		}
		s.steps = append(s.steps, *next)
		v = inner
	}
}

// step finds the next step, and the value that it leads to: one that has the members of all parts.
func (f *finder) step(v any, s *shape) (next *step, inner any) {
	switch v := v.(type) {
	case []any:
		if objects(v) {
			return &step{kind: elements}, merged(v)
		}
		if lists(v) {
			return &step{kind: rows}, nil
		}
	case map[string]any:
		if idKeys(v) {
			return &step{kind: members}, map[string]any{"key": first(v),
				"value": merged(slices.Collect(maps.Values(v)))}
		}
		if f.isParallel(v) {
			return &step{kind: parallel}, nil
		}
		return f.within(v, s)
	}
	return nil, nil
}

// within finds the list of messages in an object, at most three objects deep.
func (f *finder) within(object map[string]any, s *shape) (next *step, inner any) {
	best := 0
	f.walk(object, nil, func(at []string, v any) {
		found, score, value := f.candidate(object, at, v)
		if found == nil {
			return
		}
		score -= len(at)
		if best > 0 && score > 0 {
			s.maybe = append(s.maybe, clue.Path(at))
		}
		if score > best {
			if next != nil {
				s.maybe = append(s.maybe, clue.Path(next.path))
			}
			best, next, inner = score, found, value
		}
	})
	s.maybe = slices.DeleteFunc(s.maybe, func(p string) bool { return next != nil && p == clue.Path(next.path) })
	return next, inner
}

// walk visits what is in an object, but not what is in lists.
func (f *finder) walk(object map[string]any, at []string, visit func(at []string, v any)) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		inside := append(slices.Clone(at), name)
		if clue.In(clue.SideWords, clue.Folded(name)) {
			continue
		}
		visit(inside, object[name])
		if inner, ok := object[name].(map[string]any); ok && len(inside) < maxDepth {
			f.walk(inner, inside, visit)
		}
	}
}

// candidate tells whether a value holds the messages, and how likely that is.
func (f *finder) candidate(whole map[string]any, at []string, v any) (found *step, score int, inner any) {
	name := clue.Folded(at[len(at)-1])
	switch v := v.(type) {
	case []any:
		switch {
		case len(v) == 0:
			return nil, 0, nil
		case objects(v):
			score = f.batchScore(v, name)
			return &step{path: at, kind: elements}, score, merged(v)
		case lists(v):
			return &step{path: at, kind: rows, columns: f.columnsOf(whole, len(v[0].([]any)))}, 50, nil
		}
	case map[string]any:
		if f.xml && clue.In(clue.ListWords, name) && len(at) > 1 && !clue.In("body content payload data",
			name) { // on another day several
			if score := f.batchScore([]any{v}, name); score >= 60 {
				return &step{path: at, kind: elements}, score, v
			}
		}
		if idKeys(v) {
			values := slices.Collect(maps.Values(v))
			return &step{path: at, kind: members}, 80, map[string]any{"key": first(v), "value": merged(values)}
		}
		if f.isParallel(v) {
			return &step{path: at, kind: parallel}, 75, nil
		}
	}
	return nil, 0, nil
}

// batchScore tells how likely the elements of a list are messages: at most 0 where they are the readings of one.
func (f *finder) batchScore(list []any, name string) int {
	times, ids := f.times(list), f.ids(list)
	switch {
	case times > 1 || times == 1 && len(list) == 1:
		return 90
	case ids > 1 && ids == len(list):
		return 85
	}
	if _, _, ok := pair(list); ok {
		return 0
	}
	all, _ := merged(list).(map[string]any)
	nested := false
	f.walk(all, nil, func(at []string, v any) { // such as devices, each with its readings
		if inner, ok := v.([]any); ok && len(inner) > 0 && objects(inner) && f.times(inner) > 0 {
			nested = true
		}
	})
	switch {
	case nested:
		return 70
	case times > 0 || ids > 0 && len(list) == 1 && !discriminated(list):
		return 60
	case clue.In(clue.ListWords, name) && !discriminated(list) && hasNumber(all):
		return 20
	}
	return 0
}

// times counts the different times of the elements of a list.
func (f *finder) times(list []any) int {
	seen := map[string]bool{}
	for _, e := range list {
		if object, ok := e.(map[string]any); ok {
			if best := clue.BestTime(clue.FieldsOf(object), f.now); best != nil {
				seen[best.Found.At.String()] = true
			}
		}
	}
	return len(seen)
}

// ids counts the different devices of the elements of a list.
func (f *finder) ids(list []any) int {
	seen := map[string]bool{}
	for _, e := range list {
		object, ok := e.(map[string]any)
		if !ok {
			continue
		}
		if found := clue.Candidates(clue.FieldsOf(object), nil); len(found) > 0 && found[0].Score >= 80 {
			seen[found[0].Sample] = true
		}
	}
	return len(seen)
}

// columnsOf finds the names of the values in rows: a list of as many texts.
func (f *finder) columnsOf(object map[string]any, n int) (at []string) {
	f.walk(object, nil, func(inside []string, v any) {
		list, ok := v.([]any)
		if !ok || len(list) != n || at != nil {
			return
		}
		for _, e := range list {
			if _, ok := e.(string); !ok {
				return
			}
		}
		at = inside
	})
	return at
}

// isParallel tells an object of lists of the same length, one of which has times.
func (f *finder) isParallel(object map[string]any) bool {
	n, times := -1, false
	for name, v := range object {
		list, ok := v.([]any)
		if !ok || len(list) == 0 || n >= 0 && len(list) != n || objects(list) || lists(list) {
			return false
		}
		n = len(list)
		if _, isTime := clue.ReadTime(list[0], f.now); isTime && clue.TimeScore(name) >= 45 {
			times = true
		}
	}
	return times && len(object) > 1
}

// each writes the expression of a source's parts. Around a part is what its lists stand in, as the member outer, where
// that is asked for.
func (s *shape) each(f *finder, outer bool) string {
	var stages []string
	stages = append(stages, s.prelude...)
	if len(s.steps) == 0 {
		return strings.Join(stages, " | ")
	}
	if !outer {
		for i := range s.steps {
			stages = append(stages, s.steps[i].parts(f, "."))
		}
		return strings.Join(stages, " | ")
	}
	var around []string
	for i := range s.steps {
		st := &s.steps[i]
		variable := "$all"
		if i > 0 {
			variable = fmt.Sprintf("$all%d", i+1)
		}
		stages = append(stages, ". as "+variable, st.parts(f, variable))
		if len(st.path) > 0 {
			around = append(around, fmt.Sprintf("(%s | del(%s))", variable, clue.Path(st.path)))
		}
	}
	if len(around) == 0 {
		around = []string{"{}"}
	}
	return strings.Join(append(stages, "{outer: "+strings.Join(around, " + ")+", item: .}"), " | ")
}

// parts writes how to get at the parts; whole is the variable that holds the value, for the names of columns.
func (st *step) parts(f *finder, whole string) string {
	at := clue.Path(st.path)
	list := at + "[]"
	switch st.kind {
	case members:
		return strings.TrimPrefix(at+" | ", ". | ") + "to_entries[]"
	case rows:
		const object = "transpose | map({(.[0]): .[1]}) | add"
		switch {
		case st.columns == nil:
			return list + ` | to_entries | map({("c\(.key)"): .value}) | add`
		case whole == ".":
			return fmt.Sprintf("%s as $names | %s | [$names, .] | %s", clue.Path(st.columns), list, object)
		}
		return fmt.Sprintf("%s | [%s%s, .] | %s", list, whole, clue.Path(st.columns), object)
	case parallel:
		return at + " | keys as $names | [.[$names[]]] | transpose[] | [$names, .] | transpose " +
			"| map({(.[0]): .[1]}) | add"
	case elements:
	}
	if f.xml && len(st.path) > 0 {
		return fmt.Sprintf("%s | if type == \"array\" then .[] else . end", at)
	}
	return list
}
