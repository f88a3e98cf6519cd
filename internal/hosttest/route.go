package hosttest

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// route is a function's HTTP trigger: a template of ASP.NET, as far as function apps use it. Segments are literal,
// {name}, {name?}, {name:rule} or, at the end, {*name}; rules are not checked.
type route struct {
	methods  []string // in upper case; empty: all
	segments []string
}

func newRoute(prefix, template string, methods []string) route {
	r := route{}
	for _, m := range methods {
		r.methods = append(r.methods, strings.ToUpper(m))
	}
	path := strings.Trim(strings.Trim(prefix, "/")+"/"+strings.Trim(template, "/"), "/")
	if path != "" {
		r.segments = strings.Split(path, "/")
	}
	return r
}

// matches reports whether the route is for a request. Another method than the function's does not match: the host then
// answers 404, not 405.
func (r route) matches(method, path string) bool {
	if len(r.methods) > 0 && !slices.Contains(r.methods, method) {
		return false
	}
	path = strings.Trim(path, "/")
	if first, _, _ := strings.Cut(path, "/"); strings.EqualFold(first, "admin") {
		return false // the host answers it
	}
	var parts []string
	if path != "" {
		parts = strings.Split(path, "/")
	}
	for i, segment := range r.segments {
		switch {
		case strings.HasPrefix(segment, "{*"):
			return true
		case i >= len(parts):
			return strings.HasSuffix(segment, "?}") && i == len(r.segments)-1
		case strings.HasPrefix(segment, "{"):
		case !strings.EqualFold(segment, parts[i]):
			return false
		}
	}
	return len(parts) <= len(r.segments)
}

type functionJSON struct {
	Disabled bool `json:"disabled"`
	Bindings []struct {
		Type      string   `json:"type"`
		Direction string   `json:"direction"`
		Name      string   `json:"name"`
		AuthLevel string   `json:"authLevel"`
		Route     *string  `json:"route"`
		Methods   []string `json:"methods"`
	} `json:"bindings"`
}

// readRoutes reads the functions of an app: every directory of its root with a function.json. Functions with other
// triggers are skipped, because a custom handler gets their events in another form.
func readRoutes(tb testing.TB, dir, prefix string) []route {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "function.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var routes []route
	for _, file := range files {
		var f functionJSON
		readJSON(tb, file, &f)
		if f.Disabled || len(f.Bindings) != 2 {
			continue
		}
		trigger, output := f.Bindings[0], f.Bindings[1]
		if !strings.EqualFold(trigger.Type, "httpTrigger") {
			trigger, output = output, trigger
		}
		if !strings.EqualFold(trigger.Type, "httpTrigger") || !strings.EqualFold(output.Type, "http") ||
			trigger.Direction != "in" || output.Direction != "out" {
			continue
		}
		if !slices.Contains([]string{"", "anonymous", "function", "admin"}, trigger.AuthLevel) {
			tb.Fatalf("%s: authLevel %q", file, trigger.AuthLevel)
		}
		template := filepath.Base(filepath.Dir(file))
		if trigger.Route != nil {
			template = *trigger.Route
		}
		routes = append(routes, newRoute(prefix, template, trigger.Methods))
	}
	if len(routes) == 0 {
		tb.Fatalf("%s: no function.json with an httpTrigger and an http output", dir)
	}
	return routes
}
