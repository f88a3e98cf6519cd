package newsource

import (
	"maps"
	"slices"
	"strings"

	"mayfly/cmd/mayfly/internal/newsource/clue"
	"mayfly/transform/message"
)

// pair finds the members of the elements of a list that hold the name and the value of a reading.
func pair(list []any) (name, value string, ok bool) {
	all, isObject := merged(list).(map[string]any)
	if !isObject {
		return "", "", false
	}
	for word := range strings.FieldsSeq(clue.ValueWords) {
		for _, member := range slices.Sorted(maps.Keys(all)) {
			if clue.Folded(member) == word && value == "" && scalar(all[member]) {
				value = member
			}
		}
	}
	if value == "" {
		return "", "", false
	}
	most := 0
	for word := range strings.FieldsSeq(clue.NameWords) {
		for member := range all {
			if clue.Folded(member) != word || member == value {
				continue
			}
			if n := differentTexts(list, member); n > most {
				name, most = member, n
			}
		}
	}
	return name, value, most > 0
}

// differentTexts counts the different values of a member that all elements of a list have; 0 where one lacks it.
func differentTexts(list []any, member string) int {
	seen := map[string]bool{}
	for _, e := range list {
		object, _ := e.(map[string]any)
		switch v := object[member].(type) {
		case string:
			if v == "" || len(v) > 64 || len(list) == 1 && clue.IsNumeric(v) {
				return 0
			}
			seen[v] = true
		default:
			s, ok := message.NumberText(v)
			if !ok || strings.Contains(s, ".") {
				return 0
			}
			seen[s] = true
		}
	}
	return len(seen)
}

// discriminated tells whether the elements of a list are parts of one device, such as channels.
func discriminated(list []any) bool { return discriminator(list) != "" }

// discriminator finds the member that tells the parts of a device apart.
func discriminator(list []any) string {
	all, _ := merged(list).(map[string]any)
	for word := range strings.FieldsSeq(clue.IndexWords) {
		for _, member := range slices.Sorted(maps.Keys(all)) {
			if clue.Folded(member) == word && differentTexts(list, member) == len(list) {
				return member
			}
		}
	}
	return ""
}

func objects(list []any) bool {
	for _, e := range list {
		if _, ok := e.(map[string]any); !ok {
			return false
		}
	}
	return len(list) > 0
}

// lists tells a list of lists of scalars, all as long.
func lists(list []any) bool {
	n := -1
	for _, e := range list {
		row, ok := e.([]any)
		if !ok || len(row) < 2 || n >= 0 && len(row) != n || slices.ContainsFunc(row,
			func(v any) bool { return !scalar(v) }) {
			return false
		}
		n = len(row)
	}
	return n > 0
}

func scalar(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

// merged is an object with the members of all objects of a list.
func merged(list []any) any {
	out := map[string]any{}
	for _, e := range list {
		object, ok := e.(map[string]any)
		if !ok {
			return nil
		}
		join(out, object)
	}
	return out
}

func join(into, object map[string]any) {
	for name, v := range object {
		old, both := into[name].(map[string]any)
		inner, isObject := v.(map[string]any)
		switch {
		case both && isObject:
			join(old, inner)
		case into[name] == nil && isObject:
			fresh := map[string]any{}
			join(fresh, inner)
			into[name] = fresh
		case into[name] == nil || into[name] == "":
			into[name] = v
		}
	}
}

// idKeys tells an object whose names are ids of devices.
func idKeys(object map[string]any) bool {
	for name, v := range object {
		if form, _ := clue.IDForm(name); form == "" {
			return false
		}
		if _, ok := v.(map[string]any); !ok {
			return false
		}
	}
	return len(object) > 0
}

func first(object map[string]any) string { return slices.Sorted(maps.Keys(object))[0] }

func hasNumber(v any) bool {
	object, ok := v.(map[string]any)
	if !ok {
		return clue.IsNumeric(v)
	}
	for _, inner := range object {
		if hasNumber(inner) {
			return true
		}
	}
	return false
}
