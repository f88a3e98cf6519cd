package routehint

import (
	"slices"
	"strings"

	"mayfly/internal/settings"
	"mayfly/transform"
)

const (
	telemetry = "/api/telemetry"
	device    = "/api/devices/{deviceId}/telemetry"
	ingest    = "/api/ingest"
)

// Routes tells where messages go, for a sender that knows the address alone.
const Routes = "messages go to " + telemetry + ", to " + device + ", to /api/{source}, or to " + ingest +
	", which finds the source"

// maxSegments bounds the segments of a path that are looked at.
const maxSegments = 8

// For returns what the sender of a request to path should have written; empty where that
// cannot be told. Sources are the names that may be told.
func For(path string, sources []string) string {
	segments := strings.SplitN(strings.Trim(path, "/ "), "/", maxSegments+1)
	if len(segments) > maxSegments {
		return ""
	}
	last := &segments[len(segments)-1]
	if i := strings.IndexAny(*last, "?&;= "); i >= 0 { // a query that was encoded, or that lacks its ?
		*last = (*last)[:i]
	}
	at := slices.IndexFunc(segments, isAPI)
	if at >= 0 && at+2 < len(segments) && isAPI(segments[at+1]) {
		at++ // as in /api/api/telemetry, where a base path is in front
	}
	if at < 0 && len(segments) > 1 && settings.Nearest(segments[0], []string{"api", "apis"}) != "" {
		at = 0 // as in /apis/telemetry
	}
	inside := segments[at+1:]
	if at < 0 && len(segments) > 1 && isVersion(segments[0]) {
		inside = segments[1:]
	}
	if at >= 0 && len(inside) > 0 && isVersion(inside[0]) {
		inside = inside[1:]
	}
	route := nearest(inside, sources)
	switch {
	case route == "" && at == 0:
		return Routes
	case route == "":
		return ""
	case route == device && lacksID(inside):
		return "the id of the device is missing: POST to " + device
	case at > 0 && strings.EqualFold("/api/"+strings.Join(inside, "/"), route):
		return "did you mean " + route + "? Where something in front adds the path before it, set BASE_PATH"
	}
	return "did you mean " + route + "?"
}

// nearest finds the route for what stands behind /api; empty where none is near.
func nearest(segments, sources []string) string {
	if len(segments) == 0 || segments[0] == "" {
		return ""
	}
	names := append([]string{"telemetry", "devices", "ingest"}, sources...)
	name := settings.Nearest(segments[0], names)
	for _, known := range names {
		if strings.EqualFold(known, segments[0]) {
			name = known
		}
	}
	last := segments[len(segments)-1]
	switch {
	case name == "devices", name == "" && len(segments) > 1 && settings.Nearest(last, []string{"telemetry"}) != "":
		return device
	case name == "telemetry":
		return telemetry
	case name == "ingest":
		return ingest
	case name == "":
		return ""
	}
	return "/api/" + name
}

// lacksID tells whether a path names no device.
func lacksID(segments []string) bool {
	return len(segments) == 1 || len(segments) == 2 && strings.EqualFold(segments[1], "telemetry")
}

func isAPI(segment string) bool { return strings.EqualFold(segment, "api") }

// isVersion tells whether a segment is one as in /v1/telemetry.
func isVersion(s string) bool {
	return len(s) > 1 && len(s) < 4 && (s[0] == 'v' || s[0] == 'V') && strings.Trim(s[1:], "0123456789") == ""
}

// Clause gives what the sender of a request that is not served probably meant, to be put
// behind what is wrong.
func Clause(path string, sources []string) string {
	if hint := For(path, sources); hint != "" {
		return "; " + hint
	}
	return ""
}

// Builtin gives the names of built-in sources: those of the configuration file are told to
// callers that are known.
func Builtin(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool {
		_, found := transform.BuiltinText(name)
		return !found
	})
}
