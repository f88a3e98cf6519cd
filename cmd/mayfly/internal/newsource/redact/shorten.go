package redact

import (
	"slices"

	"mayfly/cmd/mayfly/internal/newsource/clue"
	"mayfly/transform/message"
)

// Shorten keeps the first elements of the lists in JSON that is longer than maxBytes.
func Shorten(body []byte, maxBytes int) []byte {
	v, ok := clue.ParseJSON(body)
	if !ok || len(body) <= maxBytes {
		return body
	}
	cut(v, 2)
	if list, isList := v.([]any); isList {
		v = list[:min(len(list), 2)]
	}
	raw, err := message.Marshal(v)
	if err != nil {
		return body
	}
	return raw
}

func cut(v any, n int) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if list, ok := inner.([]any); ok {
				inner = slices.Clone(list[:min(len(list), n)])
				v[name] = inner
			}
			cut(inner, n)
		}
	case []any:
		for _, inner := range v {
			cut(inner, n)
		}
	}
}
