package basepath

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// Parse returns a base path as Strip wants it: with a slash in front and none at the end,
// empty for none.
func Parse(text string) (string, error) {
	path := strings.Trim(text, "/")
	if path == "" {
		return "", nil
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "" || segment == "." || segment == ".." || strings.Trim(segment, allowed) != "" {
			return "", errors.New("must be a path of letters, digits and \"-._~$!*'()+\", as in /telemetry or /iot/v1")
		}
	}
	return "/" + path, nil
}

// allowed are the characters of a base path: what API Gateway takes, and what no client
// encodes.
const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~$!*'()+"

// Strip returns a path without a base path. A path that does not begin with it stays as it
// is, since some proxies take it off themselves and probes do not add it; so does one that
// is served as it stands and would not be without it, as /api/telemetry where the base path
// is /api.
func Strip(path, base string) string {
	rest, found := strings.CutPrefix(path, base)
	if base == "" || !found || rest != "" && rest[0] != '/' {
		return path
	}
	if rest == "" {
		rest = "/"
	}
	if Served(path) && !Served(rest) {
		return path
	}
	return rest
}

// Served tells whether a path is of the kind that Mayfly serves.
func Served(path string) bool {
	switch path {
	case "/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/docs":
		return true
	}
	return strings.HasPrefix(path, "/api/")
}

// StripURL is Strip for a URL, which it does not change.
func StripURL(u *url.URL, base string) *url.URL {
	path := Strip(u.Path, base)
	if path == u.Path {
		return u
	}
	stripped := *u
	stripped.Path = path
	if u.RawPath != "" {
		stripped.RawPath = Strip(u.RawPath, base)
	}
	return &stripped
}

// Clean makes one slash of several in the path of a request, as senders write them whose
// base URL ends in one: ServeMux would redirect them, and few follow. It takes the base path
// off, and tells whether the path can be served.
func Clean(r *http.Request, base string) bool {
	if strings.Contains(r.URL.Path, "//") {
		u := *r.URL
		u.Path, u.RawPath = singleSlashes(u.Path), singleSlashes(u.RawPath)
		r.URL = &u
	}
	r.URL = StripURL(r.URL, base)
	escaped := r.URL.EscapedPath()
	return r.Method != http.MethodConnect && strings.HasPrefix(escaped, "/") &&
		path.Clean(escaped) == cmp.Or(strings.TrimSuffix(escaped, "/"), "/")
}

// singleSlashes makes one slash of each run of them.
func singleSlashes(text string) string {
	for strings.Contains(text, "//") {
		text = strings.ReplaceAll(text, "//", "/")
	}
	return text
}
