package transform

import (
	"reflect"
	"slices"
	"sync"

	"mayfly/internal/jsonscan"
	"mayfly/transform/unknown"
)

// nativeMembers are the members of a native message, and those of its device.
var nativeMembers = sync.OnceValue(func() (members struct{ message, device []string }) {
	members.message = unknown.Names(reflect.TypeFor[native]())
	members.device = unknown.Names(reflect.TypeFor[nativeDevice]())
	return members
})

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
