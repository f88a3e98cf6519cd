package transform

import (
	"reflect"
	"slices"
	"strings"
	"sync"

	"mayfly/internal/jsonscan"
	"mayfly/transform/unknown"
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

// unknownMembers finds the members of a native message that have no meaning: they
// are left out, and nobody would know.
func unknownMembers(item []byte) []unknown.Member {
	known := nativeMembers()
	list := unknown.Members(item, "", known.message)
	for members := jsonscan.Members(item); members.Next(); {
		if string(members.Name) == "device" {
			list = append(list, unknown.Members(members.Value, "device.", known.device)...)
		}
	}
	return list
}

// noteUnknown adds notes of unknown members: of those of a batch each name once.
func noteUnknown(notes []Note, members []unknown.Member) []Note {
	for _, m := range members {
		note := Note{Kind: NoteLeftOut, Text: m.Text()}
		if len(notes) < maxNotes && !slices.Contains(notes, note) {
			notes = append(notes, note)
		}
	}
	return notes
}
