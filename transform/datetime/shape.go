package datetime

import (
	"encoding/json"
	"strings"

	"mayfly/transform/message"
)

// maxShape bounds a shape.
const maxShape = 40

// Shape shows the form of a value that is not a time, without what it says: 9 for each digit, a for each letter. It is
// empty where there is nothing to read: null, an empty text, a boolean, an empty object.
func Shape(value any) string {
	switch v := value.(type) {
	case map[string]any:
		if len(v) == 0 {
			return ""
		}
		return "an object"
	case []any, bool, nil:
		return ""
	case string:
		return shape(strings.TrimSpace(v))
	case json.Number:
		return shape(v.String())
	}
	text, _ := message.NumberText(value)
	return shape(text)
}

func shape(text string) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case b.Len() >= maxShape:
			return b.String() + "..."
		case c >= '0' && c <= '9':
			b.WriteByte('9')
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= 0x80:
			b.WriteByte('a')
		case c < ' ' || c == 0x7f:
			b.WriteByte('?')
		default:
			b.WriteByte(byte(c))
		}
	}
	return b.String()
}
