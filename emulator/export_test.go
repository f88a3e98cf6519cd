package emulator

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"mayfly/emulator/internal/fleet"
)

// ConsoleRoutes lists the patterns of the console's API.
func (e *Emulator) ConsoleRoutes() []string {
	var out []string
	for _, r := range e.consoleRoutes() {
		out = append(out, r.pattern)
	}
	return out
}

// QueryParameters lists the parameters of GET /events and GET /calls.
func QueryParameters() []string { return queryParameters }

// DeviceActions lists the actions of POST /devices/{id}/{action}.
func (e *Emulator) DeviceActions() []string {
	return append(slices.Sorted(maps.Keys(e.deviceActions())), "c2d", "move", "provision")
}

// SnapshotMembers lists the members of a device in a snapshot.
func SnapshotMembers() []string {
	var out []string
	for f := range reflect.TypeFor[fleet.DeviceSnapshot]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		out = append(out, name)
	}
	return out
}
