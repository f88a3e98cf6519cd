package mapping

import (
	"cmp"
	"strings"

	"mayfly/transform/message"
)

// RequestValue is a request as $request shows it.
func RequestValue(r *message.Request) map[string]any {
	query, headers := make(map[string]any, len(r.Query)), make(map[string]any, len(r.Header))
	for name := range r.Query {
		query[name] = r.QueryValue(name)
	}
	for name := range r.Header {
		headers[strings.ToLower(name)] = r.HeaderValue(name)
	}
	return map[string]any{"method": cmp.Or(r.Method, "POST"), "path": r.Path, "query": query, "headers": headers}
}
