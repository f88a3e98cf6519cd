package method

import (
	"net/http"
	"slices"
	"strings"

	"mayfly/function/internal/problem"
)

// Func tells the methods of the route that a request came by.
type Func func(*http.Request) ([]string, error)

// Only is a route whose methods are always the same.
func Only(methods ...string) Func {
	return func(*http.Request) ([]string, error) { return methods, nil }
}

// Device is the route of one device's measurements, which may take them from the query, too.
func Device(query bool) Func {
	if query {
		return Only(http.MethodPost, http.MethodGet)
	}
	return Only(http.MethodPost)
}

// Check refuses a method that the route does not take.
func Check(r *http.Request, methods Func) error {
	allowed, err := methods(r)
	if err != nil || slices.Contains(allowed, r.Method) {
		return err
	}
	return &problem.Error{
		Code:   problem.MethodNotAllowed,
		Allow:  strings.Join(allowed, ", "),
		Detail: "use " + strings.Join(allowed, " or "),
	}
}
