package transform

import (
	"reflect"
	"slices"
	"strings"
	"sync"

	"mayfly/internal/jsonscan"
	"mayfly/internal/settings"
	"mayfly/transform/message"
)

// nativeMembers are the members of a native message, and those of its device.
var nativeMembers = sync.OnceValue(func() (members struct{ message, device []string }) {
	members.message = jsonNames(reflect.TypeFor[native]())
	members.device = jsonNames(reflect.TypeFor[nativeDevice]())
	return members
})

func jsonNames(t reflect.Type) []string {
	names := make([]string, t.NumField())
	for i := range names {
		names[i], _, _ = strings.Cut(t.Field(i).Tag.Get("json"), ",")
	}
	return names
}

// maxUnknown bounds the unknown members that one request is told of.
const maxUnknown = 10

// unknownMember is a member of a native message that has no meaning.
type unknownMember struct {
	path string
	near string // the member that was probably meant
}

// unknownMembers finds the members of a native message that have no meaning: they
// are left out, and nobody would know.
func unknownMembers(item []byte) []unknownMember {
	known := nativeMembers()
	var list []unknownMember
	for members := jsonscan.Members(item); members.Next() && len(list) < maxUnknown; {
		if string(members.Name) == "device" {
			list = append(list, unknownOf(members.Value, "device.", known.device)...)
		}
	}
	return append(list, unknownOf(item, "", known.message)...)
}

func unknownOf(object []byte, prefix string, known []string) (list []unknownMember) {
	for members := jsonscan.Members(object); members.Next() && len(list) < maxUnknown; {
		name := string(members.Name)
		if members.Escaped {
			name, _ = jsonscan.Text([]byte(`"` + name + `"`))
		}
		// As encoding/json does, case is not looked at.
		if !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, name) }) {
			list = append(list, unknownMember{prefix + name, settings.Nearest(name, known)})
		}
	}
	return list
}

// noteUnknown adds notes of unknown members: of those of a batch each name once.
func noteUnknown(notes []Note, unknown []unknownMember) []Note {
	for _, u := range unknown {
		if note := u.note(); len(notes) < maxNotes && !slices.Contains(notes, note) {
			notes = append(notes, note)
		}
	}
	return notes
}

// note tells what happened to the member.
func (u unknownMember) note() Note {
	text := "member " + message.Quote(u.path) + " is not known and was left out"
	if u.near != "" {
		text += ": did you mean " + u.near + "?"
	}
	return Note{Kind: NoteLeftOut, Text: text}
}

// explainMissing adds to the error of a missing member the unknown one that may be
// meant by it.
func explainMissing(fields []message.FieldError, prefix string, unknown []unknownMember) {
	for i := range fields {
		f := &fields[i]
		if f.Rule != "required" {
			continue
		}
		for _, u := range unknown {
			if u.near == "" {
				continue
			}
			dir, _, _ := strings.Cut(u.path, ".")
			want := u.near
			if dir == "device" && dir != u.path {
				want = "device." + u.near
			}
			if prefix+want == f.Path {
				f.Hint += ": you wrote " + message.Quote(u.path)
			}
		}
	}
}
