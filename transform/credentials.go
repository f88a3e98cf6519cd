package transform

import (
	"maps"
	"slices"

	"mayfly/transform/credential"
	"mayfly/transform/message"
)

// withoutCredentials takes out of a message in one of Mayfly's own formats what carries
// a credential of its sender. Nobody has mapped it: it is not there on purpose.
func (o *Outcome) withoutCredentials(m *message.Message) {
	var dropped []string
	m.Body, dropped = credential.Without(m.Body, nil)
	for _, name := range slices.Sorted(maps.Keys(m.Properties)) {
		if credential.Known(name) {
			delete(m.Properties, name)
			dropped = append(dropped, "properties."+name)
		}
	}
	for _, name := range dropped {
		note := Note{DeviceID: m.DeviceID, Kind: NoteCredential, Text: credentialText(name)}
		if len(o.Notes) < maxNotes && !slices.Contains(o.Notes, note) {
			o.Notes = append(o.Notes, note)
		}
	}
}

func credentialText(name string) string {
	return name + " was left out: it carries a credential; a source whose mapping names it keeps it"
}
