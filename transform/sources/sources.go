package sources

import (
	"embed"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// Names lists the built-in sources, sorted, without parsing any.
func Names() []string {
	list, _ := files.ReadDir(".") // it is embedded
	names := make([]string, len(list))
	for i, file := range list {
		names[i] = strings.TrimSuffix(file.Name(), ".yaml")
	}
	return names
}

// Text gives the YAML of a built-in source; false when there is none of that name.
func Text(name string) ([]byte, bool) {
	text, err := files.ReadFile(name + ".yaml")
	return text, err == nil
}

// Hints gives the hints of a built-in source, as its YAML has them.
func Hints(name string) []string { return builtinHints[name] }

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
