package host

import (
	"encoding/json"
	"net/url"
	"strings"

	"mayfly/function/internal/basepath"
)

// withoutStage takes a named stage off the path. API Gateway puts it there
// even when the client came by a custom domain and never wrote it.
func (e *lambdaEvent) withoutStage(path string) string {
	stage := e.RequestContext.Stage
	if stage == "" || stage == "$default" {
		return path
	}
	rest, found := strings.CutPrefix(path, "/"+stage)
	if !found || rest != "" && rest[0] != '/' {
		return path
	}
	return rest
}

// mapped takes off what a custom domain of API Gateway adds to a path: the base path of
// its mapping and, where the mapping names no stage, the stage. The event does not name
// them. But it has the resource that was matched, as in /{proxy+}, and its parameters,
// and these make the path within the API, which ends the whole one.
func (e *lambdaEvent) mapped(path, resource string) string {
	if !strings.HasPrefix(resource, "/") || basepath.Served(path) && !strings.Contains(path[1:], "/api/") {
		return path // nearly all
	}
	var parameters map[string]string
	_ = json.Unmarshal(e.PathParameters, &parameters) // what cannot be read fills nothing in
	inside, tail, ok := fillIn(resource, parameters)
	if !ok {
		return path
	}
	if rest := without(path, inside); basepath.Served(rest) {
		return rest
	}
	// A resource of an API that has others, too, as in /iot/{proxy+}.
	if rest := without(path, tail); tail != "" && basepath.Served(rest) {
		return rest
	}
	return path
}

// fillIn puts the parameters into a resource. tail is what a last parameter that stands
// for several segments holds, with a slash in front.
func fillIn(resource string, parameters map[string]string) (path, tail string, ok bool) {
	var b strings.Builder
	for segment := range strings.SplitSeq(strings.Trim(resource, "/"), "/") {
		tail = ""
		name, isParameter := strings.CutPrefix(segment, "{")
		if isParameter {
			name, isGreedy := strings.CutSuffix(strings.TrimSuffix(name, "}"), "+")
			if segment, ok = parameters[name]; !ok {
				return "", "", false
			}
			if isGreedy {
				tail = "/" + strings.Trim(segment, "/")
			}
		}
		b.WriteString("/" + strings.Trim(segment, "/"))
	}
	return b.String(), tail, true
}

// without returns a path without what stands before its end, which may be written with or
// without percent-encoding, and with a slash after it. It returns the path where that is
// not its end.
func without(path, end string) string {
	trimmed := strings.TrimRight(path, "/")
	end = strings.TrimRight(end, "/")
	if base, found := strings.CutSuffix(trimmed, end); found {
		return basepath.Strip(path, base)
	}
	plain, err := url.PathUnescape(trimmed)
	if err != nil {
		return path
	}
	if decoded, err := url.PathUnescape(end); err == nil {
		end = decoded
	}
	if base, found := strings.CutSuffix(plain, end); found {
		return basepath.Strip(path, base)
	}
	return path
}
