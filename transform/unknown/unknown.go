package unknown

import (
	"reflect"
	"slices"
	"strings"

	"mayfly/internal/jsonscan"
	"mayfly/internal/settings"
	"mayfly/transform/message"
)

// maxMembers bounds the members that are found in one object.
const maxMembers = 10

// Member is a member that has no meaning.
type Member struct {
	Path string
	Near string // the path of the member that was probably meant; empty where none is near
}

// Members finds the members of an object besides those that are known. prefix is put
// before their names, as in "device.". As encoding/json does, it does not look at case.
func Members(object []byte, prefix string, known []string) (list []Member) {
	for members := jsonscan.Members(object); members.Next() && len(list) < maxMembers; {
		name := string(members.Name)
		if members.Escaped {
			name, _ = jsonscan.Text([]byte(`"` + name + `"`))
		}
		if slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, name) }) {
			continue
		}
		m := Member{Path: prefix + name}
		if near := settings.Nearest(name, known); near != "" {
			m.Near = prefix + near
		}
		list = append(list, m)
	}
	return list
}

// Names gives the names that encoding/json knows of a struct whose fields all have tags.
func Names(t reflect.Type) []string {
	names := make([]string, t.NumField())
	for i := range names {
		names[i], _, _ = strings.Cut(t.Field(i).Tag.Get("json"), ",")
	}
	return names
}

// Text tells what happened to the member.
func (m Member) Text() string {
	text := "member " + message.Quote(m.Path) + " is not known and was left out"
	if m.Near != "" {
		text += ": did you mean " + m.Near[strings.LastIndexByte(m.Near, '.')+1:] + "?"
	}
	return text
}

// Explain adds to the errors of members that are missing what stands there instead.
// prefix is before the paths of the errors, as in "[2].".
func Explain(fields []message.FieldError, prefix string, members []Member) {
	for i := range fields {
		f := &fields[i]
		for _, m := range members {
			if f.Rule == "required" && m.Near != "" && prefix+m.Near == f.Path {
				f.Hint += ": you wrote " + message.Quote(m.Path)
			}
		}
	}
}
