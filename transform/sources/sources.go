package sources

import (
	"embed"
	"slices"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// builtin is a source of the table in hints.go. The table is data of the program: a start makes nothing of it.
type builtin struct {
	name  string
	hints []string
}

// Names lists the built-in sources, sorted, without parsing any.
func Names() []string {
	names := make([]string, len(builtins))
	for i := range builtins {
		names[i] = builtins[i].name
	}
	return names
}

// Text gives the YAML of a built-in source; false when there is none of that name.
func Text(name string) ([]byte, bool) {
	text, err := files.ReadFile(name + ".yaml")
	return text, err == nil
}

// Hints gives the hints of a built-in source, as its YAML has them.
func Hints(name string) []string {
	at, found := slices.BinarySearchFunc(builtins[:], name, func(b builtin, name string) int {
		return strings.Compare(b.name, name)
	})
	if !found {
		return nil
	}
	return builtins[at].hints
}

// Group is a part of the list of sources.
type Group struct{ Name, Title string }

// groups is a fixed list, in the order in which they are shown.
var groups = [...]Group{
	{"lorawan", "LoRaWAN"},
	{"cellular", "Cellular and satellite"},
	{"sensors", "Sensors and energy"},
	{"weather", "Weather and air"},
	{"trackers", "Trackers and phones"},
	{"collectors", "Brokers and collectors"},
	{"standards", "Standards"},
}

// Groups lists the groups of sources.
func Groups() []Group { return groups[:] }

// GroupNames lists the names of the groups, as they stand in a source's YAML.
func GroupNames() []string {
	names := make([]string, len(groups))
	for i, g := range groups {
		names[i] = g.Name
	}
	return names
}

// GroupTitle gives the title of a group; empty when there is none of that name.
func GroupTitle(name string) string {
	for _, g := range groups {
		if g.Name == name {
			return g.Title
		}
	}
	return ""
}
