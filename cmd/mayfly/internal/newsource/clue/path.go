package clue

import (
	"net/url"
	"strings"

	"mayfly/internal/lazyregexp"
	"mayfly/transform/message"
)

var (
	idInPath    = lazyregexp.New(`^[A-Za-z0-9._:~-]*[0-9][A-Za-z0-9._:~-]*$`)
	versionForm = lazyregexp.New(`^(?i:v?[0-9]{1,2}([.][0-9]+)*|20[0-9]{2})$`)
	separated   = lazyregexp.New(`[A-Za-z0-9][-_:/.][A-Za-z0-9]`)
)

// PathID finds the segment of a path that names the device: the one behind a word such as devices, or else the only
// one that has the looks of an id. It is counted from the first segment. Shown is the path without what may be
// credentials.
func PathID(path string) (at int, id, shown string) {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	found, named := 0, false
	for i, s := range segments {
		plain, err := url.PathUnescape(s)
		form, _ := IDForm(s)
		const longID = 20
		switch {
		case form == "" && len(s) > longID && strings.ContainsAny(s, "0123456789"):
			segments[i] = "removed"
		case named || err != nil || plain != s || !message.ValidDeviceID(s):
		case i > 0 && In(DeviceWords, Folded(segments[i-1])) && !In(DeviceWords, Folded(s)):
			at, id, found, named = i, s, 1, true
		case len(s) > 2 && idInPath().MatchString(s) && !versionForm().MatchString(s):
			at, id = i, s
			found++
		}
	}
	if found != 1 {
		return 0, "", ""
	}
	return at, id, "/" + strings.Join(segments, "/")
}

// LooksLikeID tells texts such as pump-3 and 00A1B2C3D4E5, which name things rather than quantities.
func LooksLikeID(s string) bool {
	form, _ := IDForm(s)
	return form != "" || strings.ContainsAny(s, "0123456789") && separated().MatchString(s) && message.ValidDeviceID(s)
}
