package emulator

import (
	"maps"
	"slices"
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
