package transform

import (
	"fmt"

	"github.com/itchyny/gojq"
)

// functions are what payload mapping needs beside jq's own.
func functions() []gojq.CompilerOption {
	return []gojq.CompilerOption{
		// epoch: a timestamp (RFC 3339, or s or ms since 1970) as seconds; null
		// for null and for what is no timestamp.
		gojq.WithFunction("epoch", 0, 0, func(value any, _ []any) any {
			switch value := value.(type) {
			case nil:
				return nil
			case string:
				if t, err := parseTime(value); err == nil {
					return float64(t.UnixNano()) / 1e9
				}
				return nil
			default:
				n, ok := gojq.ToFloat64(value)
				if !ok {
					return fmt.Errorf("epoch cannot be applied to %s", typeName(value))
				}
				if t, err := epoch(n); err == nil {
					return float64(t.UnixNano()) / 1e9
				}
				return nil
			}
		}),
	}
}
